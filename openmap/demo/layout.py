"""What is placed by hand in Яворин: the river, the main streets, parks, how each district is built.

Units of the drawing: x to the east, y to the south; openmap.demo.place puts them on the globe. The town is 7 km by 6,
its community 14 km by 10.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shapely.geometry import Polygon

from openmap.demo.curves import XY, blob, line, lines_of, ribbon

METRES: Final = 6.5  # one unit of the drawing

RIVER_NAME: Final = "Снитка"
RIVER_LINE: Final = line(
    (560, -60), (690, 110), (870, 250), (960, 400), (940, 560), (985, 700),
    (1060, 860), (1215, 965), (1330, 1120), (1370, 1290), (1500, 1450), (1560, 1680),
)  # fmt: skip
# 70 to 140 m wide.
RIVER: Final = ribbon(
    RIVER_LINE, lambda part: 6.5 + 1.6 * math.sin(part * 19) + 1.2 * math.sin(part * 7 + 1) + 2 * part, pieces=320
)
POND: Final = blob((1405, 560), (1450, 538), (1510, 552), (1528, 590), (1492, 622), (1440, 614), (1408, 596))

# The community's territory: the town, the woods around it and a little field.
TERRITORY: Final = blob(
    (120, 470), (300, 200), (560, 40), (900, 10), (1300, 40), (1700, 20), (2020, 90), (2220, 330), (2260, 640),
    (2180, 960), (2040, 1260), (1760, 1480), (1400, 1590), (1000, 1600), (620, 1520), (330, 1370), (140, 1080),
    (80, 760), steps=6,
)  # fmt: skip
BUILT_UP: Final = blob(
    (690, 470), (770, 370), (905, 330), (1060, 300), (1230, 318), (1400, 350), (1560, 400), (1690, 510), (1740, 660),
    (1730, 820), (1690, 960), (1600, 1080), (1480, 1190), (1320, 1262), (1150, 1270), (980, 1230), (830, 1150),
    (720, 1020), (655, 860), (640, 680), (652, 560), steps=8,
)  # fmt: skip

_ROADS: Final = {
    "проспект Миру": line(
        (40, 985), (300, 930), (520, 880), (700, 838), (880, 812), (1035, 790), (1180, 762), (1340, 742), (1540, 742),
        (1760, 700), (2100, 620), (2320, 560),
    ),
    "вул. Соборна": line(
        (1118, -20), (1120, 60), (1130, 300), (1150, 450), (1132, 610), (1150, 690), (1180, 762), (1205, 850),
    ),
    "вул. Мостова": line((1205, 850), (1180, 930), (1120, 1010), (1060, 1110), (1020, 1240), (960, 1400), (900, 1590)),
    "вул. Зарічна": line(
        (770, 370), (845, 500), (862, 640), (880, 812), (905, 930), (985, 1040), (1085, 1130), (1180, 1200),
        (1230, 1262), (1270, 1340),
    ),
    "вул. Вокзальна": line(
        (1340, 742), (1395, 850), (1480, 940), (1600, 1010), (1700, 1100), (1900, 1260), (2050, 1390),
    ),
    "вул. Лісова": line((1150, 450), (1290, 470), (1420, 470), (1560, 400), (1760, 300), (2000, 210), (2160, 120)),
    "вул. Кільцева": line((1340, 742), (1345, 620), (1330, 540), (1290, 470)),
    "вул. Південна": line((1205, 850), (1290, 950), (1395, 1010), (1480, 940)),
    "вул. Гончарна": line((862, 640), (760, 640), (650, 600), (480, 560), (200, 500), (40, 440)),
}  # fmt: skip
# As far as the community goes; outsiders maintain them beyond.
ROADS: Final = {name: lines_of(road.intersection(TERRITORY))[0] for name, road in _ROADS.items()}
CUTS: Final = ("вул. Зарічна", "проспект Миру", "вул. Соборна", "вул. Вокзальна", "вул. Гончарна", "вул. Кільцева",
               "вул. Лісова")  # fmt: skip
RAILWAY: Final = line(
    (1040, 1600), (1180, 1420), (1330, 1270), (1490, 1120), (1570, 940), (1600, 760), (1700, 560), (1840, 380),
    (2060, 120),
)  # fmt: skip

_EMBANKMENT: Final = ribbon(
    RIVER_LINE, lambda part: 13 + 12 * max(0.0, math.sin((part - 0.22) * 3.14 / 0.62)) if 0.22 < part < 0.84 else 13
)
PARKS: Final = {
    "парк Явори": blob(
        (960, 600), (985, 700), (1020, 772), (1100, 772), (1118, 700), (1098, 620), (1045, 585), (990, 580)
    ),
    "Лісопарк": blob(
        (1400, 495), (1500, 480), (1580, 520), (1575, 600), (1520, 650), (1430, 650), (1385, 600), (1380, 540)
    ),
    "сквер Ткачів": Polygon([(1215, 655), (1262, 650), (1268, 694), (1222, 700)]),
    "стадіон «Явір»": blob((1235, 880), (1290, 890), (1330, 950), (1300, 985), (1255, 940)),
    "Старий сад": blob((700, 690), (760, 700), (790, 760), (745, 800), (690, 780)),
    "набережна Снитки": _EMBANKMENT,
    "міське кладовище": blob((1590, 940), (1650, 900), (1690, 950), (1640, 1010), (1590, 1000)),
    "урочище Пуща": blob(
        (1500, 200), (1750, 180), (1980, 320), (2050, 520), (1900, 560), (1790, 470), (1690, 400), (1560, 330)
    ),
    "Вербова діброва": blob((380, 1050), (560, 1040), (650, 1120), (760, 1230), (700, 1400), (480, 1420), (360, 1250)),
    "Гончарівський ліс": blob((330, 560), (470, 610), (560, 700), (560, 800), (420, 820), (280, 740)),
}


class Style(StrEnum):
    """How a quarter is built."""

    OLD = "old"  # rows along the streets, two to four floors
    HOMES = "homes"  # a house for one family on each plot
    SLABS = "slabs"  # long houses of five and nine floors
    WORKS = "works"  # halls


@dataclass(frozen=True, slots=True)
class District:
    """How one district is built. Lengths are metres."""

    code: str
    name: str
    seeds: tuple[XY, ...]  # points inside its blocks
    turn: float  # radians between its grid of streets and the x axis
    across: float  # usual distance of streets
    along: float
    gaps: float  # share of grid pieces left out
    bend: float  # how far streets stray from straight
    style: Style  # where QUARTERS say nothing else
    longest: float  # a street goes on under another name


DISTRICTS: Final = (
    District("stare-misto", "Старе місто", ((1039, 548), (1238, 606)), 0.32, 118, 158, 0.03, 26, Style.OLD, 1100),
    District(
        "lisova-poliana", "Лісова Поляна", ((1337, 387), (1530, 573)), -0.25, 165, 270, 0.04, 40, Style.SLABS, 1700
    ),
    District("vokzalnyi", "Вокзальний", ((1566, 872),), 0.62, 150, 230, 0.04, 20, Style.SLABS, 1400),
    District("soniachnyi", "Сонячний", ((1415, 999),), 0.55, 165, 260, 0.03, 24, Style.SLABS, 1600),
    District("zarichchia", "Заріччя", ((1100, 1080),), 0.78, 120, 260, 0.04, 40, Style.HOMES, 1400),
    District("slobidka", "Слобідка", ((755, 724), (800, 960)), 0.5, 122, 300, 0.03, 30, Style.HOMES, 1500),
    District("honchari", "Гончарі", ((758, 508), (899, 571)), -0.12, 120, 270, 0.04, 36, Style.HOMES, 1400),
)
# Parts of districts that are built otherwise; the first that holds a block says how.
QUARTERS: Final[tuple[tuple[Style, Polygon], ...]] = (
    (Style.SLABS, blob((960, 300), (1110, 280), (1270, 300), (1330, 380), (1240, 425), (1080, 440), (960, 420))),
    (Style.SLABS, blob((1240, 640), (1350, 600), (1360, 740), (1260, 770))),
    (Style.HOMES, blob((1590, 380), (1700, 440), (1760, 600), (1720, 700), (1640, 690), (1600, 560))),
    (Style.WORKS, blob((1540, 720), (1640, 700), (1760, 720), (1750, 860), (1660, 900), (1560, 880))),
    (Style.WORKS, blob((1480, 1120), (1560, 1040), (1620, 1090), (1520, 1190))),
    (Style.HOMES, blob((1090, 1150), (1230, 1090), (1340, 1160), (1320, 1290), (1120, 1290))),
    (Style.SLABS, blob((700, 800), (850, 760), (960, 770), (1010, 830), (970, 930), (840, 920), (710, 880))),
    (Style.SLABS, blob((1060, 880), (1190, 840), (1230, 930), (1160, 1060), (1080, 1060), (1030, 960))),
    (Style.WORKS, blob((640, 560), (720, 560), (740, 640), (690, 680), (630, 660))),
    (Style.SLABS, blob((770, 570), (880, 560), (910, 660), (800, 700))),
)
