"""The report form, with JavaScript and without, and the preview of who will answer."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Any, NamedTuple

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Organisation
from core.tokens import secret_of
from geodata.boxes import MIN_ZOOM, BadBoxError, Box, Corner, box_around, parse_box, point_at, zoomed
from geodata.community import community_of
from geodata.map_config import base_config
from geodata.models import WGS84, Community, local_name
from issues.actions import NewReport, author_token, promise, report_issue, was_sent, who_answers
from issues.forms import ReportForm, coordinates_in
from issues.places import example, outside, refusal
from issues.uploads import MOST_PHOTOS, kept_photos
from media import drafts
from media.models import Photo
from routing.explain import Considered, considered, why
from routing.models import Category
from routing.responsibility import OutsideCommunityError

IMAGE_WIDTH, IMAGE_HEIGHT = 800, 560  # px of the drawn map that is tapped without JavaScript
# Names of the image buttons and the width in px at which they stand on the page: browsers send pixels of that.
TAPPED = {"tap": 640, "tap_small": 320}
CLOSE_ZOOM = 16
CLOSER = 0.4  # how much of each side a tap keeps


class View(NamedTuple):
    """Where a map looks: its middle (longitude, latitude) and its zoom."""

    centre: Corner
    zoom: float


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who will answer a report at this place, and by when: shown before it is sent."""

    organisation: Organisation | None = None  # None: nobody is named, and the community's staff look for somebody
    name: str = ""
    icon: str = ""
    is_fallback: bool = False
    due_on: date | None = None
    working_days: int = 0
    why: list[str] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    seen: str = ""
    refusal: str = ""
    elsewhere: dict[str, str] | None = None


def answerer_for(*, category: Category, point: Point, community: Community, at: datetime) -> Answerer:
    """The decision and the promise that a report here and now would get, in words."""
    try:
        verdict = who_answers(category=category, point=point, community=community, at=at)
    except OutsideCommunityError as found:
        return _refused(found, community)
    language = get_language() or "uk"
    names = {row.code: local_name(row, language) for row in Category.objects.filter(community=community)}
    due_on = promise(category=category, community=community, at=at).due_on
    organisation = Organisation.objects.filter(pk=verdict.organisation or 0).first()
    return Answerer(
        organisation=organisation,
        name=local_name(organisation or community, language),
        icon=organisation.icon if organisation else "building",
        is_fallback=verdict.is_fallback,
        due_on=due_on,
        working_days=category.working_days,
        why=why(verdict.trace, names),
        considered=considered(verdict.trace, names),
        seen=f"{verdict.organisation or 0}:{due_on.isoformat()}",
    )


def _refused(found: OutsideCommunityError, community: Community) -> Answerer:
    words, elsewhere = refusal(found, community)
    return Answerer(refusal=words, elsewhere=elsewhere)


