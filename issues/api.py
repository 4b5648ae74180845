"""For journalists and developers: public reports as GeoJSON, and who would answer at a place.

For lists and downloads; the map reads SQL's own JSON.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, IntegerField, SerializerMethodField
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from core.models import STRANGER
from geodata.community import community_of, in_community
from geodata.models import WGS84, Community
from issues.actions import who_answers
from issues.forms import coordinates_in
from issues.layer import state_group
from issues.models import Issue
from issues.on_the_map import PUBLIC_PLACE
from issues.places import refusal
from issues.questions import PREFIX
from issues.states import Group
from issues.support import count_of_supporters
from routing.models import Asset, Category, Question
from routing.responsibility import OutsideCommunityError, Verdict, decide_by_names

# Conditions of a rule that outsiders may read, as a trace names them.
RULE = (
    "category", "division", "area_code", "register", "asks", "within", "answers", "weekdays", "hours_from", "hours_to",
    "valid_from", "valid_to", "priority",
)  # fmt: skip
FOUND = ("key", "name", "number", "metres")  # of the asset that a rule found
OTHER = ("area", "asset", "metres")  # of the other owner who makes a decision doubtful


class IssueSerializer(GeoFeatureModelSerializer):  # type: ignore[misc]
    """One report as a GeoJSON feature (lon, lat); `fields` is the allow-list of what strangers may see."""

    place = GeometryField(precision=6)
    category = CharField(source="category.code")
    state_group = CharField()
    supporters = IntegerField()
    url = SerializerMethodField()

    class Meta:
        model = Issue
        geo_field = "place"
        id_field = "number"
        fields = (
            "number", "title", "text", "category", "state", "state_group", "created_at", "due_on", "changed_at", "url",
            "supporters",
        )  # fmt: skip

    def get_url(self, issue: Issue) -> str:
        """Address of the public page."""
        return str(self.context["request"].build_absolute_uri(issue.get_absolute_url()))


class GeoJsonCursor(CursorPagination):
    """Keyset pages of a FeatureCollection; `next` and `previous` are addresses or null."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = ("-created_at", "-id")

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place in the list that the address names. Raises NotFound for what is no place: it was made up."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not _is_moment(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "previous": self.get_previous_link()}
        return Response({"type": "FeatureCollection"} | links | {"features": data["features"]})


def _is_moment(text: str) -> bool:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return False
    return moment is not None and timezone.is_aware(moment)


class IssueList(ListAPIView):  # type: ignore[type-arg]
    """GET /api/v1/<community>/issues/: public reports, the newest first; `state` and `category` may repeat."""

    permission_classes = (AllowAny,)
    serializer_class = IssueSerializer
    pagination_class = GeoJsonCursor

    def get_queryset(self) -> QuerySet[Issue]:
        """What strangers may see, whoever asks: this is open data."""
        community = community_of(self.request._request)
        rows = Issue.objects.filter(community=community).visible_to(STRANGER)
        groups = [group for group in self.request.query_params.getlist("state") if group in Group.values]
        codes = self.request.query_params.getlist("category")
        if groups:
            rows = rows.in_groups(groups)
        if codes:  # compared here: the database takes no NUL, and a code that nobody has is nobody's report
            known = Category.objects.filter(community=community)
            rows = rows.filter(category__in=[category.pk for category in known if category.code in codes])
        return rows.select_related("category", "community").annotate(
            place=PUBLIC_PLACE, state_group=state_group(), supporters=count_of_supporters()
        )


@require_safe
def responsible(request: HttpRequest, community: str) -> HttpResponseBase:
    """GET /api/v1/<community>/responsible/?lat=&lon=&category=: who would answer for a report there and now, and why.

    `answer-<question>` holds the code of an answer, `asset` the key of one in the category's register. 422 with
    {"error"} for what cannot be asked. Codes and numbers only; nothing is kept.

    The plain question, a place and a category, is one statement; all others, and what is wrong, take the longer way.
    """
    place = _place(request)
    if place and set(request.GET) == {"lat", "lon", "category"} and "\0" not in request.GET["category"]:
        lon, lat = place
        verdict = decide_by_names(lon=lon, lat=lat, slug=community, code=request.GET["category"], at=timezone.now())
        if verdict:
            return _answer(_told(verdict))
    return in_community(_responsible)(request, community)


