"""The page of a shape that somebody draws, the numbers alone as the map asks for them, and downloads."""

import csv
import io
from typing import Any

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from geodata.answers import kept
from geodata.boxes import Box, box_around, zoomed
from geodata.community import community_of
from geodata.map_config import base_config
from geodata.models import Community
from geodata.picture import HEIGHT, WIDTH, picture
from geodata.views import PICTURE_POLICY
from stats import saying
from stats.asked import Asked
from stats.drawn import Drawn, rings_of
from stats.shape_forms import ShapeForm, forms_of
from stats.shape_pages import CSV_COLUMNS, as_document, as_feature, as_rows, shape_page
from stats.shape_reading import MOST_CORNERS
from stats.table_views import cell
from stats.views import asked_by, today_of

AIR = 1.3  # how much wider than a shape its picture is


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def shape(request: HttpRequest) -> HttpResponse:
    """The map or picture to draw on, the forms, and the numbers of what is drawn; 400 with a mistake in it.

    What is pasted may be longer than an address: it is posted, and answered with the address of the shape.
    """
    forms, drawn = _drawn(request)
    question = asked_by(request)
    if request.method == "POST" and drawn:
        return HttpResponseRedirect(f"{request.path}?{drawn.query}&period={question.period.code}", status=303)
    context = _context(question, drawn) | {
        "forms": forms,
        "here": "stats_shape",
        "kept_pairs": drawn.pairs if drawn else (),
        "map_config": base_config(question.community) | {"drawn": _for_map(drawn)},
        "most_corners": MOST_CORNERS,
    }
    has_mistake = any(form.errors for form in forms.values())
    return render(request, "stats/shape.html", context, status=400 if has_mistake else 200)


@never_cache
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """The numbers alone, as a fragment of that page; 422 with the reason in words for what is no shape."""
    forms, drawn = _drawn(request)
    if drawn is None:
        return HttpResponse(_reason(forms), status=422, content_type="text/plain; charset=utf-8")
    return render(request, "stats/shape_numbers.html", _context(asked_by(request), drawn))


@csp(PICTURE_POLICY)
@require_safe
def image(request: HttpRequest) -> HttpResponseBase:
    """The shape over the drawn base map; without a shape the whole community."""
    _forms, drawn = _drawn(request)
    community = community_of(request)
    text = picture(community, _box(community, drawn), on=today_of(request), outline=drawn.rings if drawn else ())
    return kept(request, HttpResponse(text, content_type="image/svg+xml; charset=utf-8"))


@never_cache
@require_safe
def download(request: HttpRequest, kind: str) -> HttpResponse:
    """CSV, GeoJSON or JSON of a shape's numbers; 400 with the reason for what is no shape."""
    forms, drawn = _drawn(request)
    if drawn is None:
        return HttpResponse(_reason(forms), status=400, content_type="text/plain; charset=utf-8")
    question = asked_by(request)
    if kind == "csv":
        response = HttpResponse(_csv(question, drawn), content_type="text/csv; charset=utf-8")
    else:
        build, mime = (as_feature, "application/geo+json") if kind == "geojson" else (as_document, "application/json")
        response = JsonResponse(build(question, drawn), content_type=mime, json_dumps_params={"ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{question.community.slug}-shape.{kind}"'
    return response


def _drawn(request: HttpRequest) -> tuple[dict[str, ShapeForm], Drawn | None]:
    """The forms, and the shape that is asked for: None where there is none, or a mistake in it."""
    asked = request.POST if request.method == "POST" else request.GET
    forms = forms_of(asked, community_of(request), today_of(request))
    return forms, next((form.drawn for form in forms.values() if form.is_bound and form.is_valid()), None)


def _box(community: Community, drawn: Drawn | None) -> Box:
    """What the picture shows: the shape with some air, else the community."""
    if drawn:
        return zoomed(drawn.box, AIR)
    if bounds := community.bounds():
        return zoomed(Box(*bounds), AIR)
    return box_around((community.centre.x, community.centre.y), community.zoom, WIDTH, HEIGHT)


def _reason(forms: dict[str, ShapeForm]) -> str:
    told = [str(words) for form in forms.values() for field in form.errors.values() for words in field]
    return " ".join(told) or _("A shape is needed: shape=lon,lat;lon,lat;lon,lat")


def _context(question: Asked, drawn: Drawn | None) -> dict[str, Any]:
    page = shape_page(question, drawn) if drawn else None
    fix = page.profile.fix if page else None
    return {
        "asked": question,
        "page": page,
        "drawn": drawn,
        "square_kilometres": drawn.square_metres / 1e6 if drawn else 0,
        "how_exact": saying.about(fix) if fix else "",
    }


def _for_map(drawn: Drawn | None) -> dict[str, Any] | None:
    """What the map draws: MultiPolygon coordinates, and the box to look at."""
    return {"coordinates": rings_of(drawn.shape), "box": drawn.box} if drawn else None


def _csv(question: Asked, drawn: Drawn) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    rows.writerows([cell(value) for value in row] for row in as_rows(question, drawn))
    return "\ufeff" + text.getvalue()
