"""Rules by which people miswrite streets, each with a name; what they make is the same for the same seed."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import translitua


@dataclass(frozen=True, slots=True)
class Named:
    """A street of the register: its type as a word, its name, and the former name or ""."""

    kind: str
    name: str
    former: str = ""

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed who meant the street. `has_kind`: with its type, so another type is wrong."""

    rule: str
    text: str
    meant: Named
    has_kind: bool


SHORTEST = 5  # letters of a word that a slip happens to
_ROWS = ("йцукенгшщзхї", "фівапролджє", "ячсмитьбю")
_LATIN = dict(zip("асеіорхуАВСЕНІКМОРТХ", "aceiopxyABCEHIKMOPTX", strict=True))
_APOSTROPHES = "'’ʼ`"
_FORMS = {
    "вулиця": ("вул.", "вул", "ул.", "в."), "провулок": ("пров.", "пер.", "провул."), "шосе": ("шоссе", "ш."),
    "проспект": ("просп.", "пр-т", "пр."), "бульвар": ("бул.", "бульв.", "б-р"), "площа": ("пл.", "площадь"),
    "проїзд": ("пр-д", "проезд"), "узвіз": ("узв.", "спуск"), "набережна": ("наб.",), "алея": ("ал.",),
    "лінія": ("лін.",), "тупик": ("туп.",),
}  # fmt: skip
_RUSSIAN_KINDS = {
    "вулиця": "улица", "провулок": "переулок", "площа": "площадь", "шосе": "шоссе", "узвіз": "спуск", "алея": "аллея",
    "проїзд": "проезд", "набережна": "набережная", "лінія": "линия",
}  # fmt: skip
_RUSSIAN_ENDINGS = (
    ("івська", "овская"), ("івка", "овка"), ("ська", "ская"), ("цька", "цкая"), ("зька", "зская"), ("ський", "ский"),
    ("цький", "цкий"), ("зький", "зский"), ("ний", "ный"), ("вий", "вый"),
)  # fmt: skip
_RUSSIAN_LETTERS = str.maketrans("іїєґІЇЄҐ", "ииегИИЕГ")
_LAYOUT = dict(zip("йцукенгшщзхїфівапролджєячсмитьбю'", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", strict=True))
Rule = Callable[[Named, random.Random], str | None]


def _word_of(name: str, rng: random.Random) -> re.Match[str] | None:
    """A word long enough for a slip."""
    words = [found for found in re.finditer(r"[^\W\d_]+", name) if len(found.group()) >= SHORTEST]
    return rng.choice(words) if words else None


def _slip(name: str, rng: random.Random, slip: Callable[[str, int], str]) -> str | None:
    """The name with one word changed past its first letter."""
    found = _word_of(name, rng)
    if not found:
        return None
    word = found.group()
    changed = slip(word, rng.randrange(1, len(word) - 1))
    return None if changed == word else name[: found.start()] + changed + name[found.end() :]


def dropped(street: Named, rng: random.Random) -> str | None:
    """A letter is missing: Хрещаик."""
    return _slip(street.name, rng, lambda word, at: word[:at] + word[at + 1 :])


def doubled(street: Named, rng: random.Random) -> str | None:
    """A letter is there twice: Хреещатик."""
    return _slip(street.name, rng, lambda word, at: word[:at] + word[at] + word[at:])


def swapped(street: Named, rng: random.Random) -> str | None:
    """Two letters change places: Хрещтаик."""
    return _slip(street.name, rng, lambda word, at: word[:at] + word[at + 1] + word[at] + word[at + 2 :])


def next_key(street: Named, rng: random.Random) -> str | None:
    """The key beside was hit: Хрещвтик."""

    def slip(word: str, at: int) -> str:
        row = next((row for row in _ROWS if word[at] in row), "")
        key = row.find(word[at])
        beside = row[max(0, key - 1) : key] + row[key + 1 : key + 2]
        return word[:at] + rng.choice(beside) + word[at + 1 :] if beside else word

    return _slip(street.name, rng, slip)


def two_slips(street: Named, rng: random.Random) -> str | None:
    """A letter is missing and two others changed places, in a name of eight letters and more."""
    if len(street.name) < 8:
        return None
    once = dropped(street, rng)
    return swapped(Named(street.kind, once), rng) if once else None


def latin_inside(street: Named, rng: random.Random) -> str | None:
    """Half of the letters that have a Latin twin are Latin ones."""
    places = [at for at, char in enumerate(street.name) if char in _LATIN]
    chosen = set(rng.sample(places, max(1, len(places) // 2))) if places else set()
    return "".join(_LATIN[char] if at in chosen else char for at, char in enumerate(street.name)) if chosen else None


def apostrophe(street: Named, rng: random.Random) -> str | None:
    """Another of the apostrophes, or none."""
    if not re.search(f"[{_APOSTROPHES}]", street.name):
        return None
    return re.sub(f"[{_APOSTROPHES}]", rng.choice(["", *_APOSTROPHES]), street.name)


def russian(street: Named, rng: random.Random) -> str | None:
    """Russian type, endings and letters; words that differ otherwise stay."""
    words = []
    for word in street.name.split():
        ours, theirs = next(((ours, theirs) for ours, theirs in _RUSSIAN_ENDINGS if word.endswith(ours)), ("", ""))
        words.append(word[: len(word) - len(ours)] + theirs)
    text = " ".join(words).translate(_RUSSIAN_LETTERS)
    return f"{_RUSSIAN_KINDS.get(street.kind, street.kind)} {text}" if text != street.name else None


def short_kind(street: Named, rng: random.Random) -> str | None:
    """The type in one of its short forms, before the name."""
    forms = _FORMS.get(street.kind)
    return f"{rng.choice(forms)} {street.name}" if forms else None


def kind_at_end(street: Named, rng: random.Random) -> str | None:
    """The type after the name, whole or short; a single letter after a number would be that of a house."""
    forms = [form for form in _FORMS.get(street.kind, ()) if len(form) > 2 or not street.name[-1].isdigit()]
    return f"{street.name} {rng.choice((street.kind, *forms))}"


def bare(street: Named, rng: random.Random) -> str | None:
    """In small letters, without the type."""
    return street.name.lower()


def other_order(street: Named, rng: random.Random) -> str | None:
    """The words of the name in another order."""
    words = street.name.split()
    return " ".join([*words[1:], words[0]]) if len(words) > 1 and not re.search(r"\d", street.name) else None


def initial(street: Named, rng: random.Random) -> str | None:
    """Of a name of two words the second is an initial: Стуса В."""
    words = street.name.split()
    is_person = len(words) == 2 and all(word[0].isupper() and len(word) > 3 for word in words)
    return f"{words[0]} {words[1][0]}." if is_person else None


def transliterated(street: Named, rng: random.Random) -> str | None:
    """In Latin letters, as the state writes them."""
    return str(translitua.translit(street.name))


def other_layout(street: Named, rng: random.Random) -> str | None:
    """Typed while the English layout was on: [htofnbr."""
    return "".join(_LAYOUT.get(char, char) for char in street.name.lower())


def former(street: Named, rng: random.Random) -> str | None:
    """The former name; not a working title of planners («Проектна - 13111»)."""
    return street.former if street.former and not re.search(r"\d{3}", street.former) else None


RULES: dict[str, tuple[Rule, bool]] = {
    "letter dropped": (dropped, False), "letter doubled": (doubled, False), "letters swapped": (swapped, False),
    "neighbour key": (next_key, False), "two slips": (two_slips, False), "Latin twins inside": (latin_inside, False),
    "apostrophe": (apostrophe, False), "Russian spelling": (russian, True), "type abbreviated": (short_kind, True),
    "type at the end": (kind_at_end, True), "type missing": (bare, False), "word order": (other_order, False),
    "initial": (initial, False), "Latin letters": (transliterated, False), "other layout": (other_layout, False),
    "former name": (former, False),
}  # fmt: skip
PARTIAL = "beginning only"


def misspelt(streets: Sequence[Named], count: int, *, seed: int) -> Iterator[Typed]:
    """So many, the rules in turn, each on a street that it can change; no street twice by one rule."""
    rng = random.Random(seed)
    names = sorted(street.name.lower() for street in streets)
    orders = {rule: rng.sample(streets, len(streets)) for rule in (*RULES, PARTIAL)}
    made = 0
    while made < count and any(orders.values()):
        for rule, left in orders.items():
            typed = None
            while left and typed is None and made < count:
                typed = _typed(rule, left.pop(), names, rng)
            if typed:
                made += 1
                yield typed


def _typed(rule: str, street: Named, names: list[str], rng: random.Random) -> Typed | None:
    if rule == PARTIAL:
        text = shortest_beginning(street.name.lower(), names)
        return Typed(rule, text, street, has_kind=False) if text else None
    make, has_kind = RULES[rule]
    made = make(street, rng)
    return Typed(rule, made, street, has_kind=has_kind) if made else None


def shortest_beginning(name: str, names: Sequence[str]) -> str | None:
    """At least four letters, so many that no other name begins so; None when there are none."""
    for length in range(4, len(name)):
        begins = name[:length]
        if len({other for other in names if other.startswith(begins)}) == 1:
            return begins
    return None