def _place(request: HttpRequest) -> tuple[float, float] | None:
    """(lon, lat) of the address; None when it names no place."""
    return coordinates_in(f"{request.GET.get('lat', '')}, {request.GET.get('lon', '')}")


def _responsible(request: HttpRequest) -> JsonResponse:
    community, at = community_of(request), timezone.now()
    place = _place(request)
    if place is None:
        return _refused(_("Name the place: lat and lon, degrees."))
    known = Category.objects.filter(community=community, is_active=True)
    code = request.GET.get("category", "")
    category = None if "\0" in code else known.filter(code=code).first()  # the database takes no NUL
    if category is None:
        codes = ", ".join(known.values_list("code", flat=True))
        return _refused(_("Name the category by its code: %(codes)s.") % {"codes": codes})
    try:
        asset = _asset(category, request.GET.get("asset", ""), community)
    except Asset.DoesNotExist:
        return _refused(_("The register of this category holds nothing with this key."))
    answers = {name.removeprefix(PREFIX): text for name, text in request.GET.dict().items() if name.startswith(PREFIX)}
    if strange := _strange(category, answers):
        return _refused(_("This category has no such question or answer: %(what)s.") % {"what": strange})
    point = Point(*place, srid=WGS84)
    try:
        verdict = who_answers(category=category, point=point, community=community, at=at, answers=answers, asset=asset)
    except OutsideCommunityError as found:
        words, elsewhere = refusal(found, community)
        return _refused(words, elsewhere=elsewhere)
    return _answer(_told(verdict))


def _asset(category: Category, key: str, community: Community) -> Asset | None:
    """The one with that key; None when none is named. Raises Asset.DoesNotExist."""
    if not key:
        return None
    if "\0" in key:  # the database takes none
        raise Asset.DoesNotExist
    today = community.day_of(timezone.now())
    found: Asset = Asset.objects.on(today).get(register=category.register_id, key=key)
    return found


def _strange(category: Category, answers: Mapping[str, str]) -> str:
    """The first question or answer that the category does not know; "" when it knows all."""
    if not answers:
        return ""
    known = {question.code: question.codes for question in Question.objects.filter(category=category)}
    return next((f"{code}={text}" for code, text in answers.items() if text not in known.get(code, ())), "")


def _told(verdict: Verdict) -> dict[str, Any]:
    """What outsiders may read of a verdict."""
    trace, doubt = verdict.trace, verdict.doubt
    bodies = {pk: {"name": owner["name"], "edrpou": owner["edrpou"]} for pk, owner in verdict.owners.items()}
    matched = trace["matched"]
    asset = matched and matched["asset"]
    return {
        "point": trace["point"],
        "at": trace["at"],
        "category": trace["category"],
        "answers": trace["answers"],
        "organisation": bodies.get(verdict.organisation or 0),
        "fallback": verdict.is_fallback,
        "informed": [bodies[told] for told in verdict.informed],
        "rule": matched
        and {name: matched[name] for name in RULE} | {"asset": asset and {name: asset[name] for name in FOUND}},
        "areas": [{name: area[name] for name in ("division", "code", "name")} for area in trace["areas"]],
        "doubt": doubt and {"organisation": bodies[doubt["organisation"]]} | {name: doubt[name] for name in OTHER},
    }


def _refused(words: str, **more: Any) -> JsonResponse:
    return _answer({"error": words} | more, status=422)


def _answer(told: dict[str, Any], *, status: int = 200) -> JsonResponse:
    return JsonResponse(told, status=status, json_dumps_params={"ensure_ascii": False})
