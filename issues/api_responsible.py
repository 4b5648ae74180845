"""Who would answer at a place, in codes, for other people's programs."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import anonymous_allowance, secret_in
from api.problems import ProblemError
from api.views import ApiView
from geodata.community import community_of
from geodata.models import WGS84, Community
from issues.actions import who_answers
from issues.api_shapes import VerdictSerializer
from issues.forms import coordinates_in
from issues.places import refusal
from issues.questions import PREFIX
from routing.models import Asset, Category, Question
from routing.responsibility import OutsideCommunityError, Verdict, decide_by_names

# Conditions of a rule that outsiders may read, as a trace names them.
RULE = (
    "category", "division", "area_code", "register", "asks", "within", "answers", "weekdays", "hours_from", "hours_to",
    "valid_from", "valid_to", "priority",
)  # fmt: skip
FOUND = ("key", "name", "number", "metres")  # of the asset that a rule found
OTHER = ("area", "asset", "metres")  # of the other owner who makes a decision doubtful


def answered_at_once(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The plain question of anybody, a place and a category, is one statement for the database; all others, and what is
    wrong, take the longer way."""

    @wraps(view)
    def inner(request: HttpRequest, community: str) -> HttpResponseBase:
        return _at_once(request, community) or view(request, community)

    return inner


def _at_once(request: HttpRequest, community: str) -> HttpResponseBase | None:
    place = _place(request.GET)
    is_plain = request.method in {"GET", "HEAD"} and secret_in(request) is None
    if not place or not is_plain or set(request.GET) != {"lat", "lon", "category"} or "\0" in request.GET["category"]:
        return None
    if anonymous_allowance(request).left < 0:
        return None
    lon, lat = place
    verdict = decide_by_names(lon=lon, lat=lat, slug=community, code=request.GET["category"], at=timezone.now())
    if not verdict:
        return None
    answer = JsonResponse(_told(verdict), json_dumps_params={"ensure_ascii": False})
    answer.headers["Cache-Control"] = "no-store"
    return answer


class Responsible(ApiView):
    """GET /api/v1/<community>/responsible/?lat=&lon=&category=: who would answer for a report there and now, and why.

    `answer-<question>` holds the code of an answer, `asset` the key of one in the category's register. A problem of
    status 422, with `error`, for what cannot be asked. Codes and numbers only; nothing is kept.
    """

    @extend_schema(
        operation_id="responsible_retrieve",
        summary=gettext_lazy("Who would answer for a report at a place, and why"),
        parameters=[
            OpenApiParameter("lat", float, required=True, description=gettext_lazy("Latitude, degrees.")),
            OpenApiParameter("lon", float, required=True, description=gettext_lazy("Longitude, degrees.")),
            OpenApiParameter("category", str, required=True, description=gettext_lazy("Code of the category.")),
            OpenApiParameter(
                "asset", str, description=gettext_lazy("Key of a house, lamp… in the category's register.")
            ),
            OpenApiParameter(
                "answer-{question}", str, description=gettext_lazy("Code of the answer to a question, by its code.")
            ),
        ],
        responses=VerdictSerializer,
    )
    def get(self, request: Request) -> Response:
        verdict = _verdict(request.query_params, community_of(request._request), at=timezone.now())
        return Response(_told(verdict), headers={"Cache-Control": "no-store"})


def _place(given: Mapping[str, str]) -> tuple[float, float] | None:
    """(lon, lat) of the address; None when it names no place."""
    return coordinates_in(f"{given.get('lat', '')}, {given.get('lon', '')}")


def _verdict(given: Any, community: Community, *, at: Any) -> Verdict:
    place = _place(given)
    if place is None:
        _refuse(_("Name the place: lat and lon, degrees."))
    known = Category.objects.filter(community=community, is_active=True)
    code = given.get("category", "")
    category = None if "\0" in code else known.filter(code=code).first()  # the database takes no NUL
    if category is None:
        codes = ", ".join(known.values_list("code", flat=True))
        _refuse(_("Name the category by its code: %(codes)s.") % {"codes": codes})
    try:
        asset = _asset(category, given.get("asset", ""), community)
    except Asset.DoesNotExist:
        _refuse(_("The register of this category holds nothing with this key."))
    answers = {name.removeprefix(PREFIX): text for name, text in given.dict().items() if name.startswith(PREFIX)}
    if strange := _strange(category, answers):
        _refuse(_("This category has no such question or answer: %(what)s.") % {"what": strange})
    point = Point(*place, srid=WGS84)
    try:
        return who_answers(category=category, point=point, community=community, at=at, answers=answers, asset=asset)
    except OutsideCommunityError as found:
        words, elsewhere = refusal(found, community)
        _refuse(words, elsewhere=elsewhere)


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


def _refuse(words: str, **more: Any) -> NoReturn:
    raise ProblemError("refused", words, more={"error": words} | more)
