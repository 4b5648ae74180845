"""The tables of statistics as files: CSV, GeoJSON of areas, and days as JSON for the chart that zooms."""

import csv
import io
import json
from dataclasses import replace
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.community import community_of
from geodata.models import Area
from routing.models import Category
from stats.asked import Asked
from stats.asking import ask
from stats.numbers import Kind, Place, by_day
from stats.tables import TABLES, Table, area_features
from stats.views import asked_by

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SHAPES = "SELECT id, ST_AsGeoJSON(boundary, 6) FROM geodata_area WHERE id = ANY (%s)"


@never_cache
@require_safe
def table(request: HttpRequest, table: str) -> HttpResponse:
    """One table as CSV."""
    if table not in TABLES:
        raise Http404("No such table.")
    question = asked_by(request)
    place = place_of(request, question)
    if place.category and (table == "days" or (table == "areas" and place.kind == Kind.ORGANISATION)):
        raise Http404("These are kept of all kinds together only.")
    return as_csv(question.community.slug, table, TABLES[table](question, place))


def as_csv(slug: str, name: str, found: Table) -> HttpResponse:
    """A table as a file: UTF-8 with a mark that spreadsheets need, RFC 4180."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(found.columns)
    rows.writerows([cell(value) for value in row] for row in found.rows)
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{name}.csv"'
    return response


@never_cache
@require_safe
def areas_geojson(request: HttpRequest) -> HttpResponse:
    """Areas of a division with their numbers, RFC 7946."""
    question = asked_by(request)
    features = area_features(question, place_of(request, question))
    shapes = dict(ask(_SHAPES, [key for key, _row in features]))
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": key, "geometry": json.loads(shapes[key]), "properties": row}
            for key, row in features
        ],
    }
    response = JsonResponse(document, content_type="application/geo+json", json_dumps_params={"ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{question.community.slug}-areas.geojson"'
    return response


@never_cache
@require_safe
def days_json(request: HttpRequest) -> JsonResponse:
    """Columns for the chart: days as Unix seconds (00:00 UTC), what was opened and what was closed."""
    question = asked_by(request)
    place = place_of(request, question)
    if place.category:
        raise Http404("Days are kept of all kinds together only.")
    told = dict(by_day(place, question.period))
    first = min(told, default=question.period.since).toordinal()
    days = [date.fromordinal(number) for number in range(first, question.period.until.toordinal())]
    return JsonResponse(
        {
            "days": [(day - date(1970, 1, 1)).days * 86_400 for day in days],
            "opened": [told[day]["opened"] if day in told else 0 for day in days],
            "closed": [told[day]["closed"] if day in told else 0 for day in days],
        }
    )


def place_of(request: HttpRequest, question: Asked) -> Place:
    """Whom `area`, `organisation` (keys) or `category` (a code) names; the community without them."""
    place = question.whole
    if key := _number(request.GET.get("area", "")):
        if not Area.objects.filter(community=community_of(request), pk=key).exists():
            raise Http404("No such area.")
        place = replace(place, kind=Kind.AREA, key=key)
    elif key := _number(request.GET.get("organisation", "")):
        place = replace(place, kind=Kind.ORGANISATION, key=key)
    if code := request.GET.get("category", "").replace("\0", ""):
        kind = Category.objects.filter(code=code).first()
        if kind is None:
            raise Http404("No such kind.")
        place = replace(place, category=kind.pk)
    return place


def _number(text: str) -> int:
    """0 for what is no key."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def cell(value: Any) -> Any:
    """Words that a spreadsheet would take for a formula begin with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(BEGINS_A_FORMULA) else value
