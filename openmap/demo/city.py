"""Who answers for what in Яворин: kinds of problems and rules. Words are data, so they are Ukrainian."""

from dataclasses import dataclass
from typing import Final

from openmap.demo.keepers import KEEPERS
from openmap.demo.organisations import COUNCIL, NEIGHBOURS_OF_SERVICES, SERVICES, Body

DISTRICTS_CODE: Final = "districts"
DISTRICTS_NAME: Final = "Райони міста"
RESIDENTS: Final = {
    "stare-misto": 27_680, "lisova-poliana": 31_090, "vokzalnyi": 16_610, "soniachnyi": 38_290, "zarichchia": 11_430,
    "slobidka": 15_580, "honchari": 9_320,
}  # fmt: skip
RESIDENTS_IN: Final = 2025


@dataclass(frozen=True, slots=True)
class Kind:
    """A category; `duty` names the organisation that answers in the whole community, or nobody."""

    code: str
    name: str
    name_en: str
    icon: str
    days: int
    duty: str = ""
    hold_new: bool = False
    is_sensitive: bool = False
    register: str = ""  # residents choose one of it
    near: int = 50  # metres within which look-alikes are sought


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule: of some districts or of the whole community, for one category or for any.

    Without a body it is the keeper of what the register has.
    """

    body: str
    districts: tuple[str, ...] = ()
    category: str = ""
    priority: int = 0
    role: str = "responsible"
    register: str = ""
    asks: str = ""  # this, inside or nearest
    within: int | None = None  # metres
    answers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # question → answers that fit
    hours: tuple[str, str] | None = None
    is_of_winter: bool = False  # every year from 1 November to the end of March


BODIES: Final[tuple[Body, ...]] = (*SERVICES, *NEIGHBOURS_OF_SERVICES, *KEEPERS, COUNCIL)
FALLBACK: Final = COUNCIL.key

KINDS: Final = (
    Kind("roads", "Ями й дороги", "Potholes and roads", "road", 7, "roads"),
    Kind("sidewalks", "Тротуари й плитка", "Pavements", "cone", 10, "roads"),
    Kind("manholes", "Люки й колодязі", "Manholes", "manhole", 2, "water", near=20),
    Kind("signs", "Знаки, розмітка, світлофори", "Signs, markings, traffic lights", "signpost", 5, "roads", near=30),
    Kind("lamps", "Вуличне освітлення", "Street lights", "lamp", 5, "light", register="lamps", near=25),
    Kind("waste", "Сміття й контейнери", "Waste bins", "bin", 3),
    Kind("dumps", "Стихійні звалища", "Illegal dumps", "trash", 10, "order"),
    Kind("cleaning", "Прибирання вулиць", "Street cleaning", "brush", 3, "waste"),
    Kind("water", "Водопостачання", "Water supply", "drop", 3, "water"),
    Kind("sewage", "Каналізація й зливостоки", "Sewers and drains", "layers", 3, "water"),
    Kind("heating", "Опалення", "Heating", "flame", 3, "heat"),
    Kind("hot-water", "Гаряча вода", "Hot water", "thermometer", 3, "heat"),
    Kind("power", "Електрика", "Electricity", "bolt", 2, "power", is_sensitive=True),
    Kind("gas", "Газ", "Gas", "alert", 1, "gas"),
    Kind("trees", "Дерева й зелень", "Trees and parks", "tree", 10, "green"),
    Kind("playgrounds", "Дитячі майданчики", "Playgrounds", "swing", 10),
    Kind("benches", "Лавки, урни, фонтани", "Benches, litter bins, fountains", "bench", 10, "green", near=25),
    Kind("transport", "Зупинки й транспорт", "Stops and transport", "bus", 10, "transport"),
    Kind("access", "Безбар’єрність", "Accessibility", "wheel", 15),
    Kind("parking", "Паркування", "Parking", "flag", 5, "order"),
    Kind("kiosks", "Кіоски й реклама", "Kiosks and advertising", "store", 15, "order", near=25),
    Kind("building", "Самовільне будівництво", "Unpermitted building", "hammer", 15, "order"),
    Kind("animals", "Тварини", "Animals", "paw", 2, "animals"),
    Kind("shelters", "Укриття", "Shelters", "shield", 3, "council", hold_new=True, is_sensitive=True),
    Kind("yards", "Під’їзд, дах, двір", "Entrance, roof, yard", "building", 10, register="houses"),
    Kind("lifts", "Ліфти", "Lifts", "arrow-up-down", 2, "lift", register="houses", near=30),
    Kind("snow", "Сніг і ожеледь", "Snow and ice", "snow", 1),
    Kind("other", "Інше", "Something else", "pin", 15),
)

WEST: Final = ("zarichchia", "slobidka", "honchari")
EAST: Final = ("stare-misto", "lisova-poliana", "vokzalnyi", "soniachnyi")
# The first rules of the community know districts only.
DUTIES: Final = (
    Duty("waste", EAST, "waste"),
    Duty("west-waste", WEST, "waste"),
    Duty("west-roads", WEST, "roads"),
    Duty("west-roads", WEST, "sidewalks"),
    Duty("sunny", ("soniachnyi",)),  # whatever no category gives to somebody else
    Duty("roads", category="snow", is_of_winter=True),
)
# The next rules ask the registers as well.
FULL_DUTIES: Final = (
    *DUTIES,
    Duty("", category="yards", register="houses", asks="this"),
    Duty("", category="yards", register="houses", asks="inside", priority=-1),  # when no house was chosen
    Duty("waste", ("stare-misto",), "yards", priority=5, answers=(("where", ("yard",)),)),
    Duty("", category="roads", register="roads", asks="nearest", within=15),
    Duty("", category="signs", register="roads", asks="nearest", within=15),
    Duty("", category="lifts", role="informed", register="houses", asks="this"),
    Duty("", category="lamps", register="lamps", asks="this"),
    Duty("", category="lamps", register="lamps", asks="nearest", within=30, priority=-1),
    Duty("night", category="water", hours=("22:00", "06:00")),
    Duty("night", category="sewage", hours=("22:00", "06:00")),
    Duty("night", category="heating", hours=("22:00", "06:00")),
    Duty("night", category="hot-water", hours=("22:00", "06:00")),
    Duty("council", category="trees", role="informed", register="roads", asks="nearest", within=15,
         answers=(("what", ("fallen",)),)),
)  # fmt: skip
# What the draft changes: roads of Заріччя, and waste of two districts, go to those who serve the rest of the town.
DRAFT_DUTY: Final = Duty("roads", ("zarichchia",), "roads", priority=5)
DRAFT_WASTE: Final = ("waste", ("slobidka", "honchari"))

NEIGHBOUR_KINDS: Final = (
    Kind("roads", "Дороги", "Roads", "road", 10),
    Kind("lamps", "Освітлення", "Street lights", "lamp", 5),
    Kind("power", "Електрика", "Electricity", "bolt", 2, "power"),
    Kind("other", "Інше", "Something else", "pin", 15),
)
