"""Puts together what each page of statistics shows. Knows nothing of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Organisation
from geodata.models import Area, local_name
from routing.models import Category
from stats.area_tables import AreaTable, area_table
from stats.asked import Asked
from stats.case_sql import FIX
from stats.figures import Known
from stats.numbers import Counts, Kind, Place, areas_of, by_place, organisations_of
from stats.populations import People, people_of
from stats.profile import Profile, Row, category_rows, known, organisation_rows, profile
from stats.times import Times, times


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of one place shows. `whose`: the pair of an address that names the place to downloads."""

    title: str
    place: Place
    profile: Profile
    table: AreaTable | None
    categories: Sequence[Row]
    organisations: Sequence[Row]
    people: People | None
    whose: str = ""


def community_page(asked: Asked) -> Page:
    """All of the community."""
    people = _people(asked)
    here = known(asked.whole, asked.period, people.get(None))
    return Page(
        title=local_name(asked.community, get_language() or ""),
        place=asked.whole,
        profile=profile(here, None, asked.period),
        table=table_of(asked, asked.whole, people),
        categories=category_rows(asked.whole, asked.period, asked.community),
        organisations=_organisations(by_place(asked.whole, Kind.ORGANISATION, asked.period)),
        people=people.get(None),
    )


def area_page(asked: Asked, area: Area) -> Page:
    """One version of an area beside the community."""
    people = _people(asked, area)
    place = replace(asked.whole, kind=Kind.AREA, key=area.pk)
    return Page(
        title=area.name,
        place=place,
        profile=profile(known(place, asked.period, people.get(area.pk)), _whole(asked, people), asked.period),
        table=table_of(asked, asked.whole, people, chosen=area.pk),
        categories=category_rows(place, asked.period, asked.community),
        organisations=_organisations(organisations_of(place, asked.period)),
        people=people.get(area.pk),
        whose=f"area={area.pk}",
    )


def organisation_page(asked: Asked, organisation: Organisation) -> Page:
    """What one organisation has in this community."""
    place = replace(asked.whole, kind=Kind.ORGANISATION, key=organisation.pk)
    return Page(
        title=local_name(organisation, get_language() or ""),
        place=place,
        profile=profile(known(place, asked.period, None), _whole(asked, {}), asked.period),
        table=table_of(asked, place, {}),
        categories=category_rows(place, asked.period, asked.community),
        organisations=(),
        people=None,
        whose=f"organisation={organisation.pk}",
    )


def category_page(asked: Asked, category: Category) -> Page:
    """One kind of problem."""
    people = _people(asked)
    place = replace(asked.whole, category=category.pk)
    return Page(
        title=local_name(category, get_language() or ""),
        place=place,
        profile=profile(known(place, asked.period, people.get(None)), _whole(asked, people), asked.period),
        table=table_of(asked, place, people),
        categories=(),
        organisations=_organisations(by_place(place, Kind.ORGANISATION, asked.period)),
        people=people.get(None),
        whose=f"category={category.code}",
    )


def table_of(
    asked: Asked, place: Place, people: Mapping[int | None, People], *, chosen: int | None = None
) -> AreaTable | None:
    """The areas of the chosen division, of what `place` has in them; None without a division."""
    if asked.division is None:
        return None
    areas = asked.division.areas
    counts, fix = counts_of_areas(asked, place, areas)
    return area_table(areas, counts, by=asked.by, people=people, fix=fix, chosen=chosen)


def counts_of_areas(
    asked: Asked, place: Place, areas: Sequence[Area]
) -> tuple[Mapping[int, Counts], Mapping[int, Times]]:
    """What `place` has in each area, and how long it took to fix; the latter is not kept for organisations."""
    keys = [area.pk for area in areas]
    if place.kind == Kind.ORGANISATION:
        return areas_of(place, asked.period, keys), {}
    counts = by_place(place, Kind.AREA, asked.period, keys=keys)
    ever = by_place(place, Kind.AREA, replace(asked.period, first=asked.period.first.min), keys=keys)
    totals = {key: ever[key]["opened"] for key in ever}
    return counts, times(replace(place, kind=Kind.AREA), FIX, asked.period, totals=totals)


def comparison(asked: Asked, chosen: Sequence[str]) -> AreaTable | None:
    """The areas of the chosen division that are named by code, or all of them."""
    if asked.division is None:
        return None
    named = [area for area in asked.division.areas if area.code in chosen]
    narrowed = replace(asked, division=replace(asked.division, areas=named or asked.division.areas))
    return table_of(narrowed, asked.whole, _people(narrowed))


def _whole(asked: Asked, people: Mapping[int | None, People]) -> Known:
    return known(asked.whole, asked.period, people.get(None))


def _people(asked: Asked, *more: Area) -> Mapping[int | None, People]:
    areas = [*(asked.division.areas if asked.division else ()), *more]
    return people_of(asked.community, [area.pk for area in areas], year=asked.period.last.year)


def _organisations(counts: Mapping[int, Counts]) -> list[Row]:
    return organisation_rows(counts, nobody=_("Nobody yet"))
