"""Works and outages of Яворин: one that runs, one without an end yet, one to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.gis.geos import GEOSGeometry
from shapely.geometry import LineString

from accounts.models import Organisation
from geodata.models import Community
from openmap.demo.layout import METRES
from openmap.demo.place import stored
from openmap.demo.town import draw_town
from routing.models import Category
from works.actions import announce
from works.models import Work

WIDE = 14 / METRES  # on each side of a street, units of the drawing


@dataclass(frozen=True, slots=True)
class Told:
    """One of them; days are counted from the moment of the demo."""

    kind: Work.Kind
    name: str
    name_en: str
    text: str
    street: str
    part: tuple[float, float]  # of its length
    body: str  # part of the organisation's name
    explains: tuple[str, ...]  # codes of categories
    days: tuple[int, int | None]


TOLD = (
    Told(
        kind=Work.Kind.REPAIR,
        name="Ремонт водогону на Сонячній",
        name_en="Repair of the water main in Soniachna Street",
        text="Замінюємо 180 метрів труби. Воду вимикаємо з 9 до 17, ввечері вона є. Проїзд одним боком вулиці.",
        street="вул. Сонячна",
        part=(0.2, 0.45),
        body="Яворинводоканал",
        explains=("water", "roads", "sidewalks", "manholes"),
        days=(-3, 11),
    ),
    Told(
        kind=Work.Kind.OUTAGE,
        name="Аварія на кабелі: немає світла",
        name_en="Broken cable: no electricity",
        text="Пошкоджено кабель. Бригада вже працює, про час увімкнення повідомимо тут.",
        street="вул. Козацька",
        part=(0.1, 0.6),
        body="РЕМ обленерго",
        explains=("power", "lamps"),
        days=(-1, None),
    ),
    Told(
        kind=Work.Kind.REPAIR,
        name="Поточний ремонт Залізничної",
        name_en="Repair of Zaliznychna Street",
        text="Фрезерування й новий асфальт. Автобуси їдуть Станційною.",
        street="вул. Залізнична",
        part=(0.05, 0.9),
        body="Яворинавтодор",
        explains=("roads", "transport"),
        days=(5, 25),
    ),
)


def stretch(street: str, part: tuple[float, float]) -> GEOSGeometry:
    """A piece of a street with its pavements, SRID 4326."""
    line = draw_town().where(street)
    assert isinstance(line, LineString)
    steps = [part[0] + (part[1] - part[0]) * step / 20 for step in range(21)]
    return stored(LineString([line.interpolate(step, normalized=True) for step in steps]).buffer(WIDE))


def announce_works(community: Community, *, at: datetime) -> None:
    """Must be called inside the community's scope."""
    for one in TOLD:
        first, last = one.days
        work = Work(
            community=community,
            kind=one.kind,
            name=one.name,
            name_en=one.name_en,
            text=one.text,
            geometry=stretch(one.street, one.part),
            organisation=Organisation.objects.filter(name__contains=one.body).first(),
            starts_at=at + timedelta(days=first),
            ends_at=None if last is None else at + timedelta(days=last),
        )
        announce(work, is_shown=True, at=at)
        work.categories.set(Category.objects.filter(community=community, code__in=one.explains))
