"""Latitude and longitude as people and programs write them: decimal degrees, degrees with minutes and seconds, UTM."""

import re
from typing import NamedTuple

import pyproj
from pyproj.exceptions import ProjError

MOST = 120  # characters of degrees; map programs copy a third as many

# Words for the four sides, the longest first, as N, S, E, W. Single letters stand alone or beside a number.
_SIDES = (
    ("N", r"північн\w* ?широт\w*|пн\.? ?ш(?:ир)?\.?|с\.? ?ш\.|с\.ш|північ|пн\.?|north|n"),
    ("S", r"південн\w* ?широт\w*|пд\.? ?ш(?:ир)?\.?|ю\.? ?ш\.|ю\.ш|південь|пд\.?|south|s"),
    ("E", r"східн\w* ?довгот\w*|сх\.? ?д(?:овг)?\.?|в\.? ?д\.|в\.д|схід|сх\.?|east|e"),
    ("W", r"західн\w* ?довгот\w*|зх\.? ?д(?:овг)?\.?|з\.? ?д\.|з\.д|захід|зх\.?|west|w"),
)
_WORDS = tuple((side, re.compile(rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])")) for side, words in _SIDES)
_LATITUDE = re.compile(r"(?<![^\W\d_])(?:latitude|lat|широта|ш)(?![^\W\d_])[.:=]?")
_LONGITUDE = re.compile(r"(?<![^\W\d_])(?:longitude|long|lng|lon|довгота|долгота|д)(?![^\W\d_])[.:=]?")
_MARKS = str.maketrans("º˚′’‘ʹʼ`´″”“„ʺ−–\u00a0\u202f\u200e\t\n\r", "°°" + "'" * 7 + '"' * 5 + "--" + " " * 6)
_WORDY = (
    (re.compile(r"(?<=\d) ?(?:градус\w*|град\.?|degrees?|deg\.?)"), "°"),
    (re.compile(r"(?<=\d) ?(?:мінут\w*|хвилин\w*|хв\.?|минут\w*|мин\.?|minutes?|min\.?)"), "'"),
    (re.compile(r"(?<=\d) ?(?:секунд\w*|сек\.?|seconds?|sec\.?)"), '"'),
    (re.compile("''"), '"'),
)
_TOKEN = re.compile(r"""\s*([+-]?\d{1,9}(?:\.\d{1,20})?|[°'"NSEWYX,;/|])""")
_LETTERS, _BETWEEN = frozenset("NSEWYX"), frozenset(",;/|")
_COMMA = re.compile(r"(\d),(\d)")
_UTM = re.compile(r"(\d{1,2})\s*([C-HJ-NP-X])\s+(\d{6})(?:\.\d+)?\s*(?:M\s*)?E?[\s,]+(\d{5,8})(?:\.\d+)?\s*(?:M\s*)?N?")


class Degrees(NamedTuple):
    """Two angles in degrees, in the order of the text. `is_ordered`: the text says which is which, and they are
    latitude and longitude; else that is only usual."""

    latitude: float
    longitude: float
    is_ordered: bool


class _Angle(NamedTuple):
    value: float
    side: str  # N, S, E or W; Y for some latitude, X for some longitude; "" when the text does not say
    is_marked: bool  # has a sign of degrees, a side, or a fraction: no number of a house


class _NoAngleError(ValueError):
    """The text is something else."""


def degrees_in(text: str) -> Degrees | None:
    """The two angles of a text that is nothing but coordinates; None for any other text. They may be out of range."""
    if len(text) > MOST or not any(char.isdecimal() for char in text):
        return None
    if utm := _from_utm(text):
        return utm
    try:
        first, second = _angles(_tokens(_plain(text)))
    except _NoAngleError:
        return None
    if not (first.is_marked or second.is_marked):
        return None
    return _ordered(first, second)


def _plain(text: str) -> str:
    """The same with one spelling of each mark, and letters for the sides."""
    plain = text.strip().strip("()[]{}").translate(_MARKS).lower()
    for pattern, mark in _WORDY:
        plain = pattern.sub(mark, plain)
    for side, pattern in _WORDS:
        plain = pattern.sub(side, plain)
    plain = _LONGITUDE.sub("X", _LATITUDE.sub("Y", plain))
    return _with_points(plain)


def _with_points(text: str) -> str:
    """Points for decimal commas: «49,2331 28,4682» has two, «49.2331,28.4682» has none."""
    if "." in text:
        return text
    found = _COMMA.findall(text)
    has_other_separator = bool(re.search(r",\s|\s,|[;/|]|\d\s+-?\d|[NSEW°'\"]", text))
    if len(found) == 2 or (found and has_other_separator) or re.fullmatch(r"\s*-?\d+,\d+,-?\d+,\d+\s*", text):
        return re.sub(r"(\d),(\d+)(?:,(?=-?\d+,\d))?", r"\1.\2 ", text)
    return text


def _tokens(text: str) -> list[str]:
    """Numbers, marks, sides and separators. Raises _NoAngleError for any other character."""
    found, at = [], 0
    text = text.rstrip(" .")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise _NoAngleError
        found.append(match[1])
        at = match.end()
    return found


def _angles(tokens: list[str]) -> tuple[_Angle, _Angle]:
    """Exactly two angles. Raises _NoAngleError."""
    numbers = [token for token in tokens if token[-1].isdigit()]
    halves = _halves(tokens, len(numbers))
    return _angle(halves[0]), _angle(halves[1])


def _halves(tokens: list[str], numbers: int) -> tuple[list[str], list[str]]:
    """The tokens of each angle: apart by a separator, or by how many numbers there are."""
    if numbers not in (2, 4, 6):
        raise _NoAngleError
    at = seen = 0
    for at, token in enumerate(tokens):  # noqa: B007  the place is used after the loop
        seen += token[-1].isdigit()
        if seen > numbers // 2:
            break
    first, second = tokens[:at], tokens[at:]
    leads = tokens[0] in _LETTERS
    while first and (first[-1] in _BETWEEN or (leads and first[-1] in _LETTERS and len(first) > 1)):
        second = [first.pop(), *second]
    separators = [part for part in second if part in _BETWEEN]
    if len(separators) > 1 or any(part in _BETWEEN for part in first):
        raise _NoAngleError
    return first, [part for part in second if part not in _BETWEEN]


def _angle(tokens: list[str]) -> _Angle:
    """One angle out of its numbers, marks and side. Raises _NoAngleError."""
    sides = [part for part in tokens if part in _LETTERS]
    rest = [part for part in tokens if part not in _LETTERS]
    numbers = [token for token in rest if token[-1].isdigit()]
    marks = "".join(token for token in rest if not token[-1].isdigit())
    if len(sides) > 1 or not numbers or not "°'\"".startswith(marks) or (marks and len(marks) > len(numbers)):
        raise _NoAngleError
    whole, *parts = numbers
    if any(part[0] in "+-" or float(part) >= 60 for part in parts) or any("." in part for part in numbers[:-1]):
        raise _NoAngleError
    value = abs(float(whole)) + sum(float(part) / 60**power for power, part in enumerate(parts, start=1))
    side = sides[0] if sides else ""
    is_negative = whole.startswith("-") != (side in ("S", "W") and not whole.startswith("-"))
    if len(parts) == 1 and not (marks or side):
        raise _NoAngleError  # «49 13.9 28 28.1» may be anything
    return _Angle(-value if is_negative else value, side, bool(marks or side or "." in numbers[-1] or len(parts) == 2))


def _ordered(first: _Angle, second: _Angle) -> Degrees | None:
    """By their sides, when at least one is said; None when they contradict each other."""
    ways = ["Y" if angle.side in ("N", "S", "Y") else "X" if angle.side else "" for angle in (first, second)]
    if ways[0] and ways[0] == ways[1]:
        return None
    if ways == ["", ""]:
        return Degrees(first.value, second.value, is_ordered=False)
    if ways[0] == "X" or ways[1] == "Y":
        first, second = second, first
    return Degrees(first.value, second.value, is_ordered=True)


def _from_utm(text: str) -> Degrees | None:
    """A zone, its band, metres to the east and to the north, on WGS 84."""
    found = _UTM.fullmatch(text.strip().upper())
    if not found or not 1 <= int(found[1]) <= 60:
        return None
    code = (32600 if found[2] >= "N" else 32700) + int(found[1])
    try:
        way = pyproj.Transformer.from_crs(f"EPSG:{code}", "OGC:CRS84", always_xy=True)
        lon, lat = way.transform(float(found[3]), float(found[4]))
    except ProjError:
        return None
    return Degrees(lat, lon, is_ordered=True)
