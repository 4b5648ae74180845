"""Cases and shapes for the tests of drawn shapes, and the same numbers by reading every case."""

from collections.abc import Sequence
from datetime import date, timedelta

import shapely
from django.db import connection
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from core.counters import DAYS, MEASURES
from geodata.boxes import Box
from geodata.squares import latitude, squares_at
from issues.counters import REPORTS
from stats.numbers import Counts
from stats.periods import Period
from stats.recount import rebuild_counts
from tests.stats.reading import read

Shape = Polygon | MultiPolygon
TODAY = date(2026, 11, 19)
WEST, SOUTH, WIDE, HIGH = 28.46, 49.22, 0.06, 0.04  # degrees: about 4.4 by 4.4 km
STEPS = 48  # of a lattice: places and corners of shapes fall on each other


def place_on(column: int, line: int) -> tuple[float, float]:
    """A point of the lattice."""
    return WEST + WIDE * column / STEPS, SOUTH + HIGH * line / STEPS


def comb(teeth: int, *, high: float) -> Polygon:
    """So many teeth beside each other over the ground's width, so high (degrees): its edge is long, its corners few."""
    step = WIDE / (2 * teeth)
    tops = [(WEST + step * n, SOUTH + (high if n // 2 * 2 == n else high / 50)) for n in range(2 * teeth)]
    return Polygon([*tops, (WEST + WIDE, SOUTH), (WEST, SOUTH)])


def edges_of_squares() -> list[tuple[float, float]]:
    """Corners of squares of several levels, in degrees."""
    found = []
    for level in (12, 14, 16, 17, 18, 20):
        squares = squares_at_corner(level)
        found += [(column / (1 << level) * 360 - 180, latitude(line / (1 << level))) for column, line in squares]
    return found


def squares_at_corner(level: int) -> list[tuple[int, int]]:
    """Some squares about the middle of the ground."""
    middle = squares_at(Box(WEST + WIDE / 2, SOUTH + HIGH / 2, WEST + WIDE / 2 + 1e-6, SOUTH + HIGH / 2 + 1e-6), level)
    return [(middle.left + x, middle.top + y) for x in (0, 1) for y in (0, 1)]


def write_cases(community: int, places: Sequence[tuple[float, float]], *, first: int = 1) -> None:
    """Cases at these places, each with other days, as stats.filling would leave them."""
    rows = []
    for n, (lon, lat) in enumerate(places, first):
        opened = TODAY - timedelta(days=n * 37 % 900)
        ended = opened + timedelta(days=n % 50) if n % 4 and opened + timedelta(days=n % 50) <= TODAY else None
        days = {
            "opened": opened, "accepted": opened if n % 3 else None, "closed": ended if n % 5 else None,
            "confirmed": ended if n % 5 and n % 2 else None, "reopened": opened if n % 11 == 0 else None,
            "rejected": None if n % 5 else ended, "ended": ended, "kept": ended if n % 2 else None,
            "late": min(opened + timedelta(days=9), TODAY) if n % 2 == 0 else None,
        }  # fmt: skip
        # Of a history that was imported without dates it is not known how long it took.
        seconds = n * 7919 % 4_000_000 if days["closed"] and n % 6 else None
        rows.append((n, community, 1 + n % 7, lon, lat, *(days[day] for day in DAYS), n % 4, seconds))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO stats_case (source, thing, community, category, areas, m, place, "
            f"{', '.join(DAYS)}, supporters, fix_seconds) SELECT {REPORTS.number}, %s, %s, %s, '{{}}', "
            f"geodata_code(place), place, {', '.join(['%s::date'] * len(DAYS))}, %s, %s "
            "FROM ST_SetSRID(ST_MakePoint(%s, %s), 4326) place",
            [(row[0], row[1], row[2], *row[5:], row[3], row[4]) for row in rows],
        )
    rebuild_counts(REPORTS, community)


def scanned(shape: Shape, community: int, period: Period) -> tuple[dict[date, Counts], dict[int, Counts], list[int]]:
    """Months of all time, kinds in the period, and seconds until fixed, from every case by ST_Contains."""
    edge = shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)
    inside = (
        "FROM stats_case, LATERAL (VALUES "
        + ", ".join(f"('{day}', {day}, 1)" for day in DAYS)
        + ", ('supporters', opened, supporters)) told(measure, day, n) WHERE community = %s "
        "AND ST_Contains(%s::geometry, place) AND day IS NOT NULL AND n > 0"
    )
    months: dict[date, dict[str, int]] = {}
    kinds: dict[int, dict[str, int]] = {}
    for month, measure, n in read(
        f"SELECT date_trunc('month', day)::date, measure, sum(n) {inside} GROUP BY 1, 2", community, edge
    ):
        months.setdefault(month, dict.fromkeys(MEASURES, 0))[measure] = n
    for kind, measure, n in read(
        f"SELECT category, measure, sum(n) {inside} AND day >= %s AND day < %s GROUP BY 1, 2",
        community, edge, period.since, period.until,
    ):  # fmt: skip
        kinds.setdefault(kind, dict.fromkeys(MEASURES, 0))[measure] = n
    seconds = read(
        "SELECT fix_seconds FROM stats_case WHERE community = %s AND ST_Contains(%s::geometry, place) "
        "AND fix_seconds IS NOT NULL AND closed >= %s AND closed < %s ORDER BY 1",
        community, edge, period.since, period.until,
    )  # fmt: skip
    return dict(months), dict(kinds), [row[0] for row in seconds]


_step = st.integers(0, STEPS)
_anywhere = st.tuples(st.floats(WEST, WEST + WIDE), st.floats(SOUTH, SOUTH + HIGH))
_corner = st.one_of(
    st.tuples(_step, _step).map(lambda at: place_on(*at)), _anywhere, st.sampled_from(edges_of_squares())
)


def _polygon(corners: list[tuple[float, float]]) -> Shape:
    """Whatever polygon these corners make when it is mended: with holes, spikes cut off, in parts; perhaps empty."""
    made = shapely.make_valid(Polygon(corners))
    parts = [part for part in shapely.get_parts(made) if isinstance(part, Polygon) and part.area > 0]
    return Polygon() if not parts else parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _has_area(shape: Shape) -> bool:
    return not shape.is_empty


def _with_hole(shape: Shape) -> Shape:
    holed = shape.difference(shapely.affinity.scale(shape, 0.4, 0.4))
    return holed if isinstance(holed, Polygon | MultiPolygon) and not holed.is_empty else shape


_crooked = st.lists(_corner, min_size=3, max_size=9).map(_polygon).filter(_has_area)
_boxes = st.tuples(_corner, _corner).filter(lambda two: two[0][0] != two[1][0] and two[0][1] != two[1][1]).map(
    lambda two: shapely.box(min(two[0][0], two[1][0]), min(two[0][1], two[1][1]),
                            max(two[0][0], two[1][0]), max(two[0][1], two[1][1]))
)  # fmt: skip
_tiny = st.tuples(_corner, st.floats(1e-9, 1e-4)).map(lambda at: shapely.Point(*at[0]).buffer(at[1], 4))
_spikes = st.tuples(_corner, _corner).filter(lambda two: two[0] != two[1]).map(
    lambda two: _polygon([two[0], two[1], (two[0][0] + 1e-7, two[0][1] + 1e-7)])
).filter(_has_area)  # fmt: skip
_wide = st.just(shapely.box(28.3, 49.1, 28.7, 49.4))
shapes = st.one_of(_crooked, _boxes, _crooked.map(_with_hole), _tiny, _spikes, _wide, _wide.map(_with_hole)).filter(
    lambda shape: shape.is_valid
)
