"""Puts together the page of heat and clusters, that of seasons, and that of what is unusual. Knows nothing of HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.contrib.gis.geos import Point
from django.utils.datastructures import MultiValueDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from geodata.addresses import nearest_address
from geodata.boxes import Box
from geodata.models import WGS84, Area, Community
from routing.models import Category
from stats import seasons
from stats.asked import Asked
from stats.case_arrays import Places, begun, opened_by_day, opened_by_month, places_in
from stats.flat import Flat, Numbers, flat_of
from stats.ground_map import Circle, Shade, around, box_of, circle, shades
from stats.heat import BANDWIDTHS, CELLS_IN_BANDWIDTH, FEWEST, USUAL_BANDWIDTH, Spot, Surface, breaks, spots, surface
from stats.hotspots import SURE
from stats.models import ClusterScan

_MONDAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The kind of problem (None: all) and the bandwidth in metres that an address asks for; `problem` names what is
    unknown."""

    category: Category | None
    categories: Sequence[Category]
    bandwidth: int
    problem: str = ""

    @property
    def key(self) -> int | None:
        """Of the category."""
        return self.category.pk if self.category else None

    @property
    def bandwidths(self) -> Sequence[int]:
        """That can be chosen, metres."""
        return BANDWIDTHS


@dataclass(frozen=True, slots=True)
class Named:
    """A place with its words and the address of its reports on the map."""

    lon: float
    lat: float
    words: str
    query: str


@dataclass(frozen=True, slots=True)
class Heat:
    """The heat of a period. `surface` None: too few cases."""

    flat: Flat
    places: Places
    cases: int
    bandwidth: int
    surface: Surface | None
    begin: Sequence[float]

    @property
    def metres(self) -> tuple[Numbers, Numbers]:
        """Of the cases, on the plane."""
        return self.flat.metres(self.places.lon, self.places.lat)

    @property
    def weights(self) -> Numbers:
        """How many cases stand at each place."""
        return self.places.cases.astype(np.float64)

    @property
    def cell(self) -> int:
        """Metres, of the side of a cell that has not grown."""
        return self.bandwidth // CELLS_IN_BANDWIDTH


@dataclass(frozen=True, slots=True)
class HeatPicture:
    """What is drawn of it, and the densest places."""

    box: Box
    shades: Sequence[Shade]
    spots: Sequence[tuple[Named, Spot]]
    marks: Sequence[Circle]


@dataclass(frozen=True, slots=True)
class Found:
    """One cluster as it is kept, with its place."""

    number: int
    place: Named
    row: dict[str, Any]
    since: date
    until: date

    @property
    def is_sure(self) -> bool:
        """Whether chance hardly brings as much."""
        return bool(self.row["p"] <= SURE)

    @property
    def times(self) -> float:
        """So many times what was expected."""
        return float(self.row["observed"] / self.row["expected"])


@dataclass(frozen=True, slots=True)
class Clusters:
    """What the last scan found: those that chance hardly brings, and the next that it may."""

    scan: ClusterScan
    sure: Sequence[Found]
    others: Sequence[Found]
    box: Box | None
    circles: Sequence[Circle]

    @property
    def last_day(self) -> date:
        """The last day that was looked at."""
        return self.scan.until - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A slot with its name and its range in percent of an axis."""

    name: str
    slot: seasons.Slot
    range: dict[str, float]


def chosen(query: MultiValueDict[str, str], community: Community) -> Chosen:
    """Reads `category` (a code) and `width` (metres). Call it inside the scope."""
    categories = list(Category.objects.filter(community=community).order_by("position", "name"))
    code, width = query.get("category", ""), query.get("width", "")
    category = next((one for one in categories if one.code == code), None)
    problem = _("There is no such kind here: all kinds are shown.") if code and category is None else ""
    known = next((one for one in BANDWIDTHS if str(one) == width), USUAL_BANDWIDTH)
    return Chosen(category, categories, known, problem)


def heat(asked: Asked, by: Chosen) -> Heat:
    """The density of what was opened in the period."""
    places = places_in(asked.counters, asked.community.pk, asked.period, category=by.key)
    flat, cases = flat_of(asked.community), int(places.cases.sum())
    # The middles of squares would show through a narrower one.
    bandwidth = BANDWIDTHS[-1] if places.by_squares else by.bandwidth
    told = Heat(flat, places, cases, bandwidth, None, ())
    if cases < FEWEST:
        return told
    found = surface(*told.metres, bandwidth=bandwidth, weights=told.weights)
    return replace(told, surface=found, begin=breaks(float(found.densities.max())))


def heat_picture(asked: Asked, by: Chosen, found: Heat) -> HeatPicture | None:
    """How it is drawn; None where there is nothing to draw."""
    if found.surface is None:
        return None
    box = box_of(found.surface, found.flat, found.begin[0])
    until = asked.period.until - timedelta(days=1)
    dense = spots(found.surface, *found.metres, bandwidth=found.bandwidth, weights=found.weights)
    places = [
        _named(asked, by, found.flat, *found.flat.degrees(one.x, one.y), found.bandwidth, asked.period.since, until)
        for one in dense
    ]
    marks = [
        circle(place.lon, place.lat, 0, flat=found.flat, box=box, number=n) for n, place in enumerate(places, start=1)
    ]
    drawn = shades(found.surface, found.flat, found.begin, box)
    return HeatPicture(box, drawn, list(zip(places, dense, strict=True)), marks)


def clusters(asked: Asked, by: Chosen) -> Clusters | None:
    """What the last night's scan found of the kind; None where it was not looked at."""
    mine = ClusterScan.objects.filter(community=asked.community, source=asked.counters.number, category=by.key)
    scan = mine.select_related("category").first()
    if scan is None:
        return None
    flat = flat_of(asked.community)
    found = [_cluster(asked, by, flat, number, row) for number, row in enumerate(scan.clusters, start=1)]
    sure = [one for one in found if one.is_sure]
    others = [one for one in found if not one.is_sure][:3]
    if not sure:
        return Clusters(scan, sure, others, None, [])
    rims = [flat.degrees(one.row["radius"], one.row["radius"]) for one in sure]
    box = around(
        min(one.place.lon - wide for one, (wide, _high) in zip(sure, rims, strict=True)),
        min(one.place.lat - high for one, (_wide, high) in zip(sure, rims, strict=True)),
        max(one.place.lon + wide for one, (wide, _high) in zip(sure, rims, strict=True)),
        max(one.place.lat + high for one, (_wide, high) in zip(sure, rims, strict=True)),
    )
    circles = [
        circle(one.place.lon, one.place.lat, one.row["radius"], flat=flat, box=box, number=one.number) for one in sure
    ]
    return Clusters(scan, sure, others, box, circles)


