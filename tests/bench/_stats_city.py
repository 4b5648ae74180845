"""The drawn city of tests.bench._city with any number of cases, counted, in a database that is kept for the next time.

Cases are written as stats.filling leaves them, without the reports behind them: 10 million take minutes. They stand
along the same streets; three divisions cut the city into 10, 100 and 400 areas whose borders wind.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import shapely
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django_scopes import scopes_disabled

from accounts.models import Organisation
from core.counters import CASE
from geodata.models import Area, Community, Division
from issues.counters import REPORTS
from issues.states import State
from routing.models import Category
from stats.recount import Table, tables_of
from tests.bench._city import CITY, KINDS, MIDDLE, NOW, SLUG, STATES, STREETS, YEARS, Kept, laid_aside, manage, plain
from tests.bench._city import streets as drawn_streets

DRAWN = 1  # grows when the city is drawn otherwise: kept databases of before are not used then
DIVISIONS = {"district": (5, 2), "quarter": (10, 10), "block": (20, 20)}  # columns and lines of areas
CORNERS = 12  # of one side of an area
BODIES = 24  # organisations that answer
PROMISED = 10  # days
CHUNK = 200_000
DAY = 86_400
_TODAY = (NOW.date() - date(1970, 1, 1)).days
_FINEST = 30  # level of the grid of Morton codes


def kept(cases: int) -> Kept:
    """The database with so many cases, filled and counted unless it is there already, with all migrations of today."""
    name = f"stats_{cases}_v{DRAWN}"
    with plain("misto") as control:
        is_there = control.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not is_there:
            control.execute(f'DROP DATABASE IF EXISTS "{name}_draft"')
            control.execute(f'CREATE DATABASE "{name}_draft"')
    draft = name if is_there else f"{name}_draft"
    manage(draft, "migrate", "--verbosity=0")
    with plain(draft) as line:
        for table in ("month", "day", "time", "cell", "square", "cell_time", "packed"):
            line.execute(f"VACUUM ANALYZE stats_{table}")  # a migration may have written it anew
    if not is_there:
        manage(draft, "shell", "-c", f"from tests.bench._stats_city import fill; fill({cases})")
        with plain("misto") as control:
            control.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return Kept(name, cases)


def fill(cases: int) -> None:
    """Draws and counts the city in the connection's database, which must be migrated and empty."""
    with scopes_disabled():
        town = _Town()
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        put_back = laid_aside("stats_case")
        for rows in _lines(cases, town):
            with cursor.copy(f"COPY stats_case (source, {', '.join(CASE)}) FROM STDIN") as copy:
                copy.write("\n".join(map("\t".join, rows)) + "\n")
        for statement in put_back:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE stats_case")
    tables = tables_of(REPORTS, town.community)
    longest = [table for table in tables if table.name == "time"]  # takes about as long as all others
    with ThreadPoolExecutor(2) as lines:
        list(lines.map(_count, (longest, [table for table in tables if table.name != "time"])))


