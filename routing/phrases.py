"""Words that staff write down, found in what residents type: in any form, with a typing mistake, in surzhyk.

A topic (a danger, a category) has lines, one below another:

    пожежа                 the word in any of its forms
    задимл*                whatever begins so
    =міна                  exactly this form
    пахн*/тхн* газ         all words of the line, at most REACH words apart, in any order; “/” is “or”
    - пожежн* гідрант      what is said here means something else: these words are not looked at

Letters are compared folded: и, і, ї, ы, й are one letter, so are е, є, э, ё; ь, ъ, apostrophes and doubled letters are
left out; Latin letters that look like Cyrillic ones are those. What Ukrainian and Russian spell alike is written once.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

REACH = 6  # words
MOST_WORDS = 800  # of a text that are looked at: more than a report may have
LONGEST_LINE = 500  # characters
SHORTEST_STEM = 3  # letters that are left of a word when its ending is taken off
# From so many letters on a word may have one mistake: a word alone must be longer than one that stands beside others.
MISTAKE_ALONE, MISTAKE_BESIDE = 5, 4
NOT = frozenset({"не"})  # “не горить”: the word after it says the contrary

_WORD = re.compile(r"[^\W\d_]+(?:[ʼ’'`‘´\"*][^\W\d_]+)*")
_APOSTROPHES = re.compile("[ʼ’'`‘´\"*]")
_CYRILLIC = re.compile("[а-яёєіїґ]")
_PREFIX = re.compile(r"\b(?:м[іиi]н[іиi])[-‐‑–](?=\w)", re.IGNORECASE)  # “міні-маркет” is no mine
_LOOKS_LIKE = str.maketrans("aceopxyikmthb", "асеорхуікмтнв")
_FOLDED = str.maketrans(
    {"и": "и", "і": "и", "ї": "и", "ы": "и", "й": "и", "є": "е", "э": "е", "ё": "е", "ґ": "г", "ь": "", "ъ": ""}
)
# Endings of nouns and adjectives, folded.
_ENDINGS = """
а я у ю и е о ою ею ем ом ам ям ами ями ах ях ов ев еи ои ии их им ими ого ого ому ему ая ое ее ую юю ям ию ием ия
"""
ENDINGS = frozenset(_ENDINGS.split()) | {""}
_LONGEST_ENDING = max(map(len, ENDINGS))


class BadLineError(ValueError):
    """A line that says nothing; the argument is the line."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line, folded. `how`: "forms", "begins" or "exact"."""

    stem: str
    how: str

    def fits(self, token: str, *, mistake_from: int) -> bool:
        """Whether a folded word of a text is this one; one mistake is forgiven to long words."""
        if self.how == "exact":
            return token == self.stem
        if token.startswith(self.stem) and (self.how == "begins" or token[len(self.stem) :] in ENDINGS):
            return True
        if len(self.stem) < mistake_from or (token[:2] != self.stem[:2] and token[2:3] not in self.stem[1:4]):
            return False  # quickly: this is asked of every word of a text
        return any(self.how == "begins" or token[end:] in ENDINGS for end in _ends_with_one_mistake(self.stem, token))


