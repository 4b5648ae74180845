"""Who keeps the houses with flats in Яворин: companies by district, and societies of owners, each in a street of its
own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from openmap.demo.organisations import Body

NOBODYS: Final = 12  # one in so many houses with flats has no keeper yet
MOST: Final = 14  # houses of one society

_COMPANIES: Final = (
    ("manager", "ТОВ «Управитель Яворин»", "Yavoryn House Management", "office@upravytel.example.org"),
    ("sunny", "Управитель «Сонячний дім»", "Sunny Home Management", "upravytel@dim.example.org"),
    ("old-town", "КП «Житло Старого міста»", "Old Town Housing", "zhytlo@staremisto.example.org"),
    ("forest-home", "ТОВ «Лісовий дім»", "Forest Home Management", "office@lisovyidim.example.org"),
    ("west-home", "ТОВ «Комфорт-Заріччя»", "Zarichchia Comfort Management", "office@komfort.example.org"),
)
COMPANY_OF: Final[Mapping[str, str]] = {
    "stare-misto": "old-town", "lisova-poliana": "forest-home", "vokzalnyi": "manager", "soniachnyi": "sunny",
    "zarichchia": "west-home", "slobidka": "west-home", "honchari": "west-home",
}  # fmt: skip

# Code, name and name in English of societies (ОСББ), by district. The code is also that of the mailbox.
_SOCIETIES: Final = {
    "soniachnyi": (
        ("sunflower", "Соняшник", "Sunflower"), ("promin", "Промінь", "Ray of Light"), ("obrii", "Обрій", "Horizon"),
        ("veselka", "Веселка", "Rainbow"), ("kosmos", "Космос", "Cosmos"), ("mriia", "Мрія", "Dream"),
        ("svitanok", "Світанок", "Dawn"), ("zlahoda", "Злагода", "Concord"), ("lastivka", "Ластівка", "Swallow"),
        ("budivelnyk", "Будівельник", "Builder"), ("nadiia", "Надія", "Hope"), ("zatyshok", "Затишок", "Cosy Home"),
    ),
    "lisova-poliana": (
        ("fir", "Ялинка", "Fir Tree"), ("dubky", "Дубки", "Oaks"), ("berizka", "Берізка", "Birch"),
        ("prolisok", "Пролісок", "Snowdrop"), ("ozerce", "Озерце", "Little Lake"), ("horishok", "Горішок", "Hazelnut"),
        ("sosnovyi-bir", "Сосновий бір", "Pine Grove"), ("bilka", "Білочка", "Squirrel"),
        ("kalyna", "Калина", "Guelder Rose"), ("haliavyna", "Галявина", "Glade"),
    ),
    "stare-misto": (
        ("ratusha", "Ратуша", "Town Hall"), ("vitrazh", "Вітраж", "Stained Glass"),
        ("brama", "Стара брама", "Old Gate"),
        ("balkon", "Балкон на Соборній", "Soborna Balcony"), ("kashtan", "Каштан", "Chestnut"),
        ("oberih", "Оберіг", "Talisman"), ("susidy", "Сусіди", "Neighbours"), ("rodyna", "Родина", "Family"),
        ("lipa", "Стара липа", "Old Linden"), ("arka", "Арка", "Archway"),
    ),
    "vokzalnyi": (
        ("semafor", "Семафор", "Semaphore"), ("zaliznychnyk", "Залізничник", "Railwayman"),
        ("maiak", "Маяк", "Lighthouse"), ("depo", "Депо-7", "Depot 7"), ("turbota", "Турбота", "Care"),
    ),
    "zarichchia": (
        ("nadberezhne", "Надбережне", "Riverside"), ("leleka", "Лелека", "Stork"), ("mist", "Міст", "Bridge"),
    ),
    "slobidka": (("barvinok", "Барвінок", "Periwinkle"), ("kozachok", "Козачок", "Little Cossack")),
    "honchari": (("hlechyk", "Глечик", "Jug"), ("kahlia", "Кахля", "Tile")),
}  # fmt: skip
_MAILBOXES: Final = {"sunflower": "holova@soniashnyk.example.org", "fir": ""}  # one gave no address
_STREETS: Final = {"sunflower": "вул. Сонячна", "fir": "вул. Ялинкова"}  # whose society is told


def _society(code: str, name: str, name_en: str) -> Body:
    mailbox = _MAILBOXES.get(code, f"osbb-{code}@budynky.example.org")
    return Body(code, f"ОСББ «{name}»", f"{name_en} Homeowners", "building", mailbox)


KEEPERS: Final = (
    *(Body(code, name, name_en, "building", mailbox) for code, name, name_en, mailbox in _COMPANIES),
    *(_society(*one) for societies in _SOCIETIES.values() for one in societies),
)


@dataclass(frozen=True, slots=True)
class House:
    """A house with flats: its place among all buildings, district, street and number."""

    order: int
    district: str
    street: str
    number: int


def keepers_of(houses: Sequence[House]) -> dict[int, str]:
    """Place of a house → key of who keeps it; a house that nobody keeps is left out.

    A society keeps the first houses of its street: of one with many, and all of it where _STREETS names the street.
    """
    streets: dict[str, dict[str, list[House]]] = defaultdict(lambda: defaultdict(list))
    for house in houses:
        streets[house.district][house.street].append(house)
    found = {
        house.order: COMPANY_OF[house.district]
        for at, house in enumerate(houses)
        if at % NOBODYS and house.district in COMPANY_OF
    }
    for district, societies in _SOCIETIES.items():
        own = streets[district]
        free = sorted((name for name in own if name not in _STREETS.values()), key=lambda name: (-len(own[name]), name))
        for (code, _name, _name_en), street in zip(societies, _chosen(societies, free), strict=False):
            kept = sorted(own[street], key=lambda house: house.number)
            found |= {house.order: code for house in (kept if code in _STREETS else kept[:MOST])}
    return found


def _chosen(societies: Sequence[tuple[str, str, str]], free: Sequence[str]) -> list[str]:
    """The street of each society: as told, or the next of those with many houses."""
    left = iter(free)
    return [_STREETS.get(code) or next(left) for code, _name, _name_en in societies]
