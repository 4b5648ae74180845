"""Signed messages between servers: HMAC-SHA256 over the moment, a dot and the body, by a secret that both know.

While a secret is being replaced, the new one and the old one both sign: a receiver takes a message that any of its own
secrets fits. The moment is signed too, so that a message that somebody kept cannot be sent again later.
"""

import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

TIME: Final = "Misto-Time"  # whole seconds since 1 January 1970, UTC
SIGNATURE: Final = "Misto-Signature"  # v1=64 hexadecimal digits; several with commas between them
TOLERANCE: Final = timedelta(minutes=5)  # by so much the clocks of both may differ, the way between them included
MOST_SIGNATURES: Final = 10  # that are looked at in one header

_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNED = re.compile(r"v1=([0-9a-f]{64})", re.ASCII)


class SignatureRefusedError(ValueError):
    """The message is not taken. `code`: “missing” or “malformed” headers, “stale” (its moment is too far from now), or
    “wrong” (no secret fits)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def new_secret() -> str:
    """A secret to sign by: 43 URL-safe characters, 256 random bits."""
    return randomness.token_urlsafe(32)


def sign(body: bytes, *, secrets: Sequence[str], at: datetime) -> dict[str, str]:
    """The headers that say when the body was sent and by whom: one signature for each secret."""
    moment = str(int(at.timestamp()))
    return {TIME: moment, SIGNATURE: ",".join(f"v1={_digest(body, moment, secret)}" for secret in secrets)}


def verify(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[str], at: datetime, tolerance: timedelta = TOLERANCE
) -> None:
    """Takes the message when any of the secrets signed it no longer than `tolerance` ago. Names of headers in any case.

    Raises SignatureRefusedError.
    """
    given = {name.lower(): value for name, value in headers.items()}
    moment, signature = given.get(TIME.lower(), "").strip(), given.get(SIGNATURE.lower(), "").strip()
    if not moment or not signature:
        raise SignatureRefusedError("missing")
    signed = _SIGNED.findall(signature)[:MOST_SIGNATURES]
    if not _MOMENT.fullmatch(moment) or not signed:
        raise SignatureRefusedError("malformed")
    if abs(at.timestamp() - int(moment)) > tolerance.total_seconds():
        raise SignatureRefusedError("stale")
    ours = [_digest(body, moment, secret) for secret in secrets if secret]
    if not any(hmac.compare_digest(theirs, digest) for theirs in signed for digest in ours):
        raise SignatureRefusedError("wrong")


def _digest(body: bytes, moment: str, secret: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
