"""How many things stand in each area, for the lists by area."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.gis.db.models import Extent
from django.db.models import Aggregate

from geodata.boxes import Box
from geodata.forms import Asked
from geodata.layer_sql import Question, Sql, union
from geodata.models import Area, Community, Division
from geodata.replica import reading

MOST_COUNTED = 1000  # things of an area: past it the page says "more than"
_COUNT = """SELECT %s::bigint AS area, count(*) AS n FROM (
    SELECT 1 FROM ({rows}) found, geodata_area area
    WHERE area.id = %s AND found.geometry && area.boundary AND ST_Intersects(area.boundary, found.geometry)
    LIMIT %s) counted"""


@dataclass(frozen=True, slots=True)
class Counted:
    """An area in force today. `total`: what it holds, `capped`: or more."""

    area: Area
    total: int
    capped: bool

    @property
    def code(self) -> str:
        """As an address names it."""
        return f"{self.area.division.code}.{self.area.code}"


@dataclass(frozen=True, slots=True)
class Areas:
    """A division and its areas, by name."""

    division: Division
    areas: list[Counted]


def counted_areas(community: Community, asked: Asked, *, on: date) -> list[Areas]:
    """Every division with its areas in force, and how many things each holds of those that `asked` asks for.

    An area that holds more than MOST_COUNTED things is not counted to the end: whatever there is, a page of areas
    costs about as much as so many rows for each. Call it inside the community's scope.
    """
    found = (
        Area.objects.on(on)
        .select_related("division")
        .annotate(extent=_extent())
        .defer("boundary")
        .order_by("division__name", "division_id", "name", "code")
    )
    areas = list(found)
    numbers = _numbers(community, asked, areas, on=on)
    divisions: dict[int, Areas] = {}
    for area in areas:
        number = numbers.get(area.pk, 0)
        one = Counted(area, min(number, MOST_COUNTED), number > MOST_COUNTED)
        divisions.setdefault(area.division_id, Areas(area.division, [])).areas.append(one)
    return list(divisions.values())


def _extent() -> Aggregate:
    """Expression: west, south, east, north of the boundary."""
    extent: Aggregate = Extent("boundary")
    return extent


def _numbers(community: Community, asked: Asked, areas: Sequence[Area], *, on: date) -> dict[int, int]:
    """Primary key of an area → how many things, counted up to one past MOST_COUNTED."""
    if not areas or not asked.layers:
        return {}
    parts = [_count(community, asked, area, on) for area in areas]
    text = "\nUNION ALL\n".join(part.text for part in parts)
    with reading().cursor() as cursor:
        cursor.execute(text, [param for part in parts for param in part.params])
        return dict(cursor.fetchall())


def _count(community: Community, asked: Asked, area: Area, on: date) -> Sql:
    """How many things stand in one area: those around it by the index, each of these by its shape."""
    box = Box(*area.extent)  # type: ignore[attr-defined]
    question = Question(community.pk, on, asked.filters, box, narrowed=asked.narrowed)
    rows = union([question.ask(layer).select(("id", "geometry")) for layer in asked.layers])
    return Sql(_COUNT.format(rows=rows.text), (area.pk, *rows.params, area.pk, MOST_COUNTED + 1))
