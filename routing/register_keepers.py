"""Keepers of things, by ЄДРПОУ or by name: organisations that are known, and those that a register brings."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from django.db import connection

from accounts.models import Organisation
from geodata.problems import Outcome, Problem
from routing.register_rows import AssetRow
from routing.register_values import MAX_KEEPER

_QUOTES = re.compile("[«»“”„\"']")
_APOSTROPHES = re.compile("[’`‘ʼ]")
_WORDS = re.compile(r"[\w']+")
# What is said of many bodies tells none from another.
_FORMS = frozenset(
    _WORDS.findall(
        "осбб тов кп пп прат пат фоп з і та комунальне приватне підприємство товариство компанія організація "
        "управління управитель міське міської ради об'єднання співвласників багатоквартирного будинку обмеженою "
        "відповідальністю"
    )
)
STEM = 4  # letters at the beginning of a word
ALIKE = 0.6  # share of the letters that stand in the same order in both names
_LOCK = 0x6B656570  # “keep”: any number, the same for every import


def same_name(name: str) -> str:
    """A name without the differences that nobody means: quotes, apostrophes, capital letters, spaces."""
    return " ".join(_QUOTES.sub(" ", _APOSTROPHES.sub("'", name).casefold()).split())


def could_be(name: str, other: str) -> bool:
    """Whether two names may be one body: a telling word, an abbreviation or most letters are the same."""
    one, two = _WORDS.findall(same_name(name)), _WORDS.findall(same_name(other))
    telling, telling_too = ([word for word in words if word not in _FORMS] for words in (one, two))
    if not telling or not telling_too or set(map(_stem, telling)) & set(map(_stem, telling_too)) - {""}:
        return True
    if _abbreviations(one) & set(two) or _abbreviations(two) & set(one):
        return True
    return SequenceMatcher(None, "".join(telling), "".join(telling_too), autojunk=False).ratio() >= ALIKE


def _stem(word: str) -> str:
    """What two forms of a word have in common: «Липа», «Липи»; "" for a number, of which every list has some."""
    return "" if word.isdigit() else word[: max(3, min(STEM, len(word) - 1))]


def _abbreviations(words: Sequence[str]) -> set[str]:
    """First letters of two words and more that stand together: «жео» of a «житлово-експлуатаційна організація»."""
    letters = "".join(word[0] for word in words)
    ends = range(2, len(letters) + 1)
    return {letters[start:end] for end in ends for start in range(end - 1) if letters[start:end] not in _FORMS}


@dataclass(slots=True)
class Keepers:
    """Who keeps each row: an organisation that is known, or one that has to be made."""

    by_row: dict[str, int | str] = field(default_factory=dict)  # key → organisation's id, or the name of a new one
    new: dict[str, str] = field(default_factory=dict)  # name → ЄДРПОУ or ""
    problems: list[Problem] = field(default_factory=list)


def keepers_of(rows: Sequence[AssetRow]) -> Keepers:
    """Looks every keeper up, first by ЄДРПОУ, then by name. What contradicts itself is refused or noted.

    Organisations are of all communities, so imports of different ones wait for each other here until they commit:
    two never make the same organisation twice. Needs a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    search = _Search(Organisation.objects.order_by("-pk").values_list("pk", "name", "edrpou"))
    for row in rows:
        if row.keeper or row.edrpou:
            search.place(row)
    return search.found


def make(new: dict[str, str]) -> dict[str, int]:
    """The organisations of those names, made where they are missing. Returns ids by these names.

    One that somebody typed at this very moment is taken by its code.
    """
    made = [Organisation(name=name, edrpou=edrpou or None) for name, edrpou in sorted(new.items())]
    Organisation.objects.bulk_create(made, ignore_conflicts=True)
    by_name = dict(Organisation.objects.filter(name__in=new).values_list("name", "pk"))
    by_code = dict(Organisation.objects.filter(edrpou__in=filter(None, new.values())).values_list("edrpou", "pk"))
    return {name: by_name.get(name) or by_code[edrpou] for name, edrpou in new.items()}


def names(organisations: Iterable[int]) -> list[str]:
    """Names of these organisations, sorted."""
    return list(Organisation.objects.filter(pk__in=list(organisations)).order_by("name").values_list("name", flat=True))


class _Search:
    """Who is known, and who was met in the file so far."""

    def __init__(self, known: Iterable[tuple[int, str, str | None]]) -> None:
        self.found = Keepers()
        self.by_code: dict[str, tuple[int | str, str]] = {}  # ЄДРПОУ → id (or name of a new one), name
        self.by_name: dict[str, tuple[int | str, str]] = {}  # name without differences → id (or name), ЄДРПОУ
        self.told: set[tuple[str, str]] = set()
        for pk, name, edrpou in known:
            self._remember(pk, name, edrpou or "")

    def place(self, row: AssetRow) -> None:
        """Finds the keeper of one row, or makes a new one of it."""
        name = same_name(row.keeper)
        if row.edrpou in self.by_code:
            who, official = self.by_code[row.edrpou]
            if name and same_name(official) not in (name, same_name(_with_code(row))):
                if name in self.by_name:
                    self._tell(row, "keeper_conflict", official, outcome=Outcome.REFUSED)
                    return
                if not could_be(row.keeper, official):
                    self._tell(row, "keeper_differs", official, outcome=Outcome.REFUSED)
                    return
                self._tell(row, "keeper_spelled", official)
            self.found.by_row[row.key] = who
        elif name in self.by_name:
            who, code = self.by_name[name]
            is_namesake = bool(code and row.edrpou)  # another code, or the row's would have been found
            self.found.by_row[row.key] = self._namesake(row, code) if is_namesake else who
            if row.edrpou and not code and isinstance(who, str):
                self._remember(who, who, row.edrpou)
                self.found.new[who] = row.edrpou
        elif row.keeper:
            self.found.by_row[row.key] = self._new(row.keeper, row.edrpou)
        else:
            self._tell(row, "unknown_edrpou", outcome=Outcome.REFUSED)

    def _namesake(self, row: AssetRow, other: str) -> str:
        """There may be a «Мрія» in every city, and names are unique here: its code tells it from the others."""
        self._tell(row, "keeper_namesake", other)
        return self._new(_with_code(row), row.edrpou)

    def _new(self, name: str, edrpou: str) -> str:
        self.found.new[name] = edrpou
        self._remember(name, name, edrpou)
        return name

    def _remember(self, who: int | str, name: str, edrpou: str) -> None:
        self.by_name[same_name(name)] = who, edrpou
        if edrpou:
            self.by_code[edrpou] = who, name

    def _tell(self, row: AssetRow, kind: str, known: str = "", *, outcome: Outcome = Outcome.NOTED) -> None:
        """Once of each name and code: a register repeats them in every row."""
        about = (same_name(row.keeper), row.edrpou)
        if outcome is Outcome.NOTED and about in self.told:
            return
        self.told.add(about)
        details = {"edrpou": row.edrpou, "keeper": row.keeper, "known": known}
        self.found.problems.append(Problem(kind, outcome, feature=row.feature, code=row.key, details=details))


def _with_code(row: AssetRow) -> str:
    """The name of a body that has a namesake."""
    ending = f" ({row.edrpou})"
    return row.keeper[: MAX_KEEPER - len(ending)] + ending
