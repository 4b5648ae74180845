"""Files of the codifier and of communities, written from a few lines of an invented oblast."""

import csv
import io
import json
from typing import Any

from django.contrib.gis.geos import GEOSGeometry

from tests.grid import Town

PREAMBLE = ';;;;;"ЗАТВЕРДЖЕНО\nнаказом Міністерства\n№ 290";\n;;;;;;\nКодифікатор;;;;;;\n'
HEADINGS = (
    "Перший рівень;Другий рівень;Третій рівень;Четвертий рівень;Додатковий рівень;Категорія об’єкта;Назва об’єкта\n"
)
OBLAST, RAION = "UA05000000000010236", "UA05020000000026686"
YAVORYN, YAVORYN_TOWN = "UA05020030000031457", "UA05020030010063857"
SOSNIVKA, SOSNIVKA_VILLAGE = "UA05020050000041111", "UA05020050010042222"
KYIV, PECHERSK = "UA80000000000093317", "UA80000000000624772"
ROWS = (
    f"{OBLAST};;;;;O;Вінницька",
    f"{OBLAST};{RAION};;;;P;Вінницький",
    f"{OBLAST};{RAION};{YAVORYN};;;H;Яворинська ",
    f"{OBLAST};{RAION};{YAVORYN};{YAVORYN_TOWN};;M;Яворин",
    f"{OBLAST};{RAION};{SOSNIVKA};;;H;Соснівська",
    f"{OBLAST};{RAION};{SOSNIVKA};{SOSNIVKA_VILLAGE};;C;Соснівка ",
    f"{KYIV};;;;;K;Київ",
    f"{KYIV};{KYIV};{KYIV};{KYIV};{PECHERSK};B;Печерський",
)

NAMESAKE, NAMESAKE_VILLAGE = "UA05020070000051111", "UA05020070010052222"
MORE_ROWS = (
    *ROWS,
    f"{OBLAST};{RAION};{NAMESAKE};;;H;Яворинська",
    f"{OBLAST};{RAION};{NAMESAKE};{NAMESAKE_VILLAGE};;X;Явір",
)


def katottg(*rows: str, preamble: str = PREAMBLE, encoding: str = "utf-8") -> bytes:
    """The bytes of a codifier with these lines."""
    return (preamble + HEADINGS + "\r\n".join(rows) + "\r\n").encode(encoding)


def drawn(shape: GEOSGeometry, number: int, name: str, raion: str = "Вінницький", oblast: str = "Вінницька") -> Any:
    """A polygon with the properties that files of communities have."""
    properties = {"id": number, "hromada": name, "rayon": f"{raion} район", "region": f"{oblast} область"}
    return {"type": "Feature", "properties": properties, "geometry": json.loads(shape.json)}


def codes(*rows: tuple[object, str, str]) -> bytes:
    """A table that joins ids of polygons to codes and full names."""
    text = io.StringIO()
    csv.writer(text).writerows([("id", "hromada_code", "hromada_full_name"), *rows])
    return text.getvalue().encode()


TABLE = codes((1, YAVORYN, "Яворинська міська громада"), (2, SOSNIVKA, "Соснівська сільська громада"))


def pair(town: Town) -> list[Any]:
    """Яворин ABED and Соснівка NCFM of a drawing, as features."""
    return [
        drawn(town.polygon("ABED"), 1, "Яворинська міська громада"),
        drawn(town.polygon("NCFM"), 2, "Соснівська сільська громада"),
    ]
