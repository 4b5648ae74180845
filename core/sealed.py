"""Secrets of others that we must be able to use (keys of their interfaces, passwords): kept encrypted, so that a stolen
copy of the database opens nothing. The key is the installation's; after a new one, older ones still open.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class BrokenSealError(ValueError):
    """The text was sealed by a key that this installation no longer has."""


def seal(secret: str) -> str:
    """What may be stored; "" stays ""."""
    return _keys().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """The secret. Raises BrokenSealError."""
    if not sealed:
        return ""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise BrokenSealError from error


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"misto sealed " + key.encode()).digest())