@never_cache
@require_safe
def answerer(request: HttpRequest) -> HttpResponse:
    """The preview as a fragment of HTML, for the place and the category in the query.

    A place alone is enough to say that it is outside.
    """
    community = community_of(request)
    asked = request.GET.get("category", "")
    choices = Category.objects.filter(community=community, is_active=True)
    category = next((choice for choice in choices if choice.code == asked), None)
    place = coordinates_in(f"{request.GET.get('lat', '')}, {request.GET.get('lon', '')}")
    if place is None or (asked and category is None):
        return render(request, "issues/answerer.html", {"answerer": None}, status=422)
    point = Point(*place, srid=WGS84)
    if category is None:
        stray = outside(point, community)
        return render(request, "issues/answerer.html", {"answerer": _refused(stray, community) if stray else None})
    found = answerer_for(category=category, point=point, community=community, at=timezone.now())
    return render(request, "issues/answerer.html", {"answerer": found})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form of a new report. Whatever goes wrong, what was typed and uploaded comes back."""
    at = timezone.now()
    if request.method != "POST":
        return _opened(request, at=at)
    return _Submission(request, at=at).answer()


def _opened(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """The empty form. The address may name a place: the middle of a map, taken only when that map (`zoom`) was close
    enough to point at something. From farther away, and outside the community, it is at most where to look."""
    community = community_of(request)
    initial: dict[str, Any] = {"key": uuid.uuid4(), "category": request.GET.get("category", "")}
    view = None
    place = coordinates_in(f"{request.GET.get('lat', '')}, {request.GET.get('lon', '')}")
    if place and not outside(Point(*place, srid=WGS84), community):
        zoom = _number(request.GET.get("zoom", CLOSE_ZOOM))
        if zoom >= CLOSE_ZOOM:
            initial |= {"lon": f"{place[0]:.6f}", "lat": f"{place[1]:.6f}"}
        else:
            view = View(place, max(zoom, MIN_ZOOM))
    return _page(request, ReportForm(initial=initial, community=community), photos=[], at=at, view=view)


class _Submission:
    """One POST of the form: what it asks for, and the page that answers."""

    def __init__(self, request: HttpRequest, *, at: datetime) -> None:
        self.request, self.at = request, at
        self.community = community_of(request)
        self.do = request.POST.get("do", "send")
        keys = [key for key in request.POST.getlist("photo_key") if self.do != f"drop:{key}"]
        self.photos, self.refused = kept_photos(keys, request, at=at)
        self.data = self._with_place(request.POST.copy())
        self.form = ReportForm(self.data, community=self.community)

    def answer(self) -> HttpResponse:
        """The receipt after sending; otherwise the form again, with everything in it."""
        if _tapped(self.data) or self.do.startswith(("drop:", "zoom", "add")):
            unchecked = ReportForm(initial=self.data.dict(), community=self.community)
            return self._again(unchecked, status=200)
        valid, given = self.form.is_valid(), self.form.cleaned_data
        if valid and self.do == "send" and was_sent(self._report(), community=self.community):
            return self._send()
        if not valid or self.refused:
            return self._again(self.form, status=422, answerer=self._answerer(given))
        now = answerer_for(category=given["category"], point=given["point"], community=self.community, at=self.at)
        if now.refusal:
            self.form.add_error("address", now.refusal)
            return self._again(self.form, status=422, answerer=now)
        if self.do == "check" or given["seen"] != now.seen:
            return self._again(self.form, status=200, answerer=now)
        return self._send()

    def _answerer(self, given: dict[str, Any]) -> Answerer | None:
        """Who will answer, as far as the form tells: an error elsewhere does not take that away."""
        if "category" not in given or "point" not in given:
            return None
        return answerer_for(category=given["category"], point=given["point"], community=self.community, at=self.at)

    def _report(self) -> NewReport:
        given = self.form.cleaned_data
        return NewReport(
            category=given["category"],
            point=given["point"],
            text=given["text"],
            address="" if coordinates_in(given["address"]) else given["address"],
            email=given["email"],
            language=(get_language() or "uk")[:2],
            photos=self.photos,
            request_key=given["key"],
        )

    def _send(self) -> HttpResponse:
        user = self.request.user
        issue = report_issue(
            new=self._report(),
            community=self.community,
            at=self.at,
            reporter=user if user.is_authenticated else None,
        )
        secret = secret_of(author_token(issue))
        return HttpResponseRedirect(reverse("mine", args=[self.community.slug, secret]) + "?new")

    def _with_place(self, data: QueryDict) -> QueryDict:
        """A tap on the drawn map, or else the place of a photo, becomes lon and lat."""
        tapped = _tapped(data)
        if tapped:
            box = _shown_box(data.get("tap_box", ""), self.community)
            place: tuple[float, ...] | None = point_at(box, *tapped, IMAGE_WIDTH, IMAGE_HEIGHT)
        elif data.get("lon") or coordinates_in(data.get("address", "")):
            place = None
        else:
            taken = [photo.taken_at for photo in self.photos if photo.taken_at]
            place = next((point.coords for point in taken if not outside(point, self.community)), None)
        if place:
            data["lon"], data["lat"] = (f"{part:.6f}" for part in place)
        return data

    def _again(self, form: ReportForm, *, status: int, answerer: Answerer | None = None) -> HttpResponse:
        return _page(
            self.request, form, photos=self.photos, at=self.at, status=status, refused=self.refused, answerer=answerer
        )


def _page(
    request: HttpRequest,
    form: ReportForm,
    *,
    photos: list[Photo],
    at: datetime,
    status: int = 200,
    refused: list[str] | None = None,
    answerer: Answerer | None = None,
    view: View | None = None,
) -> HttpResponse:
    community = community_of(request)
    language = get_language() or "uk"
    rows = Category.objects.filter(community=community, is_active=True)
    context: dict[str, Any] = {
        "form": form,
        "categories": [{"code": row.code, "name": local_name(row, language), "icon": row.icon} for row in rows],
        "photos": [drafts.as_kept(photo, community=community) for photo in photos],
        "stray_photos": {drafts.key_for(photo) for photo in photos if _is_stray(photo, community)},
        "photo_errors": refused or [],
        "most_photos": MOST_PHOTOS,
        "answerer": answerer,
        "place_trouble": _place_trouble(form, photos, community),
        "place_example": example(community),
        "place_box": _box(request, form, community, view),
        "place_images": [(name, width, width * IMAGE_HEIGHT // IMAGE_WIDTH) for name, width in TAPPED.items()],
        "map_config": base_config(community) | {"view": view._asdict() if view else None},
    }
    return render(request, "issues/report.html", context, status=status)


def _place_trouble(form: ReportForm, photos: list[Photo], community: Community) -> str:
    """Why the place that the form has is none, or why that of its photos was not taken; "" when all is well."""
    place = _place(form)
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


def _place(form: ReportForm) -> Corner | None:
    """Longitude and latitude that the form would send."""
    lon, lat = _number(form["lon"].value()), _number(form["lat"].value())
    return (lon, lat) if (lon or lat) and abs(lon) <= 180 and abs(lat) <= 90 else None


def _box(request: HttpRequest, form: ReportForm, community: Community, view: View | None) -> str:
    """The view of the map that is tapped without JavaScript: the community, or closer around the chosen place."""
    if view:
        return str(box_around(view.centre, view.zoom, IMAGE_WIDTH, IMAGE_HEIGHT))
    place = _place(form)
    shown = _shown_box(request.POST.get("tap_box", ""), community)
    do = request.POST.get("do", "")
    if _tapped(request.POST) or do == "zoom_in":
        return str(zoomed(shown, CLOSER, place))
    if do == "zoom_out":
        return str(zoomed(shown, 1 / CLOSER, place))
    if place and "tap_box" not in request.POST:
        return str(box_around(place, CLOSE_ZOOM, IMAGE_WIDTH, IMAGE_HEIGHT))
    return str(shown)


def _tapped(data: QueryDict) -> tuple[float, float] | None:
    """The pixel of the IMAGE_WIDTH × IMAGE_HEIGHT picture that was tapped, or None."""
    for name, width in TAPPED.items():
        if f"{name}.x" in data and f"{name}.y" in data:
            scale = IMAGE_WIDTH / width
            x, y = _number(data[f"{name}.x"]) * scale, _number(data[f"{name}.y"]) * scale
            return min(max(x, 0.0), IMAGE_WIDTH), min(max(y, 0.0), IMAGE_HEIGHT)
    return None


def _shown_box(text: str, community: Community) -> Box:
    """The box that the form says it showed; the whole community when it says none."""
    try:
        return parse_box(text)
    except BadBoxError:
        if community.boundary:
            return Box(*community.boundary.extent)
        return box_around((community.centre.x, community.centre.y), community.zoom, IMAGE_WIDTH, IMAGE_HEIGHT)


def _number(text: Any) -> float:
    """The finite number that the text is, else 0."""
    try:
        number = float(text or 0)
    except (TypeError, ValueError):
        return 0.0
    return number if isfinite(number) else 0.0
