"""Names of streets and numbers of houses as they are compared: whatever the spelling, the language and the keyboard."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import translitua

MAX_SEARCH = 2000  # characters, as in geodata.models.Street
KEPT = 20_000  # names whose words a process remembers: the streets of a city are compared again and again
MAX_TYPED = 150  # characters of what a person types that are looked at

_APOSTROPHES: Final = re.compile("[’'`‘ʼ´′\"«»“”„]")
_SPACES: Final = re.compile(r"[^\w/-]+|(?<!\w)-|-(?!\w)|_+")
# Letters that look alike on both keyboards. Only a word that has letters of ours too is written with them.
_TWINS: Final = str.maketrans("abcehikmoptxyi", "авсенікмортхуі")
# One letter for those that Russian and Ukrainian, or hurried fingers, take for each other.
_FOLDED: Final = str.maketrans("ыіїэєёґ", "иииееег", "ъь")
_ENDINGS: Final = {"ская": "ска", "ая": "а", "яя": "я", "ый": "ий", "ой": "ий", "ов": "ив", "ев": "ив"}
_NUMBER: Final = re.compile(r"\d{1,4}[^\W\d_]?(?:к\d{1,3})?(?:/\d{1,4}[^\W\d_]?)?(?:-\d{1,4})?")
_POSTCODE: Final = re.compile(r"\d{5}")
_INSIDE: Final = re.compile(
    r"(?<![\w-])(?:кв(?:артира)?|під(?:їзд)?|подїзд|подъезд|оф(?:іс)?|flat|apt)\.? ?\d+[^\W\d_]?(?!\w)"
)
_PART: Final = re.compile(r"(?<!\w)(\d+[^\W\d_]?) ?(?:корпус|корп|кор|к)\.? ?(\d+)(?!\w)")
_LETTER: Final = re.compile(r"(?<!\w)(\d+(?:/\d+)?)[ -]?([^\W\d_])(?![\w'])")

# How types of streets are written: first the spelling that stands for all of them.
_SPELLINGS: Final = """
вул вулиця вулиці вулицю ул улица улице улицы street st str vul vulytsia
просп проспект проспекту проспекте пр пр-т пр-кт прт avenue ave prosp prospekt
пров провулок провулку провул прв пер переулок переулке lane prov provulok
бул бульв бульвар бульварі бульвара б-р boulevard blvd bul bulvar
пл площа площі площу площадь площади square ploshcha
шосе шоссе highway
узвіз узвозі узв спуск спуске uzviz descent
проїзд проїзді проезд прзд пр-д proizd
тупик туп
майдан майдані maidan
набережна набережній набережная наб
алея алеї алею ал аллея alley
лінія лінії лін линия
дорога дорозі
"""
TYPES: Final = {word: line.split()[0] for line in _SPELLINGS.strip().splitlines() for word in line.split()}
_USUAL: Final = frozenset({"вул", "пров", "просп", "бул"})  # types that are nobody's name
# A letter with a point, where no type is written out.
_SHORT: Final = {"в": "вул", "у": "вул", "ш": "шосе"}
# What the keys of an English keyboard write on ours.
_LAYOUT: Final = str.maketrans("qwertyuiop[]asdfghjkl;'zxcvbnm,.`\\", "йцукенгшщзхїфівапролджєячсмитьбю'ґ")
_NOT_NAMES: Final = """
буд будинок дом д house no м місто город с село смт селище обл область р-н район громада тг україна украина
"""
_NOISE: Final = frozenset(_NOT_NAMES.split())
# Words of streets that differ too much to be found by their letters: Russian:Ukrainian.
_TRANSLATIONS: Final = """
мира:миру победы:перемоги независимости:незалежності железнодорожная:залізнична первомайская:першотравнева
октябрьская:жовтнева советская:радянська строителей:будівельників героев:героїв солнечная:сонячна
цветочная:квіткова восточная:східна западная:західна северная:північна южная:південна сентября:вересня
октября:жовтня ноября:листопада декабря:грудня января:січня февраля:лютого марта:березня апреля:квітня
мая:травня июня:червня июля:липня августа:серпня юности:юності учителей:вчителів весенняя:весняна
осенняя:осіння летняя:літня зеленая:зелена тихая:тиха дружбы:дружби труда:праці красная:червона белая:біла
черная:чорна мельничная:млинова кирпичная:цегельна ткацкая:ткацька рыночная:ринкова родниковая:джерельна
вишневая:вишнева огородная:городня пекарская:пекарська аптекарская:аптекарська пограничная:прикордонна
лесная:лісова речная:річна соборная:соборна украинская:українська киевская:київська школьная:шкільна
молодежная:молодіжна луговая:лугова каменная:кам'яна береговая:берегова рыбацкая:рибальська казацкая:козацька
"""
_RUSSIAN: Final = dict(pair.split(":") for pair in _TRANSLATIONS.split())


@dataclass(frozen=True, slots=True)
class Sought:
    """One way to read what a person typed: words of a name, a type of street or "", a number or ""."""

    words: tuple[str, ...]
    kind: str
    number: str
    typed: str = ""  # the name as it was typed, in small letters
    other_layout: bool = False  # read as if the other keyboard had been on

    @property
    def text(self) -> str:
        return " ".join(self.words)


def search_text(names: list[str]) -> str:
    """What a street with these names is found by: their words, folded, and the first name in Latin letters."""
    folded = [" ".join(words_of(name)) for name in names]
    latin = " ".join(words_of(translitua.translit(names[0]))) if names else ""
    return " ".join(dict.fromkeys([*folded, latin]))[:MAX_SEARCH].strip()


@lru_cache(maxsize=KEPT)
def kind_of(name: str) -> str:
    """The type of street that a name says, "" for none."""
    return next((TYPES[word] for word in plain(name).split() if word in TYPES), "")


def words_of(name: str) -> list[str]:
    """The folded words of a name without types of streets; all of them when it has no others."""
    return list(_words_of(name))


@lru_cache(maxsize=KEPT)
def _words_of(name: str) -> tuple[str, ...]:
    words = _numbers_joined(plain(name)).split()
    named = _without_types([word for word in words if word not in _NOISE])
    return tuple(folded(part) for word in named or words for part in _parts(word))


def _without_types(words: list[str]) -> list[str]:
    """Without the types of streets; with one where it is the name: «площа» alone, «вул. Набережна», «Лінія 5»."""
    named = [word for word in words if word not in TYPES]
    if any(word[0].isalpha() for word in named):
        return named
    types = [at for at, word in enumerate(words) if word in TYPES]
    kept = next((at for at in types if TYPES[words[at]] not in _USUAL), types[0] if types else -1)
    return [word for at, word in enumerate(words) if at == kept or word not in TYPES]


def _parts(word: str) -> list[str]:
    """The words that hyphens join: «Квітки-Основʼяненка»; a number with its ending stays whole."""
    return word.split("-") if not any(char.isdigit() for char in word) else [word]


def folded(word: str) -> str:
    """A word as it is compared: in Ukrainian, in letters that nobody takes for others."""
    word = _RUSSIAN.get(word.replace("ё", "е"), word)
    for ending, ours in _ENDINGS.items():
        if word.endswith(ending) and len(word) > len(ending) + 2:
            word = word.removesuffix(ending) + ours
            break
    return _APOSTROPHES.sub("", word).translate(_FOLDED) or word


def number_key(number: str) -> str:
    """A house number as it is compared: “12-А”, “12 A” and “12а” are “12а”, “12 корп. 2” is “12к2”."""
    return _numbers_joined(plain(number)).replace(" ", "")[:30]


def sought_in(text: str) -> list[Sought]:
    """The ways to read a text, the likelier first: «8 Березня 12» is a house, «8 Березня» a street or a house 8.

    A text without a letter of ours is read as if the other layout of the keyboard had been on as well.
    """
    typed = text[:MAX_TYPED].casefold()
    ways = _ways(typed)
    if any(ord(char) in _LAYOUT for char in typed) and not any("а" <= char <= "я" or char in "іїєґё" for char in typed):
        other = typed.translate(_LAYOUT)
        ways += [replace(way, other_layout=True) for way in _ways(other)]
    return ways


def _ways(text: str) -> list[Sought]:
    words = _numbers_joined(_INSIDE.sub(" ", plain(text))).split()
    said = [word for at, word in enumerate(words) if not _is_noise(words, at)]
    kind = next((TYPES[word] for word in said if word in TYPES), "")
    short = next((at for at in (0, -1) if len(said) > 1 and said[at] in _SHORT), None)
    ways = _read(said, kind)
    if short is not None and not kind:  # «в. Садова», and «В. Стуса»
        letter = said.pop(short)
        ways = [*_read(said, _SHORT[letter]), *ways]
    return ways


def _is_noise(words: list[str], at: int) -> bool:
    """True for what is no part of a street; a letter at the end is no «село» but a name that begins so."""
    word = words[at]
    is_last = at > 0 and at == len(words) - 1
    return _POSTCODE.fullmatch(word) is not None or (word in _NOISE and not (is_last and len(word) == 1))


def _read(said: list[str], kind: str) -> list[Sought]:
    named = _without_types(said)
    kept = [word for word in named if word in TYPES]
    if kept:  # «вул.» alone names nothing, «Площа» may be a street, «вул. Набережна» is one
        types = [word for word in said if word in TYPES]
        types.remove(kept[0])
        kind = TYPES[types[0]] if types else ""
    numbers = [place for place, word in enumerate(named) if _NUMBER.fullmatch(word)]
    ways = [_way([word for at, word in enumerate(named) if at != place], kind, named[place])
            for place in reversed(numbers)]  # fmt: skip
    ways = [way for way in ways if any(word[0].isalpha() for word in way.words)]
    whole = _way(named, kind, "")
    if numbers == [0] and len(named) > 1:
        return [whole, *ways]
    return [*ways, whole] if whole.words else ways


def _way(words: list[str], kind: str, number: str) -> Sought:
    return Sought(tuple(folded(part) for word in words for part in _parts(word)), kind, number, " ".join(words))


@lru_cache(maxsize=KEPT)
def plain(text: str) -> str:
    """Small letters of one keyboard, apart by single spaces; marks only inside words."""
    cleaned = _SPACES.sub(" ", _APOSTROPHES.sub("", text.casefold().replace("№", " ")))
    return " ".join(_one_keyboard(word) for word in cleaned.split())


def _one_keyboard(word: str) -> str:
    is_ours = any("а" <= char <= "я" or char in "іїєґё" for char in word)
    return word.translate(_TWINS) if is_ours else word


def _numbers_joined(plain: str) -> str:
    whole = _PART.sub(r"\1к\2", plain)
    return _LETTER.sub(lambda found: found[1] + found[2].translate(_TWINS), whole)
