"""How many people live in a community and its areas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import F

from geodata.models import Community
from stats.models import Population


@dataclass(frozen=True, slots=True)
class People:
    """How many live there, in which year, and who says so."""

    many: int
    year: int
    source: str


def people_of(community: Community, areas: Iterable[int], *, year: int) -> Mapping[int | None, People]:
    """Key of an area, or None for the community → the number that is nearest before `year`, else the next after it."""
    rows = Population.objects.filter(community=community, area__in=list(areas))
    rows |= Population.objects.filter(community=community, area=None)
    found: dict[int | None, People] = {}
    for row in rows.order_by(F("year").asc()):
        if row.year <= year or row.area_id not in found:
            found[row.area_id] = People(row.people, row.year, row.source)
    return found