def months_of_year(asked: Asked, by: Chosen) -> tuple[list[date], list[Line]]:
    """The whole years that were looked at, as months, and the index of each month of the year."""
    first = begun(asked.counters, asked.community.pk)
    months = seasons.whole_years(first, asked.today) if first else []
    if not months:
        return [], []
    counts = opened_by_month(asked.counters, asked.community.pk, months, by.key)
    found = seasons.months_of_year(months, counts)
    return months, _lines(found, [date_format(date(2024, one.number, 1), "F") for one in found])


def days_of_week(asked: Asked, by: Chosen) -> tuple[list[date], list[Line]]:
    """The Mondays of the whole weeks that were looked at, and the index of each day of the week."""
    first = begun(asked.counters, asked.community.pk)
    weeks = seasons.whole_weeks(first, asked.today) if first else []
    if not weeks:
        return [], []
    days = [monday + timedelta(days=n) for monday in weeks for n in range(7)]
    found = seasons.days_of_week(opened_by_day(asked.counters, asked.community.pk, days, by.key))
    return weeks, _lines(found, [date_format(_MONDAY + timedelta(days=one.number - 1), "l") for one in found])


def _lines(found: Sequence[seasons.Slot], names: Sequence[str]) -> list[Line]:
    """On an axis from nothing to the longest range, at least twice the usual."""
    longest = max([2.0, *(min(one.high, 4.0) for one in found)])

    def at(index: float) -> float:
        return round(min(index, longest) / longest * 100, 1)

    return [
        Line(name, one, {"start": at(one.low), "width": round(at(one.high) - at(one.low), 1), "at": at(one.index),
                         "mark": at(1.0)})
        for one, name in zip(found, names, strict=True)
    ]  # fmt: skip


def _cluster(asked: Asked, by: Chosen, flat: Flat, number: int, row: dict[str, Any]) -> Found:
    since, until = (date.fromisoformat(row[name]) for name in ("since", "until"))
    place = _named(asked, by, flat, row["lon"], row["lat"], row["radius"], since, until)
    return Found(number, place, row, since, until)


def _named(
    asked: Asked, by: Chosen, flat: Flat, lon: float, lat: float, reach: float, since: date, until: date
) -> Named:
    """The place by its house or street, else by its areas, else in degrees; reports up to `reach` metres around it."""
    wide, high = flat.degrees(reach, reach)
    box = Box(lon - wide, lat - high, lon + wide, lat + high)
    pairs = [("layer", asked.counters.name)] + ([("category", by.category.code)] if by.category else [])
    pairs += [("from", since.isoformat()), ("to", until.isoformat()), ("box", str(box))]
    return Named(float(lon), float(lat), _words(asked, float(lon), float(lat)), urlencode(pairs))


def _words(asked: Asked, lon: float, lat: float) -> str:
    point = Point(lon, lat, srid=WGS84)
    found = nearest_address(point, community=asked.community, on=asked.today)
    if found:
        return found.label
    areas = Area.objects.on(asked.today).filter(boundary__covers=point).order_by("division", "code")
    names = list(areas.values_list("name", flat=True)[:2])
    return ", ".join(names) or f"{lat:.4f}, {lon:.4f}"
