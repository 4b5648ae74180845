"""Addresses to which letters come back. Each says what the letter was about, and nobody can make one up.

Two kinds, told apart by their first letter. A bounce address (VERP) is the sender on the envelope of every letter and
names the message; a reply address stands in Reply-To and names a secret link (core.tokens), whose right it carries:
it works for as long as the link does. Neither tells the secret of the link. Mail servers may lower the letters of an
address, so both are written in base32.
"""

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings

ID_BYTES: Final = 16


class Kind(StrEnum):
    """What came back, or is meant to."""

    BOUNCE = "b"
    REPLY = "r"


MAC_BYTES: Final = {Kind.BOUNCE: 10, Kind.REPLY: 12}
LONGEST: Final = 1 + -(-(ID_BYTES + max(MAC_BYTES.values())) * 8 // 5)  # characters that take the place of {}


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """What an address of ours names: the key of an outgoing message, or the id of a secret link."""

    kind: Kind
    names: uuid.UUID


def bounce_address(key: uuid.UUID) -> str:
    """The sender on the envelope of that message; "" where the operator set no addresses."""
    return _address(Kind.BOUNCE, key)


def reply_address(token_id: uuid.UUID) -> str:
    """Where the holder of that secret link may answer by e-mail; "" where the operator set no addresses."""
    return _address(Kind.REPLY, token_id)


def replies_are_read() -> bool:
    """Whether letters may invite an answer by e-mail."""
    return bool(settings.REPLY_ADDRESS)


def addresses_in(text: str) -> list[ReturnAddress]:
    """Our addresses in a header, in their order, each once. Forged ones are not among them."""
    if not settings.REPLY_ADDRESS:
        return []
    before, after = settings.REPLY_ADDRESS.split("{}")
    written = re.compile(rf"{re.escape(before)}([a-z2-7]{{20,{LONGEST}}}){re.escape(after)}", re.IGNORECASE)
    found = [_read(match[1].lower()) for match in written.finditer(text)]
    return list(dict.fromkeys(address for address in found if address))


def _address(kind: Kind, names: uuid.UUID) -> str:
    if not settings.REPLY_ADDRESS:
        return ""
    signed = names.bytes + _mac(kind, names, settings.SECRET_KEY)
    written = base64.b32encode(signed).decode().rstrip("=").lower()
    return str(settings.REPLY_ADDRESS).replace("{}", f"{kind}{written}")


def _read(extension: str) -> ReturnAddress | None:
    """What was signed, compared in constant time with every key of the installation."""
    try:
        kind = Kind(extension[:1])
        signed = base64.b32decode(extension[1:].upper() + "=" * (-(len(extension) - 1) % 8))
    except (ValueError, binascii.Error):
        return None
    if len(signed) != ID_BYTES + MAC_BYTES[kind]:
        return None
    names, mac = uuid.UUID(bytes=signed[:ID_BYTES]), signed[ID_BYTES:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    good = [hmac.compare_digest(_mac(kind, names, key), mac) for key in keys]
    return ReturnAddress(kind, names) if any(good) else None


def _mac(kind: Kind, names: uuid.UUID, key: str) -> bytes:
    whole = hmac.new(f"misto return address {kind} {key}".encode(), names.bytes, hashlib.sha256).digest()
    return whole[: MAC_BYTES[kind]]