Slot = tuple[Word, ...]  # words of which one is enough


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a topic."""

    slots: tuple[Slot, ...]
    is_other: bool = False  # what is said so means something else

    @property
    def mistake_from(self) -> int:
        """Letters from which a word of this line may have a mistake. What means something else must be spelt well."""
        return 99 if self.is_other else MISTAKE_ALONE if len(self.slots) == 1 else MISTAKE_BESIDE


def lines_of(text: str) -> list[Line]:
    """The lines of a topic. Raises BadLineError with the first one that cannot be read."""
    return [_line(line) for line in text.splitlines() if line.strip()]


def readable_lines_of(text: str) -> list[Line]:
    """The same of what is stored, whoever stored it: a line that cannot be read does not take the others along."""
    found = []
    for line in text.splitlines():
        with suppress(BadLineError):
            found += lines_of(line)
    return found


def folded(text: str) -> str:
    """A word in lower case as it is compared: see the top of this file."""
    word = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).lower())
    if _CYRILLIC.search(word):
        word = word.translate(_LOOKS_LIKE)
    return "".join(letter for letter, _same in groupby(word.translate(_FOLDED)))


def tokens_of(text: str) -> list[str]:
    """The words of a text, folded, in their order."""
    return [folded(word) for word in typed_words_of(text)]


def typed_words_of(text: str) -> list[str]:
    """The same words as they were typed."""
    words: list[str] = _WORD.findall(_PREFIX.sub("", unicodedata.normalize("NFKC", text)))
    return words[:MOST_WORDS]


class Lexicon:
    """The lines of several topics, ready to be looked for at once. Immutable; may be shared by threads."""

    def __init__(self, topics: Mapping[str, Sequence[Line]], *, heeds_not: bool = False) -> None:
        self._heeds_not = heeds_not
        self._lines = [(code, line) for code, lines in topics.items() for line in lines]

    @cached_property
    def _by_letter(self) -> dict[str, dict[tuple[Word, int], list[tuple[int, int]]]]:
        """First letter of a word, in which no mistake is forgiven → the word and the letters from which it may have one
        → (number of a line, number of a slot) where it stands."""
        found: dict[str, dict[tuple[Word, int], list[tuple[int, int]]]] = {}
        for number, (_code, line) in enumerate(self._lines):
            for at, slot in enumerate(line.slots):
                for word in slot:
                    places = found.setdefault(word.stem[0], {}).setdefault((word, line.mistake_from), [])
                    places.append((number, at))
        return found

    def found_in(self, text: str) -> dict[str, int]:
        """Code of a topic → how much of it is said: each line counts as many points as it has words."""
        scores: dict[str, int] = {}
        for code, line, _places in self._lines_said(tokens_of(text)):
            scores[code] = scores.get(code, 0) + len(line.slots)
        return scores

    def words_of(self, text: str, code: str) -> list[str]:
        """The words of a text that say something of that topic, in lower case as they were typed, in their order."""
        typed = typed_words_of(text)
        said = self._lines_said([folded(word) for word in typed])
        places = set[int]().union(*(places for topic, _line, places in said if topic == code))
        return list(dict.fromkeys(typed[place].lower() for place in sorted(places)))

    def _lines_said(self, tokens: Sequence[str]) -> Iterator[tuple[str, Line, set[int]]]:
        """Topic, line, and the places of the words that say it for the first time."""
        places = self._places(tokens)
        hidden: dict[str, set[int]] = {}
        for number, where in places.items():
            code, line = self._lines[number]
            if line.is_other:
                hidden.setdefault(code, set()).update(*_said(where, line))
        for number, where in places.items():
            code, line = self._lines[number]
            if line.is_other:
                continue
            said = next(_said(_without(where, hidden.get(code, set())), line), None)
            if said:
                yield code, line, said

    def _places(self, tokens: Sequence[str]) -> dict[int, dict[int, list[int]]]:
        """Number of a line → slot → places of the words that fit it."""
        known: dict[str, list[tuple[int, int]]] = {}
        places: dict[int, dict[int, list[int]]] = {}
        for place, token in enumerate(tokens):
            if not token or (self._heeds_not and place and tokens[place - 1] in NOT):
                continue
            if token not in known:
                known[token] = list(self._fitting(token))
            for number, slot in known[token]:
                places.setdefault(number, {}).setdefault(slot, []).append(place)
        return places

    def _fitting(self, token: str) -> Iterator[tuple[int, int]]:
        for (word, mistake_from), places in self._by_letter.get(token[0], {}).items():
            if word.fits(token, mistake_from=mistake_from):
                yield from places


def _without(where: Mapping[int, Sequence[int]], hidden: Set[int]) -> dict[int, list[int]]:
    return {slot: [place for place in places if place not in hidden] for slot, places in where.items()}


def _said(where: Mapping[int, Sequence[int]], line: Line) -> Iterator[set[int]]:
    """Places of the words with which a text says the line, each time that it does."""
    if len(where) < len(line.slots):
        return
    others = range(1, len(line.slots))
    for first in where[0]:
        near = [[place for place in where[slot] if 0 < abs(place - first) <= REACH] for slot in others]
        chosen = {first, *(min(places, key=lambda place: abs(place - first)) for places in near if places)}
        if len(chosen) == len(line.slots):
            yield chosen


def _line(text: str) -> Line:
    words = text.strip()
    is_other = words.startswith("-")
    slots = [_slot(part, line=text) for part in words.lstrip("-").split()]
    if not slots or len(words) > LONGEST_LINE:
        raise BadLineError(text.strip())
    return Line(tuple(slots), is_other)


def _slot(text: str, *, line: str) -> Slot:
    found = tuple(_word(part) for part in text.split("/") if part)
    if not found or not all(word.stem for word in found):
        raise BadLineError(line.strip())
    return found


@lru_cache(maxsize=8192)
def _word(text: str) -> Word:
    if text.startswith("="):
        return Word(folded(text[1:]), "exact")
    if text.endswith("*"):
        return Word(folded(text[:-1]), "begins")
    return Word(_stem(folded(text)), "forms")


def _stem(word: str) -> str:
    for size in range(_LONGEST_ENDING, 0, -1):
        if word[-size:] in ENDINGS and len(word) - size >= SHORTEST_STEM:
            return word[:-size]
    return word


def _ends_with_one_mistake(right: str, typed: str) -> Iterator[int]:
    """Where `right` may end in `typed` when one letter is too much, swapped with its neighbour, another or missing.

    Short words forgive less: there is always another word that differs in a letter.
    """
    size = len(right)
    at = next((n for n, (one, other) in enumerate(zip(right, typed, strict=False)) if one != other), len(typed))
    if at >= len(typed):
        return
    if right[at:] == typed[at + 1 : size + 1]:
        yield size + 1
    if right[at : at + 2] == typed[at : at + 2][::-1] and right[at + 2 :] == typed[at + 2 : size]:
        yield size
    if size > MISTAKE_BESIDE and len(typed) >= size and right[at + 1 :] == typed[at + 1 : size]:
        yield size
    if size > MISTAKE_BESIDE + 1 and right[at + 1 :] == typed[at : size - 1]:
        yield size - 1
