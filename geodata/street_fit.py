"""How well what was typed fits the names of a street, word by word."""

from dataclasses import dataclass
from functools import lru_cache

import translitua

from geodata.models import Street
from geodata.street_words import KEPT, Sought, kind_of, plain, words_of
from geodata.word_distance import closeness

EXACT, CLOSE, LEAST = 0.97, 0.78, 0.62  # how well words fit
_MATCHED = 0.7  # a word of the name that was typed, if with slips
_BEGINNING, _SLIPPED_BEGINNING, _SLIPPED = 0.95, 0.85, 0.98
_LETTER = 0.3  # what an initial weighs beside a whole word
_BEYOND, _DOUBLED, _OTHER_KIND, _FORMER, _LATIN, _OTHER_LAYOUT = 0.03, 0.1, 0.04, 0.005, 0.01, 0.02
_AS_TYPED = 0.05  # for a name that begins so, letter for letter


@dataclass(frozen=True, slots=True)
class Fit:
    """A street that may be meant, and how well it fits: 1 is exact."""

    street: Street
    score: float
    number: str
    former: str


def fit_of(street: Street, way: Sought) -> Fit:
    """How well the words fit the names of the street, best of them."""
    best, former = _score(way, street.name, street), ""
    for name in street.former_names:
        score = _score(way, name, street) - _FORMER
        if score > best:
            best, former = score, name
    beside = list(street.other_names)
    if any(word[0].isascii() and word[0].isalpha() for word in way.words):
        beside.append(_in_latin(street.name))
    for name in beside:
        score = _score(way, name, street) - _LATIN
        if score > best:
            best, former = score, ""
    return Fit(street, best - _OTHER_LAYOUT * way.other_layout, way.number, former)


@lru_cache(maxsize=KEPT)
def _in_latin(name: str) -> str:
    return str(translitua.translit(name))


def _score(way: Sought, name: str, street: Street) -> float:
    """From 0 to 1: each word that was typed beside the best of the name, less for what the name has beyond them."""
    words = words_of(name)
    known = [*words, *words_of(street.locality)] if street.locality else words
    if not known or not way.words:
        return 0.0
    pairs = [[_pair(typed, word) for word in known] for typed in way.words]
    weights = [_LETTER if len(typed) == 1 and typed.isalpha() else 1.0 for typed in way.words]
    fits = sum(weight * max(row) for weight, row in zip(weights, pairs, strict=True)) / sum(weights)
    left = sum(all(row[at] < _MATCHED for row in pairs) for at in range(len(words)))
    # «8 Березня» is not house 8 of it, nor «Набережна 13-та» house 13.
    doubled = way.number != "" and any(_pair(way.number, word) for word in words if word[0].isdigit())
    other_kind = bool(way.kind) and way.kind != kind_of(name)
    score = fits - _BEYOND * left - _DOUBLED * doubled - _OTHER_KIND * other_kind
    if fits < 1 and _named(name).startswith(way.typed):
        score = min(score + _AS_TYPED, EXACT - 0.01)
    return max(0.0, score)


def _named(name: str) -> str:
    """The name in small letters as it is written, without its type."""
    words = plain(name).split()
    kind = kind_of(name)
    return " ".join(words[1:] if kind and len(words) > 1 and kind_of(words[0]) == kind else words)


def _pair(typed: str, known: str) -> float:
    """How well one word that was typed fits one of a name."""
    if typed == known:
        return 1.0
    if not typed.isalpha():
        is_ordinal = known.startswith(typed) and not known[len(typed) :][:1].isdigit()
        return _BEGINNING if is_ordinal else 0.0
    if known.startswith(typed):
        return _BEGINNING
    if len(known) > len(typed) + 1 and len(typed) >= 4:
        return max(_SLIPPED * closeness(typed, known), _SLIPPED_BEGINNING * closeness(typed, known[: len(typed)]))
    return _SLIPPED * closeness(typed, known)
