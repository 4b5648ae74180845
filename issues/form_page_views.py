"""The page of the report form: what it shows, whoever asks for it and however far it is filled in."""

from typing import Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from geodata.boxes import Corner
from geodata.community import community_of
from geodata.map_config import base_config
from geodata.models import WGS84, Community, local_name
from issues import kept_answers
from issues.forms import PlaceForm, ReportForm
from issues.place_choice import found_for, words_near
from issues.places import example, outside, refusal
from issues.tapmap import View, box_to_show, image_sizes, number
from issues.uploads import MOST_PHOTOS
from media import drafts
from media.models import Photo
from routing.dangers import dangers_of
from routing.models import Category, Question


def form_page(
    request: HttpRequest,
    form: ReportForm,
    *,
    photos: list[Photo],
    status: int = 200,
    view: View | None = None,
    template: str = "issues/report.html",
    **more: Any,
) -> HttpResponse:
    """The page of the form. `more`: photo_errors, answerer, is_asking, is_again, kept, preview, and what
    issues/similar.html shows."""
    community = community_of(request)
    context = place_context(form, community, given=request.POST, view=view) | {
        "photos": [drafts.as_kept(photo, community=community) for photo in photos],
        "stray_photos": {drafts.key_for(photo) for photo in photos if _is_stray(photo, community)},
        "photo_errors": [],
        "most_photos": MOST_PHOTOS,
        "place_trouble": _place_trouble(form, photos, community),
        "private": True,
        "service_worker": settings.SERVICE_WORKER,
        "dangers_here": dangers_of(community),
    }
    return render(request, template, context | more, status=status)


def _place_trouble(form: ReportForm, photos: list[Photo], community: Community) -> str:
    """Why the place that the form has is none, or why that of its photos was not taken; "" when all is well."""
    place = form_place(form)
    if place:
        stray = outside(Point(*place, srid=WGS84), community)
        return refusal(stray, community).words if stray and not form.errors else ""
    if any(_is_stray(photo, community) for photo in photos):
        here = {"name": local_name(community, get_language() or "uk")}
        return _("The photo was taken outside %(name)s. Show the place on the map.") % here
    return ""


def _is_stray(photo: Photo, community: Community) -> bool:
    """True for a photo that was taken outside the community."""
    return photo.taken_at is not None and outside(photo.taken_at, community) is not None


def place_context(
    form: PlaceForm, community: Community, *, given: QueryDict, view: View | None = None
) -> dict[str, Any]:
    """What the map and the categories of a form need. `given`: what the form sent; `view`: where to look first."""
    language, on = get_language() or "uk", community.day_of(timezone.now())
    address = str(form["address"].value() or "")
    rows = Category.objects.filter(community=community, is_active=True)
    asking = set(Question.objects.filter(community=community).values_list("category", flat=True))
    return {
        "form": form,
        "categories": [
            {
                "code": row.code,
                "name": local_name(row, language),
                "icon": row.icon,
                "asks": row.register_id is not None or row.pk in asking,
            }
            for row in rows
        ],
        "kept_answers": kept_answers.carried(form.data or form.initial, str(form["category"].value() or "")),
        "place_example": example(community),
        "place_near": words_near(form_place(form), community=community, on=on),
        "place_found": found_for(given, address, community=community, on=on, place=form_place(form)),
        "place_box": box_to_show(given, form_place(form), community, view),
        "place_images": image_sizes(),
        "map_config": base_config(community) | {"view": view._asdict() if view else None},
    }


def form_place(form: PlaceForm) -> Corner | None:
    """Longitude and latitude that the form would send."""
    lon, lat = number(form["lon"].value()), number(form["lat"].value())
    return (lon, lat) if (lon or lat) and abs(lon) <= 180 and abs(lat) <= 90 else None
