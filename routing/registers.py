"""What of a register lies around a point, and what of it is called so: for residents who choose a house or a lamp."""

import re
from datetime import date
from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import Point
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, F, FloatField, Func, IntegerField, QuerySet, Value, When
from django.db.models.functions import Cast

from geodata.models import WGS84
from geodata.trigrams import alike_from
from routing.models import Asset, Register

MAX_SEARCH = 300  # characters, as in routing.models.Asset
MAX_TYPED = 100  # characters of what a resident types that are looked at
DEGREE = 111_000  # metres of a meridian, no less
SHORTEST_DEGREE = 0.4  # of that along a parallel, as far north as 66°
MEASURED = 8  # times as many as are asked for: a degree to the east is shorter than one to the north
ALIKE = 0.4  # share of its pairs and triples of letters that a mistyped name must have in common

_APOSTROPHES = re.compile("['’`‘ʼ]")
_MARKS = re.compile(r"[^\w/ʼ-]+|(?<!\w)-|-(?!\w)")
# Types of streets, as registers and people write them: «вулиця» is no part of a name, «Набережна» may be one.
_TYPES = re.compile(
    r"(?<![\w-])(вул(иця|иці|ицю)?|просп(ект|екту)?|пр-к?т|пров(улок|улку)?|бульв(ар|ару)?|б-р|пл(оща|ощі|ощу)?|"
    r"буд(инок)?|street|st)(?![\w-])"
)
_INSIDE = re.compile(r"(?<![\w-])(кв(артира)?|під(ʼїзд)?) ?\d+(?!\w)")  # of a house: the flat, the entrance
# «12 корп. 2», «12-А» and «12 а» are written in one piece.
_PART = re.compile(r"(?<!\w)(\d+\w?) ?(?:корпус|корп|к) ?(\d+)(?!\w)")
_LETTER = re.compile(r"(?<!\w)(\d+(?:/\d+)?)[ -]?([^\W\d_])(?!\w)")
_NUMBER = re.compile(r"\d[\w/-]*")
# Latin letters that look like ours: registers have «12A» from both keyboards.
_TWINS = str.maketrans("abcehikmoptxy", "авсенікмортху")


def search_text(text: str) -> str:
    """What a thing is found by: small letters, one kind of apostrophe, no types of streets, «12-А» as «12а»."""
    plain = _MARKS.sub(" ", _APOSTROPHES.sub("ʼ", text.casefold()))
    words = " ".join(_INSIDE.sub(" ", _TYPES.sub(" ", plain)).split())
    whole = _PART.sub(r"\1к\2", words)
    return _LETTER.sub(lambda found: found[1] + found[2].translate(_TWINS), whole)[:MAX_SEARCH]


def nearest_assets(*, register: Register, point: Point, day: date, limit: int = 8, within: float = 200) -> list[Asset]:
    """Of the register's things in force on that day the nearest to the point (SRID 4326), within so many metres.

    Each has `metres`: 0 inside a polygon.
    """
    reach = within / DEGREE / SHORTEST_DEGREE
    box = Func(Value(point, GeometryField()), Value(reach), function="ST_Expand", output_field=GeometryField())
    near: Any = measured(Asset.objects.on(day).filter(register=register, geometry__bboverlaps=box), point)
    return list(near.filter(metres__lte=within).select_related("keeper").order_by("metres", "key")[:limit])


def find_assets(*, register: Register, text: str, near: Point | None = None, day: date, limit: int = 8) -> list[Asset]:
    """Things of the register that are called so on that day: first those with exactly the number that was typed, then
    the most alike, then the nearest. Only when nothing is called so, names with a mistyped letter or two are taken.
    """
    words = search_text(text[:MAX_TYPED]).split()
    if not words:
        return []
    # «8 березня» is a name, «8 березня 12» a house in it.
    number = words.pop() if _NUMBER.fullmatch(words[-1]) else ""
    name = " ".join(words)
    rows = _numbered(Asset.objects.on(day).filter(register=register), number)
    if not name:
        return _first(rows.annotate(alike=Value(0.0, FloatField())), near, limit)
    alike = rows.annotate(alike=TrigramWordSimilarity(name, "search")).filter(search__trigram_word_similar=name)
    found = _first(alike, near, limit)
    if not found:
        with alike_from(ALIKE):
            found = _first(alike, near, limit)
    return found


def _numbered(rows: "QuerySet[Asset]", number: str) -> "QuerySet[Asset]":
    """Rows whose last word is the number or begins with it: of «12» these are 12, 12а, 120, in this order."""
    if not number:
        return rows.annotate(exact=Value(0, IntegerField()))
    start = rf"(^| ){re.escape(number)}"
    exact = Case(
        When(search__regex=rf"{start}$", then=Value(2)),
        When(search__regex=rf"{start}\D", then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return rows.filter(search__regex=start).annotate(exact=exact)


def _first(rows: Any, near: Point | None, limit: int) -> list[Asset]:
    if near is None:
        return list(rows.select_related("keeper").order_by("-alike", "-exact", "name", "number", "key")[:limit])
    # Distances in degrees are quick and rank well enough to leave out what is far; metres are measured of a few.
    away: Any = Func(F("geometry"), Value(near, GeometryField()), function="ST_Distance", output_field=FloatField())
    ranked = rows.order_by("-alike", "-exact", away).values_list("pk", "alike", "exact")
    ranks = {pk: (-alike, -exact) for pk, alike, exact in ranked[: limit * MEASURED]}
    chosen: Any = measured(Asset.objects.filter(pk__in=ranks), near).select_related("keeper")
    return sorted(chosen, key=lambda row: (*ranks[row.pk], row.metres, row.name, row.number, row.key))[:limit]


def measured(rows: "QuerySet[Asset]", point: Point) -> "QuerySet[Asset]":
    """The rows with `metres`: their distance to the point (SRID 4326) on the ellipsoid."""
    ground = GeometryField(geography=True, srid=WGS84)
    metres = Func(
        Cast(F("geometry"), ground),
        Cast(Value(point, GeometryField()), ground),
        function="ST_Distance",
        output_field=FloatField(),
    )
    return rows.annotate(metres=metres)