def _count(tables: list[Table]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '1500MB'; SET synchronous_commit = off; SET jit = off")
        for table in tables:
            cursor.execute(
                f"INSERT INTO stats_{table.name} (source, {table.key}, {table.counts}) "
                f"SELECT {REPORTS.number}, {table.key}, {table.counts} FROM ({table.rows}) rows ORDER BY {table.key}"
            )
            cursor.execute(f"VACUUM ANALYZE stats_{table.name}")
    connection.close()


class _Town:
    """What cases point at: keys of a community, its kinds, bodies and areas."""

    def __init__(self) -> None:
        community = Community.objects.create(
            slug=SLUG,
            name="Bench",
            centre=Point(*MIDDLE, srid=4326),
            boundary=MultiPolygon(Polygon.from_bbox(CITY), srid=4326),
        )
        self.community = community.pk
        kinds = [Category(community=community, code=f"kind-{n}", name=f"Вид {n}") for n in range(KINDS)]
        self.kinds = np.array([kind.pk for kind in Category.objects.bulk_create(kinds)])
        bodies = [Organisation(name=f"Служба {n}") for n in range(BODIES)]
        self.bodies = np.array([body.pk for body in Organisation.objects.bulk_create(bodies)])
        self.areas: list[tuple[np.ndarray, np.ndarray]] = []  # keys and shapes of each division
        for code, (columns, lines) in DIVISIONS.items():
            division = Division.objects.create(community=community, code=code, name=code)
            shapes = _areas(columns, lines)
            made = Area.objects.bulk_create(
                Area(community=community, division=division, code=f"{code}-{n}", name=f"{code} {n}",
                     boundary=MultiPolygon(Polygon(list(shape.exterior.coords)), srid=4326),
                     valid_from=date(2015, 1, 1))
                for n, shape in enumerate(shapes)
            )  # fmt: skip
            self.areas.append((np.array([area.pk for area in made]), shapes))

    def areas_of(self, places: "np.ndarray") -> list[str]:
        """The array of areas of each place, as PostgreSQL writes it. Driven by the areas, each prepared once."""
        tree = shapely.STRtree(np.asarray(shapely.points(places)))
        found = np.empty((len(places), len(self.areas)), dtype=np.int64)
        for column, (keys, shapes) in enumerate(self.areas):
            shape, place = tree.query(shapes, predicate="intersects")
            found[place, column] = keys[shape]
        return [f"{{{','.join(map(str, row))}}}" for row in found.tolist()]


def _areas(columns: int, lines: int) -> "np.ndarray":
    """Shapes that cut the city without gaps: squares, wound by one smooth function that leaves its edge in place."""
    across, down = np.linspace(CITY.west, CITY.east, columns + 1), np.linspace(CITY.south, CITY.north, lines + 1)
    squares = [shapely.box(across[i], down[j], across[i + 1], down[j + 1])
               for j in range(lines) for i in range(columns)]  # fmt: skip
    wide, high = (CITY.east - CITY.west) / columns, (CITY.north - CITY.south) / lines
    fine = shapely.segmentize(np.array(squares), min(wide, high) / CORNERS)
    winding: np.ndarray = shapely.transform(fine, lambda places: _wound(places, wide, high))
    return winding


def _wound(places: "np.ndarray", wide: float, high: float) -> "np.ndarray":
    x = (places[:, 0] - CITY.west) / wide
    y = (places[:, 1] - CITY.south) / high
    inside = np.sin(np.pi * (places[:, 0] - CITY.west) / (CITY.east - CITY.west)).clip(0)
    inside *= np.sin(np.pi * (places[:, 1] - CITY.south) / (CITY.north - CITY.south)).clip(0)
    shift = np.stack([wide * np.sin(5.3 * y) * 0.12, high * np.sin(4.7 * x) * 0.12], axis=1)
    wound: np.ndarray = places + shift * inside[:, None]
    return wound


def _lines(cases: int, town: _Town) -> Iterator[Iterator[tuple[str, ...]]]:
    """Rows of stats_case as COPY reads them, in chunks: the same every time."""
    chance = np.random.default_rng(11)
    starts, ends, weights = drawn_streets(chance)
    all_days = YEARS * 365 * np.sqrt(np.sort(chance.random(cases)))  # more of them lately
    for first in range(0, cases, CHUNK):
        opened = (_TODAY - YEARS * 365 + all_days[first : first + CHUNK]).astype(np.int64)
        size = len(opened)
        street = chance.choice(STREETS, size, p=weights)
        along = chance.random((size, 1))
        places = starts[street] * (1 - along) + ends[street] * along + chance.normal(0, 0.00012, (size, 2))
        places = places.clip((CITY.west, CITY.south), (CITY.east, CITY.north)).round(6)
        yield _rows(chance, town, first + 1, opened, places)


def _rows(
    chance: "np.random.Generator", town: _Town, first: int, opened: "np.ndarray", places: "np.ndarray"
) -> Iterator[tuple[str, ...]]:
    size = len(opened)
    zipf = 1 / np.arange(1, KINDS + 1)
    kind = chance.choice(KINDS, size, p=zipf / zipf.sum())
    shares = np.array(list(STATES.values())) / sum(STATES.values())
    state = np.array([str(state) for state in STATES])[chance.choice(len(STATES), size, p=shares)]
    answer = (chance.lognormal(np.log(1.2 * DAY), 1.1, size)).astype(np.int64)
    fix = answer + (chance.lognormal(np.log(4 * DAY), 1.2, size) * (1 + kind / 30)).astype(np.int64)

    def days(seconds: "np.ndarray", *states: State) -> "np.ndarray":
        """The day so many seconds later where the state is one of these, and not in the future; else 0."""
        day = opened + seconds // DAY
        return np.where(np.isin(state, states) & (day <= _TODAY), day, 0)

    closed = days(fix, State.DONE, State.CONFIRMED)
    rejected = days(answer, State.REJECTED)
    ended = np.maximum(np.maximum(closed, rejected), days(answer, State.DUPLICATE))
    answered = days(answer, *(each for each in STATES if each != State.NEW))
    kept_at = np.where((closed + rejected > 0) & (ended <= opened + PROMISED), ended, 0)
    late = opened + PROMISED + 1
    late = np.where((kept_at == 0) & (late <= _TODAY) & (state != str(State.DUPLICATE)), late, 0)
    reopened = np.where(chance.random(size) < 0.03, days(answer, State.DONE, State.CONFIRMED), 0)
    body = np.where(chance.random(size) < 0.05, chance.integers(0, BODIES, size), kind % BODIES)
    supporters = chance.geometric(0.6, size) - 1
    happened = (
        opened, days(answer // 2, State.ACCEPTED, State.IN_PROGRESS, State.WAITING, State.DONE, State.CONFIRMED),
        closed, np.where(state == str(State.CONFIRMED), closed, 0), reopened, rejected, ended, kept_at, late, answered,
    )  # fmt: skip
    return zip(
        [str(REPORTS.number)] * size, map(str, range(first, first + size)), [str(town.community)] * size,
        map(str, town.kinds[kind].tolist()), map(str, town.bodies[body].tolist()), town.areas_of(places),
        map(str, _codes(places).tolist()), [f"SRID=4326;POINT({x} {y})" for x, y in places.tolist()],
        *(_dates(each) for each in happened), map(str, supporters.tolist()),
        _numbers(answer, answered > 0), _numbers(fix, closed > 0), strict=True,
    )  # fmt: skip


def _dates(days: "np.ndarray") -> list[str]:
    return np.where(days > 0, days.astype("datetime64[D]").astype(str), r"\N").tolist()  # type: ignore[no-any-return]


def _numbers(values: "np.ndarray", known: "np.ndarray") -> list[str]:
    return [str(value) if is_known else r"\N" for value, is_known in zip(values.tolist(), known.tolist(), strict=True)]


def _codes(places: "np.ndarray") -> "np.ndarray":
    """Morton codes, as geodata_code() has them."""
    x = places[:, 0] / 360 + 0.5
    y = 0.5 - np.arcsinh(np.tan(np.radians(places[:, 1]))) / (2 * np.pi)
    code = np.zeros(len(places), dtype=np.uint64)
    for place, share in enumerate((x, y)):
        cell = np.floor(share * (1 << _FINEST)).astype(np.uint64)
        for bit in range(_FINEST):
            code |= (cell >> np.uint64(bit) & np.uint64(1)) << np.uint64(2 * bit + place)
    return code.astype(np.int64)
