"""What an address may look like, by the kind of channel: said before anything is asked there."""

from base64 import b64decode
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

SSH_PORT: Final = 22
LOW_PORTS: Final = 1024
KEY_KINDS: Final = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


class BadAddressError(ValueError):
    """Nothing can be sent there. `code`: a key of `address_refusal_in_words`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """A folder on a server, and as whom."""

    host: str
    port: int
    user: str
    steps: tuple[str, ...]
    is_absolute: bool

    def path(self, folder: str, name: str = "") -> str:
        """The path on that server."""
        path = "/".join([*self.steps, folder, *([name] if name else [])])
        return f"/{path}" if self.is_absolute else path


def check_address(kind: str, address: str) -> None:
    """Raises BadAddressError when this is no address of that kind of channel."""
    if kind == "email":
        try:
            validate_email(address)
        except ValidationError as error:
            raise BadAddressError("email") from error
    elif kind == "folder":
        folder_steps(address)
    elif kind == "sftp":
        place_in(address)
    elif not address.startswith(("https://", "http://")):
        raise BadAddressError("web")


def folder_steps(address: str) -> tuple[str, ...]:
    """The steps of a path. Raises BadAddressError for what could lead elsewhere."""
    parts = PurePosixPath(address).parts
    if not parts or not address.isprintable() or "\\" in address or any(part.startswith((".", "/")) for part in parts):
        raise BadAddressError("folder")
    return parts


def place_in(address: str) -> Place:
    """sftp://user@host[:port]/folder: a folder of the user; sftp://user@host//folder: one from the root of the server.

    Raises BadAddressError.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or SSH_PORT
    except ValueError as error:
        raise BadAddressError("sftp") from error
    rest = parts.query or parts.fragment or parts.password is not None
    if parts.scheme != "sftp" or not parts.hostname or not parts.username or rest or not address.isprintable():
        raise BadAddressError("sftp")
    if port != SSH_PORT and port < LOW_PORTS:
        raise BadAddressError("ssh_port")
    path = unquote(parts.path.removeprefix("/"))
    steps = folder_steps(path.removeprefix("/"))
    return Place(parts.hostname, port, unquote(parts.username), steps, path.startswith("/"))


def host_key_in(text: str) -> tuple[str, str]:
    """Kind and base64 of a server's public key as ssh-keyscan prints it, with or without the name before it.

    Raises BadAddressError.
    """
    words = text.split()
    at = next((index for index, word in enumerate(words[:-1]) if word in KEY_KINDS), None)
    if at is None:
        raise BadAddressError("host_key")
    try:
        b64decode(words[at + 1], validate=True)
    except ValueError as error:
        raise BadAddressError("host_key") from error
    return words[at], words[at + 1]


def address_refusal_in_words(code: str) -> str:
    """Why nothing can be sent there, for the person who typed it."""
    return {
        "email": _("This is no e-mail address. Example: roads@example.org"),
        "web": _("The address begins with https://. Example: https://example.org/hook"),
        "plain": _("Use https://: messages hold links by which reports are answered."),
        "folder": _("Name a folder by its steps, without “..” and without a slash before the first. Example: roads/in"),
        "root": _("This installation allows no folders: its operator has to set MISTO_DROP_ROOT."),
        "sftp": _("Write sftp://user@server/folder, without a password. Example: sftp://misto@example.org/misto"),
        "ssh_port": _("Use port 22 or one from 1024 on."),
        "host_key": _("Paste the server's public key as ssh-keyscan prints it. Example: ssh-ed25519 AAAA…"),
        "secret": _("The server needs a password or a private key."),
        "private_key": _("This private key cannot be read: it is of another kind, or has a password of its own."),
    }[code]
