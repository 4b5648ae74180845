"""Organisations of Яворин and of its neighbour; keepers of houses are in keepers.py."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation with its mailbox; one without an address can be told nothing."""

    key: str
    name: str
    name_en: str
    icon: str
    address: str


# The fourteen organisations that serve the city.
SERVICES: Final = (
    Body("water", "КП «Яворинводоканал»", "Yavoryn Water Utility", "drop", "dyspetcher@vodokanal.example.org"),
    Body("heat", "КП «Яворинтеплоенерго»", "Yavoryn Heating", "flame", "dyspetcher@teplo.example.org"),
    Body("power", "Яворинський РЕМ обленерго", "Yavoryn Power Grid", "bolt", "yavoryn@oblenergo.example.org"),
    Body("gas", "Яворинська дільниця газмереж", "Yavoryn Gas Networks", "flame", "104@gas.example.org"),
    Body("light", "КП «Міськсвітло»", "City Lights", "lamp", "lihtari@svitlo.example.org"),
    Body("roads", "КП «Яворинавтодор»", "Yavoryn Roads", "road", "dorohy@avtodor.example.org"),
    Body("waste", "КП «Екосервіс-Явір»", "Ecoservice Yavir", "bin", "smittia@ekoservis.example.org"),
    Body("west-waste", "ТОВ «Чисте подвір’я»", "Clean Yard Ltd", "trash", "office@podvirya.example.org"),
    Body("green", "КП «Зеленбуд»", "Parks and Trees", "tree", "dereva@zelenbud.example.org"),
    Body("lift", "КП «Яворинліфт»", "Yavoryn Lifts", "arrow-up-down", "lift@yavorynlift.example.org"),
    Body("transport", "КП «Яворинтранс»", "Yavoryn Transport", "bus", "rukh@trans.example.org"),
    Body("animals", "КП «Лапа допомоги»", "Helping Paw", "paw", "lapa@tvaryny.example.org"),
    Body("order", "Інспекція з благоустрою", "Inspection of Public Places", "eye", "inspekciya@yavoryn.example.org"),
    Body("state-roads", "Служба відновлення, дорожній відділ", "State Road Agency", "road",
         "dorohy@vidnovlennia.example.org"),
)  # fmt: skip
# Who shows what rules can do besides: roads of some districts, hours of the night, lights that the railway keeps.
NEIGHBOURS_OF_SERVICES: Final = (
    Body("west-roads", "КП «Заріччя-шлях»", "Zarichchia Roads", "cone", "zvernennia@shliah.example.org"),
    Body("night", "Аварійна служба 15-80", "Emergency Desk 15-80", "phone", "1580@yavoryn.example.org"),
    Body("station", "Станція Яворин", "Yavoryn Railway Station", "building", "stanciya@zaliznytsia.example.org"),
)
COUNCIL: Final = Body("council", "Яворинська міська рада, відділ звернень", "Yavoryn City Council", "petition",
                      "zvernennia@yavoryn.example.org")  # fmt: skip
NEIGHBOUR_BODIES: Final = (
    Body("village", "Соснівська сільська рада", "Sosnivka Village Council", "building", "rada@sosnivka.example.org"),
    Body("power", "Яворинський РЕМ обленерго", "Yavoryn Power Grid", "bolt", "sosnivka@oblenergo.example.org"),
)
