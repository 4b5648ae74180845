"""Divisions and areas as addresses of statistics name them: “districts.north”, and the day of an older version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from geodata.models import Area, Community, Division


@dataclass(frozen=True, slots=True)
class Divided:
    """A division with its areas, by name."""

    division: Division
    areas: Sequence[Area]

    @property
    def codes(self) -> list[Area]:
        """One version of each code."""
        return list({area.code: area for area in self.areas}.values())


def divided(community: Community, *, first: date, last: date) -> list[Divided]:
    """Every division with the areas that were in force at any time from `first` to `last`, without their shapes.

    Call it inside the community's scope.
    """
    found = Area.objects.filter(community=community, valid_from__lte=last).filter(
        Q(valid_to=None) | Q(valid_to__gt=first)
    )
    parts: dict[int, list[Area]] = {}
    for area in found.select_related("division").defer("boundary").order_by("name", "code", "valid_from"):
        parts.setdefault(area.division_id, []).append(area)
    divisions = sorted((areas[0].division for areas in parts.values()), key=lambda one: (one.name, one.pk))
    return [Divided(division, parts[division.pk]) for division in divisions]


def changed(community: Community) -> list[Division]:
    """Divisions of which an area ended, by name."""
    found = Division.objects.filter(community=community, area__valid_to__isnull=False)
    return list(found.distinct().order_by("name"))


def code_of(area: Area) -> str:
    """As an address names it; the division must be there."""
    return f"{area.division.code}.{area.code}"


def versions_of(text: str) -> list[Area]:
    """All versions of the area that “districts.north” names, the newest first. A code may hold points."""
    division, _point, code = text.partition(".")
    if not division or not code or "\0" in text:
        return []
    found = Area.objects.filter(division__code=division, code=code).select_related("division").defer("boundary")
    return list(found.order_by("-valid_from"))


def version_on(versions: Sequence[Area], text: str, *, today: date) -> Area | None:
    """Of these versions the one that began on the day `text`; without it the one in force, or else the newest."""
    if text:
        return next((area for area in versions if area.valid_from.isoformat() == text), None)
    in_force = (area for area in versions if area.valid_from <= today and (not area.valid_to or today < area.valid_to))
    return next(in_force, versions[0] if versions else None)
