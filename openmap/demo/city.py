"""Who answers for what in Яворин: organisations, kinds of problems, rules. Words are data, so they are Ukrainian."""

from dataclasses import dataclass
from typing import Final

DISTRICTS_CODE: Final = "districts"
DISTRICTS_NAME: Final = "Райони міста"


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation with its mailbox."""

    key: str
    name: str
    name_en: str
    icon: str
    address: str


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


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule for some districts; without a category it is for any problem."""

    body: str
    districts: tuple[str, ...]
    category: str = ""
    priority: int = 0


BODIES: Final = (
    Body("water", "КП «Яворинводоканал»", "Yavoryn Water Utility", "drop", "dyspetcher@vodokanal.example.org"),
    Body("heat", "КП «Яворинтеплоенерго»", "Yavoryn Heating", "flame", "dyspetcher@teplo.example.org"),
    Body("power", "Яворинський РЕМ обленерго", "Yavoryn Power Grid", "bolt", "yavoryn@oblenergo.example.org"),
    Body("gas", "Яворинська дільниця газмереж", "Yavoryn Gas Networks", "flame", "104@gas.example.org"),
    Body("light", "КП «Міськсвітло»", "City Lights", "lamp", "lihtari@svitlo.example.org"),
    Body("roads", "КП «Яворинавтодор»", "Yavoryn Roads", "road", "dorohy@avtodor.example.org"),
    Body("west-roads", "КП «Заріччя-шлях»", "Zarichchia Roads", "cone", "zvernennia@shliah.example.org"),
    Body("waste", "КП «Екосервіс-Явір»", "Ecoservice Yavir", "bin", "smittia@ekoservis.example.org"),
    Body("west-waste", "ТОВ «Чисте подвір’я»", "Clean Yard Ltd", "trash", "office@podvirya.example.org"),
    Body("green", "КП «Зеленбуд»", "Parks and Trees", "tree", "dereva@zelenbud.example.org"),
    Body("transport", "КП «Яворинтранс»", "Yavoryn Transport", "bus", "rukh@trans.example.org"),
    Body("animals", "КП «Лапа допомоги»", "Helping Paw", "paw", "lapa@tvaryny.example.org"),
    Body("order", "Інспекція з благоустрою", "Inspection of Public Places", "eye", "inspekciya@yavoryn.example.org"),
    Body("sunny", "Управитель «Сонячний дім»", "Sunny Home Management", "building", "upravytel@dim.example.org"),
    Body("council", "Яворинська міська рада, відділ звернень", "Yavoryn City Council", "petition",
         "zvernennia@yavoryn.example.org"),
)  # fmt: skip
FALLBACK: Final = "council"

KINDS: Final = (
    Kind("roads", "Ями й дороги", "Potholes and roads", "road", 7, "roads"),
    Kind("sidewalks", "Тротуари й плитка", "Pavements", "cone", 10, "roads"),
    Kind("manholes", "Люки й колодязі", "Manholes", "manhole", 2, "water"),
    Kind("lamps", "Вуличне освітлення", "Street lights", "lamp", 5, "light"),
    Kind("waste", "Сміття й контейнери", "Waste bins", "bin", 3),
    Kind("dumps", "Стихійні звалища", "Illegal dumps", "trash", 10, "order"),
    Kind("water", "Водопостачання", "Water supply", "drop", 3, "water"),
    Kind("sewage", "Каналізація й зливостоки", "Sewers and drains", "layers", 3, "water"),
    Kind("heating", "Опалення й гаряча вода", "Heating and hot water", "flame", 3, "heat"),
    Kind("power", "Електрика", "Electricity", "bolt", 2, "power"),
    Kind("gas", "Газ", "Gas", "alert", 1, "gas"),
    Kind("trees", "Дерева й зелень", "Trees and parks", "tree", 10, "green"),
    Kind("playgrounds", "Дитячі майданчики", "Playgrounds", "swing", 10),
    Kind("transport", "Зупинки й транспорт", "Stops and transport", "bus", 10, "transport"),
    Kind("access", "Безбар’єрність", "Accessibility", "wheel", 15),
    Kind("parking", "Паркування", "Parking", "flag", 5, "order"),
    Kind("animals", "Тварини", "Animals", "paw", 2, "animals"),
    Kind("shelters", "Укриття", "Shelters", "shield", 3, "council", hold_new=True),
    Kind("yards", "Двори й під’їзди", "Yards and entrances", "building", 10),
    Kind("other", "Інше", "Something else", "pin", 15),
)

WEST: Final = ("zarichchia", "slobidka", "honchari")
EAST: Final = ("stare-misto", "lisova-poliana", "vokzalnyi", "soniachnyi")
DUTIES: Final = (
    Duty("waste", EAST, "waste"),
    Duty("west-waste", WEST, "waste"),
    Duty("west-roads", WEST, "roads"),
    Duty("west-roads", WEST, "sidewalks"),
    Duty("sunny", ("soniachnyi",)),  # whatever no category gives to somebody else
)

NEIGHBOUR_BODIES: Final = (
    Body("village", "Соснівська сільська рада", "Sosnivka Village Council", "building", "rada@sosnivka.example.org"),
)
NEIGHBOUR_KINDS: Final = (
    Kind("roads", "Дороги", "Roads", "road", 10),
    Kind("lamps", "Освітлення", "Street lights", "lamp", 5),
    Kind("other", "Інше", "Something else", "pin", 15),
)
