"""Folders on the organisation's own server, over SFTP. The server must show the very key that an administrator wrote
down (`host_key` of the channel's settings); its address is judged as every other that is asked (core.outward).
"""

import socket
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from typing import Any, Final

import paramiko

from core.outward import OutwardRefusedError, resolve_host
from routing.carrier import channel_in
from routing.channel_addresses import BadAddressError, Place, host_key_in, place_in
from routing.channel_secrets import secrets_of
from routing.drops import DropFailedError, Found, GoneError, as_failure, put
from routing.models import Channel

SECONDS: Final = 20.0  # for each step of an exchange
MOST_LISTED: Final = 5000  # entries of a folder that are looked at
PRIVATE_KEY: Final = "-----BEGIN"
RSA: Final = ("rsa-sha2-512", "rsa-sha2-256")  # signatures by a key of the kind ssh-rsa
KEYS: Final[tuple[type[paramiko.PKey], ...]] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class SftpFolder:
    """`routing.drops.Drop` on another server. Raises DropFailedError when it is made and in everything it does."""

    def __init__(self, channel: Channel, address: str) -> None:
        try:
            self._place = place_in(address)
        except BadAddressError as bad:
            raise DropFailedError("no such folder can be used", permanent=True) from bad
        self._transport = _connected(self._place)
        try:
            with _failures():
                _meet(self._transport, str(channel.settings.get("host_key", "")))
                _sign_in(self._transport, self._place.user, secrets_of(channel))
                self._sftp = _opened(self._transport)
        except BaseException:
            self._transport.close()
            raise

    def write(self, folder: str, name: str, data: bytes) -> None:
        unfinished = self._place.path(folder, f".{name}.part")
        with _failures():
            self._make(folder)
            with self._sftp.open(unfinished, "wb") as file:
                file.write(data)
            if self._sftp.stat(unfinished).st_size != len(data):  # what fails while a file is closed is told nowhere
                raise DropFailedError("the server did not keep the whole file")
            self._replace(unfinished, self._place.path(folder, name))

    def files(self, folder: str) -> list[Found]:
        found: list[Found] = []
        with _failures():
            self._make(folder)
            for told in islice(self._sftp.listdir_iter(self._place.path(folder)), MOST_LISTED):
                if stat.S_ISREG(told.st_mode or 0):
                    moment = datetime.fromtimestamp(told.st_mtime or 0, tz=UTC)
                    found.append(Found(told.filename, told.st_size or 0, moment))
        return found

    def read(self, folder: str, name: str, *, most: int) -> bytes:
        with _failures(), self._sftp.open(self._place.path(folder, name), "rb") as file:
            return file.read(most)

    def move(self, folder: str, name: str, to: str) -> None:
        with _failures():
            self._make(to)
            self._replace(self._place.path(folder, name), self._place.path(to, name))

    def close(self) -> None:
        """Signs out."""
        self._transport.close()

    def _make(self, folder: str) -> None:
        """The folder and those above it, where they are missing."""
        whole = self._place.path(folder).split("/")
        for length in range(1, len(whole) + 1):
            path = "/".join(whole[:length])
            if path and not self._is_there(path):
                self._sftp.mkdir(path)

    def _is_there(self, path: str) -> bool:
        try:
            self._sftp.stat(path)
        except FileNotFoundError:
            return False
        return True

    def _replace(self, was: str, now: str) -> None:
        """In one step where the server can; else the old file goes first, and for a moment there is none."""
        try:
            self._sftp.posix_rename(was, now)
        except OSError:
            self._sftp.stat(was)  # before anything goes: it is there
            with suppress(FileNotFoundError):
                self._sftp.remove(now)
            self._sftp.rename(was, now)


def send_by_sftp(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
    """Writes one message into the folder of its channel. Raises SendingFailedError."""
    channel = channel_in(payload)
    try:
        drop = SftpFolder(channel, recipient)
    except DropFailedError as failed:
        raise as_failure(failed) from failed
    try:
        put(drop, payload, key)
    finally:
        drop.close()


def private_key(text: str) -> paramiko.PKey:
    """The private key of any kind that is in use. Raises ValueError."""
    for kind in KEYS:
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(StringIO(text))
    raise ValueError("no private key")


def _connected(place: Place) -> paramiko.Transport:
    try:
        address = resolve_host(place.host, place.port)
    except OutwardRefusedError as refused:
        raise DropFailedError(f"not asked: {refused.code}", permanent=refused.code != "unknown") from refused
    with _failures():
        connection = socket.create_connection((str(address), place.port), timeout=SECONDS)
        transport = paramiko.Transport(connection)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = SECONDS
    return transport


def _meet(transport: paramiko.Transport, pinned: str) -> None:
    """Greets a server that shows the key that was written down, and no other."""
    try:
        kind, encoded = host_key_in(pinned)
    except BadAddressError:
        raise DropFailedError("the key of the server is not written down", permanent=True) from None
    transport.get_security_options().key_types = RSA if kind == "ssh-rsa" else (kind,)
    transport.start_client(timeout=SECONDS)
    shown = transport.get_remote_server_key()
    if (shown.get_name(), shown.get_base64()) != (kind, encoded):
        raise DropFailedError("the server shows another key than the one written down", permanent=True)


def _sign_in(transport: paramiko.Transport, user: str, secrets: list[str]) -> None:
    if not secrets:
        raise DropFailedError("there is no password and no key", permanent=True)
    secret = secrets[0]
    try:
        if secret.lstrip().startswith(PRIVATE_KEY):
            transport.auth_publickey(user, private_key(secret))
        else:
            transport.auth_password(user, secret, fallback=False)
    except (paramiko.AuthenticationException, ValueError) as error:
        raise DropFailedError(
            "the server lets us not in: the password or the key is another", permanent=True
        ) from error


def _opened(transport: paramiko.Transport) -> paramiko.SFTPClient:
    sftp = paramiko.SFTPClient.from_transport(transport)
    if sftp is None:
        raise DropFailedError("the server has no SFTP", permanent=True)
    channel = sftp.get_channel()
    if channel is not None:
        channel.settimeout(SECONDS)
    return sftp


@contextmanager
def _failures() -> Iterator[None]:
    """What the network and the other server do wrong. Raises DropFailedError."""
    try:
        yield
    except DropFailedError:
        raise
    except FileNotFoundError as error:
        raise GoneError("FileNotFoundError") from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise DropFailedError(f"{type(error).__name__}: {error}"[:300]) from error
