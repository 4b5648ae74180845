"""Sending a report by the API: photos first, then the report with their keys."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateField,
    DictField,
    EmailField,
    FloatField,
    IntegerField,
    ListField,
    Serializer,
    URLField,
)

from accounts.api import client_of, may
from accounts.api_once import done_once
from accounts.models import ApiKey
from api.problems import ProblemError, Wrong
from core.models import Visibility
from core.tokens import secret_of
from geodata.community import community_of
from issues.actions import author_token
from issues.answerer import Answerer
from issues.api import IssueList
from issues.api_writes import (
    dangers_field,
    dangers_told,
    device_field,
    photos_field,
    photos_named,
    refuse,
    refuse_open_dangers,
)
from issues.gate import NotAdmittedError
from issues.lookalikes import LookAlike
from issues.models import MAX_TEXT, Issue
from issues.program_reports import ProgramReport


class PointSerializer(Serializer[Any]):
    """A point of GeoJSON."""

    type = ChoiceField(choices=["Point"])
    coordinates = ListField(child=FloatField(), min_length=2, max_length=3, help_text=gettext_lazy("(lon, lat)"))


class NewReportSerializer(Serializer[Any]):
    """A report. What is right is decided where the form of the site decides it."""

    category = CharField(max_length=60, help_text=gettext_lazy("Code of the category."))
    location = PointSerializer(required=False)
    text = CharField(max_length=MAX_TEXT + 1000, trim_whitespace=False)
    address = CharField(max_length=2000, required=False, allow_blank=True)
    asset = CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text=gettext_lazy("Key in the category's register; “none”: it is not in the list."),
    )
    entrance = CharField(max_length=20, required=False, allow_blank=True)
    flat = CharField(max_length=40, required=False, allow_blank=True)
    answers = DictField(child=CharField(max_length=2000), required=False)
    photos = photos_field()
    email = EmailField(required=False, allow_blank=True)
    name = CharField(max_length=200, required=False, allow_blank=True)
    shows_name = BooleanField(required=False, help_text=gettext_lazy("Everybody sees the name."))
    language = ChoiceField(choices=["uk", "en"], required=False)
    device = device_field()
    dangers = dangers_field()
    confirmed = BooleanField(
        required=False, help_text=gettext_lazy("The resident looked closely at a place whose owner is in doubt.")
    )
    check = BooleanField(required=False, help_text=gettext_lazy("Send nothing: only tell what would come of it."))


class ReportAnswerSerializer(Serializer[Any]):
    """Who answers and by when; with `check` also what the resident is to be told first."""

    organisation = CharField(allow_null=True)
    due_on = DateField(allow_null=True)
    working_days = IntegerField()
    informed = ListField(child=CharField())
    why = ListField(child=CharField())
    dangers = ListField(child=DictField(child=CharField()), help_text=gettext_lazy("Code, name, phones and advice."))
    doubt = CharField(allow_blank=True, help_text=gettext_lazy("Another owner is near."))
    similar = ListField(child=DictField(), help_text=gettext_lazy("Number, title and address of what is known."))


class AcceptedSerializer(Serializer[Any]):
    """A report that was accepted."""

    number = IntegerField()
    url = URLField(help_text=gettext_lazy("Of the page that everybody sees, once the report is published."))
    author_token = CharField(help_text=gettext_lazy("Whoever has it acts as the author."))
    author_url = URLField(help_text=gettext_lazy("Of the author's page."))
    is_held = BooleanField(help_text=gettext_lazy("A moderator looks first."))
    organisation = CharField(allow_null=True)
    due_on = DateField()


class Reports(IssueList):
    """GET and POST /api/v1/<community>/issues/."""

    def get_permissions(self) -> Any:
        if self.request.method == "POST":
            return [may(ApiKey.Scope.REPORTS)()]
        return super().get_permissions()

    @extend_schema(
        operation_id="issues_create",
        summary=gettext_lazy("Send a report for a resident"),
        request=NewReportSerializer,
        responses={200: ReportAnswerSerializer, 201: AcceptedSerializer},
    )
    @done_once
    def post(self, request: Request) -> Response:
        report = _report(request)
        refuse(report.errors())
        answerer = inside(report)
        if report.given.get("check"):
            return Response(would_be(report, answerer, report.similar(), request))
        refuse_open_dangers(report.warnings())
        refuse_doubt(report, answerer)
        try:
            issue = report.send()
        except NotAdmittedError as refusal:
            raise Throttled(wait=refusal.seconds) from refusal
        return _accepted(issue, answerer, request)


def _report(request: Request) -> ProgramReport:
    shapes = NewReportSerializer(data=request.data)
    shapes.is_valid(raise_exception=True)
    given, community, at = dict(shapes.validated_data), community_of(request._request), timezone.now()
    if location := given.pop("location", None):
        given["place"] = location["coordinates"][:2]
    photos = photos_named(given.pop("photos", []), community=community, at=at)
    return ProgramReport(given, community, client_of(request), photos, at)


def inside(report: ProgramReport) -> Answerer:
    """Who will answer. Raises ProblemError for a place outside the community."""
    answerer = report.answerer()
    if answerer.refusal:
        raise ProblemError("refused", answerer.refusal, errors=[Wrong("/location", "outside", answerer.refusal)])
    return answerer


def refuse_doubt(report: ProgramReport, answerer: Answerer) -> None:
    """Raises ProblemError for a place whose owner is in doubt, and at which nobody looked closely."""
    if answerer.doubt and not report.given.get("confirmed"):
        raise ProblemError("refused", answerer.doubt, errors=[Wrong("/confirmed", "doubt", answerer.doubt)])


def would_be(
    report: ProgramReport, answerer: Answerer, similar: Sequence[LookAlike], request: Request
) -> dict[str, Any]:
    """As ReportAnswerSerializer says."""
    return {
        "organisation": answerer.name or None,
        "due_on": answerer.due_on,
        "working_days": answerer.working_days,
        "informed": answerer.informed,
        "why": answerer.why,
        "dangers": dangers_told(report.warnings()),
        "doubt": answerer.doubt,
        "similar": [
            {
                "number": one.number,
                "title": one.row["title"],
                "url": request.build_absolute_uri(one.row["url"]),
                "can_join": one.can_join,
            }
            for one in similar
        ],
    }


def _accepted(issue: Issue, answerer: Answerer, request: Request) -> Response:
    slug, secret = issue.community.slug, secret_of(author_token(issue))
    told = {
        "number": issue.number,
        "url": request.build_absolute_uri(issue.get_absolute_url()),
        "author_token": secret,
        "author_url": request.build_absolute_uri(reverse("mine", args=[slug, secret])),
        "is_held": issue.subject.visibility == Visibility.HELD,
        "organisation": answerer.name or None,
        "due_on": issue.due_on,
    }
    location = request.build_absolute_uri(reverse("api_report", args=[slug, issue.number]))
    return Response(told, status=201, headers={"Location": location})
