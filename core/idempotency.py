"""`Idempotency-Key`: whoever sends says by a key that it is the same thing again, and it is done once."""

from typing import Final
from uuid import UUID, uuid5

LONGEST: Final = 255  # characters, as others of this trade take them
_OURS: Final = UUID("6f5f43f6-27c2-4b55-9c06-6b5a2b6f6f11")


class BadKeyError(ValueError):
    """The key is too long or holds what no key holds."""


def key_in(text: str) -> UUID | None:
    """The key that the header holds, None without one. What is no UUID becomes one, always the same.

    Raises BadKeyError.
    """
    text = text.strip().strip('"')
    if not text:
        return None
    if len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise BadKeyError
    try:
        return UUID(text)
    except ValueError:
        return uuid5(_OURS, text)
