"""How alike two words are: slips of fingers that type, not letters in common."""

from functools import lru_cache
from typing import Final

LEAST = 0.5  # below it nobody asks how much
_DOUBLED: Final = 0.6  # a letter twice instead of once, or once instead of twice
_BESIDE: Final = 0.8  # the key beside
_ROWS: Final = ("йцукенгшщзхїґ", "фивапролджє", "ячсмитьбю")


@lru_cache(maxsize=50_000)
def closeness(one: str, other: str) -> float:
    """1 for the same word, less for each letter that is missing, too many, another, or has changed places; 0 for
    words that have little in common."""
    longest = max(len(one), len(other))
    if not longest or abs(len(one) - len(other)) > longest * (1 - LEAST):
        return 0.0
    found = 1 - _slips(one, other) / longest
    return found if found >= LEAST else 0.0


def _slips(one: str, other: str) -> float:
    """Damerau's distance (neighbours that changed places are one slip), with cheaper doubles and keys beside."""
    before: list[float] = []
    last = [float(at) for at in range(len(other) + 1)]
    for row, letter in enumerate(one, start=1):
        this = [float(row)]
        twice = _DOUBLED if row > 1 and one[row - 2] == letter else 1.0
        for column, its in enumerate(other, start=1):
            again = _DOUBLED if column > 1 and other[column - 2] == its else 1.0
            best = min(last[column] + twice, this[column - 1] + again, last[column - 1] + _other(letter, its))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == its:
                best = min(best, before[column - 2] + 1.0)
            this.append(best)
        before, last = last, this
    return last[-1]


def _other(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _BESIDE if (one, other) in _NEIGHBOURS else 1.0


_NEIGHBOURS: Final = frozenset(
    pair for row in _ROWS for at in range(len(row) - 1) for pair in ((row[at], row[at + 1]), (row[at + 1], row[at]))
)
