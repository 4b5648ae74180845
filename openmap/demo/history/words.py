"""Words of residents and of services: put together of phrases that were written by hand, one file for each kind."""

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("words")
COMMON: Final = "common"
CARELESS: Final = 0.14  # share of those who write in a hurry
SHORT: Final = 0.2  # of those who write one sentence
TRIES: Final = 40
DAYS: Final = ("у понеділок", "у вівторок", "у середу", "у четвер", "у п’ятницю", "учора", "позавчора", "зранку")
HURRIED: Final = (
    ("’", "'"), ("щоб", "шоб"), ("будь ласка", "будьласка"), ("взагалі", "вобще"), ("ще", "єще"), ("що ", "шо "),
    ("тому що", "бо"), ("немає", "нема"), ("вже", "уже"), ("зупинці", "остановці"), ("подвір’ї", "дворі"),
    ("контейнери", "мусорники"), ("дуже", "очень"), (" — ", " "), ("під’їзді", "підїзді"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words, or the name of a scene. `about`: what they are about, where a kind of problem is many things; the first of
    them may be an answer to the question of the kind."""

    text: str
    about: tuple[str, ...] = ()

    @classmethod
    def of(cls, line: str) -> "Phrase":
        """A line of a file: “tiles+kerb| words”, or words only."""
        about, bar, text = line.partition("|")
        return cls(text.strip(), tuple(about.split("+"))) if bar else cls(line)

    def fits(self, opening: "Phrase") -> bool:
        """Whether it is about the same."""
        return not set(self.about).isdisjoint(opening.about)


@cache
def phrases(kind: str, what: str) -> tuple[Phrase, ...]:
    """`what`: say, more (a report); accept, start, finish, reject, ask, told, refuse (its answers); scenes, mended
    (photos of it). What a kind does not say itself, every kind says."""
    own = _read(kind).get(what, []) if kind in kinds_told() else []
    lines = own or _read(COMMON).get(what, [])
    return tuple(Phrase.of(line) for line in lines)


@cache
def fitting(kind: str, what: str, opening: Phrase) -> tuple[Phrase, ...]:
    """Those that are about the same as the opening of the report; where there are none, those about anything."""
    found = phrases(kind, what)
    same = tuple(phrase for phrase in found if phrase.fits(opening))
    loose = tuple(phrase for phrase in found if not phrase.about)
    if what == "more":
        return same + loose
    return same or loose or tuple(Phrase.of(line) for line in _read(COMMON).get(what, []))


def scene_for(kind: str, what: str, opening: Phrase, chance: random.Random) -> str:
    """The scene of a photo of that, or "" when nobody would photograph it."""
    fits = fitting(kind, what, opening)
    return chance.choice(fits).text if fits else ""


@cache
def _read(name: str) -> dict[str, list[str]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def kinds_told() -> frozenset[str]:
    """Codes of the kinds that have words."""
    return frozenset(file.stem for file in FOLDER.glob("*.toml")) - {COMMON}


class Teller:
    """Puts words together, and never says the same twice."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def report(self, kind: str, opening: Phrase, *, street: str, chance: random.Random, is_again: bool = False) -> str:
        """What a resident writes."""
        return self._fresh(lambda: _report(kind, opening, street, chance, is_again=is_again))

    def answer(self, kind: str, do: str, opening: Phrase, *, street: str, chance: random.Random) -> str:
        """What an organisation writes when it does that; the question of “ask”, the reason of “reject”."""
        return self._fresh(lambda: _answer(kind, do, opening, street, chance))

    def common(self, what: str, *, street: str, chance: random.Random) -> str:
        """Words that fit every kind."""
        return _filled(chance.choice(_read(COMMON)[what]), street, chance)

    def _fresh(self, tell: Callable[[], str]) -> str:
        for _try in range(TRIES):
            text = tell()
            if text not in self._said:
                break
        self._said.add(text)
        return text


def _report(kind: str, opening: Phrase, street: str, chance: random.Random, *, is_again: bool) -> str:
    common = _read(COMMON)
    parts = [opening.text]
    if is_again:
        parts.append(chance.choice(common["again"]))
    elif chance.random() < 0.12:
        parts[0] = chance.choice(common["hello"]) + parts[0][:1].lower() + parts[0][1:]
    if is_again or chance.random() > SHORT:
        fits = fitting(kind, "more", opening)
        parts += [phrase.text for phrase in chance.sample(fits, k=min(len(fits), chance.choice((1, 1, 1, 2))))]
        if chance.random() < 0.45:
            parts.append(chance.choice(common["since"]))
        if chance.random() < 0.5:
            parts.append(chance.choice(common["end"]))
    text = _filled(" ".join(parts), street, chance)
    return _hurried(text, chance) if chance.random() < CARELESS else text


def _answer(kind: str, do: str, opening: Phrase, street: str, chance: random.Random) -> str:
    common, fits = _read(COMMON), fitting(kind, do, opening)
    text = chance.choice(fits).text
    if do == "accept":
        text = chance.choice((text, chance.choice(common["accept"])))
    if do == "finish" and chance.random() < 0.55:
        text += " " + chance.choice(common["finished"])
    elif do in ("reject", "accept") and chance.random() < 0.35:
        text += " " + chance.choice(common[f"{do}ed"])
    return _filled(text, street, chance)


def _filled(text: str, street: str, chance: random.Random) -> str:
    """Numbers, days and places in the gaps of a phrase."""
    while "{" in text:
        before, _, rest = text.partition("{")
        gap, _, after = rest.partition("}")
        text = before + _gap(gap, street, chance) + after
    return text


def _gap(gap: str, street: str, chance: random.Random) -> str:
    """`{2-9}` is a number, `{2-9 день/дні/днів}` a number of something, `{one/other}` one of these, `{street}` the
    street, `{day}` a day, `{hour}` a time."""
    if gap == "street":
        return street
    if gap == "day":
        return chance.choice(DAYS)
    if gap == "hour":
        return f"{chance.randint(7, 21)}:{chance.choice(('00', '15', '30', '45'))}"
    span, _, forms = gap.partition(" ")
    least, dash, most = span.partition("-")
    if not (dash and least.isdecimal()):
        return chance.choice(gap.split("/"))
    number = chance.randint(int(least), int(most))
    return f"{number} {_form(number, forms.split('/'))}" if forms else str(number)


def _form(number: int, forms: Sequence[str]) -> str:
    """The noun after a number: of one, of two to four, of more."""
    tens, ones = number % 100, number % 10
    if tens in range(11, 15) or ones == 0 or ones > 4:
        return forms[2]
    return forms[0] if ones == 1 else forms[1]


def _hurried(text: str, chance: random.Random) -> str:
    """As people write on the way to the bus."""
    for fine, quick in chance.sample(HURRIED, k=4):
        text = text.replace(fine, quick, 1)
    if chance.random() < 0.4:
        text = text.removesuffix(".")
    if chance.random() < 0.3:
        text = text[:1].lower() + text[1:]
    if chance.random() < 0.1:
        text += chance.choice(("!!!", "!!", "…", " ???"))
    return text
