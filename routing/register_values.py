"""Values of a feature or of a row of a table: what a city writes there, and what it writes where it knows nothing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any

from geodata.candidates import text_of
from geodata.features import Feature
from geodata.problems import Outcome, Problem, RefusedError

MAX_KEY, MAX_NAME, MAX_NUMBER, MAX_KEEPER = 100, 200, 60, 200  # characters, as in the models
MAX_ATTRIBUTES, MAX_ATTRIBUTE, MAX_ATTRIBUTE_NAME = 40, 500, 60
EDRPOU = re.compile(r"[0-9]{6,8}")
PERSONAL = re.compile(r"[0-9]{9,10}")  # a person's tax number has ten digits; a table program drops a zero before them
ENTRANCES = range(1, 201)
_WEIGHTS = range(1, 8)
_WEIGHTS_OF_345 = (7, *range(1, 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Names of the properties that say what a thing is; "" where the file says nothing of it."""

    key: str
    name: str = ""
    number: str = ""
    keeper: str = ""
    edrpou: str = ""
    entrances: str = ""
    attributes: tuple[str, ...] | None = ()  # others that are kept; None: all

    @property
    def silent(self) -> frozenset[str]:
        """Of what the file has no word: name, number, keeper, entrances, attributes."""
        given = {
            "name": self.name,
            "number": self.number,
            "keeper": self.keeper or self.edrpou,
            "entrances": self.entrances,
            "attributes": self.attributes is None or self.attributes,
        }
        return frozenset(fact for fact, named in given.items() if not named)

    @property
    def used(self) -> tuple[str, ...]:
        """The properties that have a place of their own in a register."""
        return (self.key, self.name, self.number, self.keeper, self.edrpou, self.entrances)

    def left_out(self, properties: Iterable[str]) -> list[str]:
        """Those of the properties of which nothing is kept."""
        if self.attributes is None:
            return []
        return [name for name in properties if name not in self.used and name not in self.attributes]


def optional(feature: Feature, wanted: str, limit: int) -> str:
    """The property as text; "" when it was not asked for, or has no letter and no digit: «-» stands for nothing.

    Raises RefusedError.
    """
    value = feature.properties.get(wanted) if wanted else None
    if value is None or (isinstance(value, str) and not any(map(str.isalnum, value))):
        return ""
    return text_of(feature, wanted, limit)


def edrpou_of(feature: Feature, wanted: str) -> tuple[str, list[Problem]]:
    """Eight digits, or "", and what is to be noted; a table program drops the zeros with which old codes begin.

    The tax number of a person is left out: it is nobody's business here. Raises RefusedError for other texts.
    """
    text = optional(feature, wanted, 20)
    if not text.strip("0"):
        return "", []
    if PERSONAL.fullmatch(text):
        return "", [Problem("personal_code", Outcome.NOTED)]
    if not EDRPOU.fullmatch(text):
        raise RefusedError("bad_edrpou", edrpou=text)
    code = text.zfill(8)
    if code[-1] == check_digit(code):
        return code, []
    return code, [Problem("edrpou_digit", Outcome.NOTED, details={"edrpou": code})]


def check_digit(code: str) -> str:
    """The digit in which a ЄДРПОУ code that begins with these seven ends.

    The register's rule, as uk.wikipedia.org/wiki/Код_ЄДРПОУ and stdnum.ua.edrpou have it: a sum with the weights 1 to 7
    (7, 1 to 6 for codes from 30000000 to 59999999), modulo 11; when that is 10, once more with weights larger by two,
    and then 10 is written as 0.
    """
    weights = _WEIGHTS_OF_345 if code[0] in "345" else _WEIGHTS
    for more in (0, 2):
        rest = sum((weight + more) * int(digit) for weight, digit in zip(weights, code, strict=False)) % 11
        if rest < 10:
            break
    return str(rest % 10)


def entrances_of(feature: Feature, wanted: str) -> int | None:
    """How many there are; None where nothing is said. Raises RefusedError."""
    text = optional(feature, wanted, 20)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) in ENTRANCES):
        raise RefusedError("bad_entrances", entrances=text)
    return int(text)


def attributes_of(feature: Feature, fields: Fields) -> dict[str, Any]:
    """The other properties that are kept, as they are: short plain values only."""
    if fields.attributes == ():
        return {}
    used = fields.used
    wanted: Iterable[str] = feature.properties if fields.attributes is None else fields.attributes
    chosen = ((name, feature.properties.get(name)) for name in wanted if name not in used)
    plain = ((_storable(name)[:MAX_ATTRIBUTE_NAME], _plain(value)) for name, value in chosen)
    return dict(islice(((name, value) for name, value in plain if value is not None), MAX_ATTRIBUTES))


def _plain(value: Any) -> str | float | None:
    """A short text, a number, yes or no, as JSON keeps them; None for the rest."""
    if isinstance(value, str):
        text = _storable(value).strip()
        return text if text and len(text) <= MAX_ATTRIBUTE else None
    if isinstance(value, bool | int):
        return value if abs(value) < 10**18 else None
    return value if isinstance(value, float) and isfinite(value) else None


def _storable(text: str) -> str:
    """Without what PostgreSQL keeps in no JSON: NUL and halves of characters."""
    return text.encode("utf-8", "ignore").decode().replace("\0", "")
