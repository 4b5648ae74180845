"""Streets and addresses of Яворин and Соснівка, as an export of a map would bring them: of the drawn houses."""

from collections.abc import Iterator, Mapping, Sequence

import shapely
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.address_rows import AddressRow
from geodata.street_words import number_key
from openmap.demo.place import on_globe
from openmap.demo.registers import Sheet
from openmap.demo.ways import number_at
from routing.models import Register

# What streets of Яворин were called before.
FORMER: Mapping[str, tuple[str, ...]] = {
    "вул. Соборна": ("вул. Леніна",),
    "проспект Миру": ("проспект Радянської Армії",),
    "вул. Вокзальна": ("вул. Дзержинського",),
    "вул. Козацька": ("вул. Червоноармійська",),
    "вул. Космонавтів": ("вул. Жовтнева",),
    "вул. Михайла Грушевського": ("вул. Карла Маркса",),
    "вул. Лесі Українки": ("вул. Крупської",),
    "вул. Данила Галицького": ("вул. Фрунзе",),
    "вул. Ярослава Мудрого": ("вул. Свердлова",),
    "вул. Івана Мазепи": ("вул. Кірова",),
    "вул. Пилипа Орлика": ("вул. Калініна",),
    "вул. Миколи Хвильового": ("вул. Горького",),
    "вул. Павла Тичини": ("вул. Пушкіна",),
    "вул. Героїв Майдану": ("вул. Радянська",),
    "вул. Січових Стрільців": ("вул. Чапаєва",),
    "бульв. Незалежності": ("бульв. Комсомольський",),
    "вул. Володимира Вернадського": ("вул. Мічуріна",),
    "вул. Ігоря Сікорського": ("вул. Чкалова",),
    "вул. Юрія Кондратюка": ("вул. Гагаріна",),
    "вул. Левка Лук’яненка": ("вул. 40-річчя Перемоги",),
    "вул. В’ячеслава Чорновола": ("вул. Комсомольська",),
    "вул. Василя Стуса": ("вул. Тургенєва",),
    "вул. Героїв Крут": ("вул. Щорса",),
    "бульв. Героїв Азова": ("бульв. 50-річчя СРСР",),
    "вул. Богдана Хмельницького": ("вул. Червоних Партизанів",),
    "вул. Петра Сагайдачного": ("вул. Котовського",),
    "вул. Івана Сірка": ("вул. Будьонного",),
    "вул. Петра Калнишевського": ("вул. Суворова",),
    "вул. Марії Приймаченко": ("вул. Рєпіна",),
}


def addresses_of(sheets: Sequence[Sheet]) -> Iterator[AddressRow]:
    """A row for each street and each house of the registers."""
    for sheet in sheets:
        for row in sheet.rows if sheet.kind in (Register.Kind.ROADS, Register.Kind.BUILDINGS) else ():
            yield _row(row.feature, row.name, row.number, row.shape, FORMER.get(row.name, ()) if not row.number else ())


def addresses_of_neighbour(streets: Mapping[str, LineString], houses: Sequence[Polygon]) -> Iterator[AddressRow]:
    """The same for the village: each house is of the street that it stands nearest to. Units of the drawing."""
    names = list(streets)
    taken: set[tuple[str, int]] = set()
    for name in names:
        yield _row(0, name, "", on_globe(streets[name]), ())
    for order, house in enumerate(houses, start=1):
        name = min(names, key=lambda one: streets[one].distance(house))
        number = number_at(name, float(streets[name].project(house.centroid)))
        while (name, number) in taken:
            number += 1
        taken.add((name, number))
        yield _row(order, name, str(number), on_globe(house), ())


def _row(feature: int, street: str, number: str, shape: BaseGeometry, former: tuple[str, ...]) -> AddressRow:
    path = None if number else MultiLineString([part for part in _parts(shape) if isinstance(part, LineString)])
    middle = path.interpolate(0.5, normalized=True) if path is not None else shape.representative_point()
    key = f"{street}|{number_key(number)}".casefold()
    return AddressRow(feature, key, street, number, "", former, (middle.x, middle.y), path)


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(shape))
