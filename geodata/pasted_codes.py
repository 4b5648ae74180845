"""Plus Codes (Open Location Code), whole and short."""

import re
from typing import NamedTuple

from openlocationcode import openlocationcode as codes

from geodata.boxes import Corner

EXACT = 10  # digits that a code of about 14 m has; one with fewer is a square of 275 m or more
# Cyrillic letters that look like letters of codes, from the wrong keyboard.
_TWINS = str.maketrans("СНРХМВсрхм", "CHPXMBcpxm")
_DIGITS = "23456789CFGHJMPQRVWX"
_CODE = re.compile(rf"([{_DIGITS}0]{{2,8}}\+[{_DIGITS}]{{0,7}})(?:[\s,]+(.*))?", re.IGNORECASE | re.DOTALL)


class Code(NamedTuple):
    """A code as it was written, and the words after it."""

    code: str
    locality: str


def code_in(text: str) -> Code | None:
    """The code that a text begins with; None for other texts."""
    first, *rest = text.strip().split(maxsplit=1)
    found = _CODE.fullmatch(" ".join([first.rstrip(",").translate(_TWINS), *rest]))
    if not found or not codes.isValid(found[1]):
        return None
    return Code(found[1].upper(), (found[2] or "").strip(" ,"))


def is_short(code: Code) -> bool:
    """True when the code means a place only near some other place."""
    return bool(codes.isShort(code.code))


def is_rough(code: Code) -> bool:
    """True when the code is no place but a square of hundreds of metres."""
    digits = code.code.replace("+", "").rstrip("0")
    missing = 8 - code.code.index("+") if is_short(code) else 0
    return len(digits) + missing < EXACT


def place_of(code: Code, *, near: Corner) -> Corner:
    """(lon, lat) of the middle of the code's square; a short one is the nearest of its kind to `near`."""
    whole = codes.recoverNearest(code.code, near[1], near[0]) if is_short(code) else code.code
    area = codes.decode(whole)
    return float(area.longitudeCenter), float(area.latitudeCenter)


def code_of(place: Corner) -> str:
    """The whole code of a place, about 14 m."""
    return str(codes.encode(place[1], place[0]))
