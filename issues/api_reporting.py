"""Sending a report by the API: photos first, then the report with their keys."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
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

from accounts.api import key_of, may
from accounts.api_once import done_once
from accounts.models import ApiKey
from api.problems import ProblemError, Wrong
from core.models import Visibility
from core.tokens import secret_of
from geodata.community import community_of
from issues.actions import author_token
from issues.answerer import Answerer
from issues.api import IssueList
from issues.gate import NotAdmittedError
from issues.models import MAX_TEXT, Issue
from issues.program_reports import ProgramReport
from issues.uploads import MOST_PHOTOS
from media.drafts import photos_of


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
    photos = ListField(
        child=CharField(max_length=200), required=False, max_length=MOST_PHOTOS, help_text=gettext_lazy("Their keys.")
    )
    email = EmailField(required=False, allow_blank=True)
    name = CharField(max_length=200, required=False, allow_blank=True)
    shows_name = BooleanField(required=False, help_text=gettext_lazy("Everybody sees the name."))
    language = ChoiceField(choices=["uk", "en"], required=False)
    device = CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text=gettext_lazy("Any word by which you tell the resident's device apart; only a digest of it is kept."),
    )
    dangers = ListField(
        child=CharField(max_length=60),
        required=False,
        max_length=50,
        help_text=gettext_lazy("Codes of dangers of which the resident was warned and which they passed."),
    )
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
        _refuse_what_is_wrong(report)
        answerer = report.answerer()
        if answerer.refusal:
            raise ProblemError("refused", answerer.refusal, errors=[Wrong("/location", "outside", answerer.refusal)])
        if report.given.get("check"):
            return Response(_told(report, answerer, request))
        _refuse_what_was_not_looked_at(report, answerer)
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
    keys = given.pop("photos", [])
    photos = photos_of(keys, community=community, at=at)
    if len(photos) < len(set(keys)):
        words = _("A photo that you added a day ago is no longer kept here. Add it once more.")
        raise ProblemError("invalid", words, errors=[Wrong("/photos", "gone", words)])
    key = key_of(request)
    assert key  # the permission asked
    return ProgramReport(given, community, key.client, photos, at)


def _refuse_what_is_wrong(report: ProgramReport) -> None:
    wrong = [
        Wrong(f"/{member}" if member else "", code, words)
        for member, errors in report.errors().items()
        for code, words in errors
    ]
    if wrong:
        raise ProblemError("invalid", wrong[0].detail, errors=wrong)


def _refuse_what_was_not_looked_at(report: ProgramReport, answerer: Answerer) -> None:
    open_dangers = [one for one in _dangers(report) if one["code"] not in report.given.get("dangers", ())]
    if open_dangers:
        words = _("This may be a danger: warn the resident, and name it in “dangers”.")
        raise ProblemError(
            "refused", words, errors=[Wrong("/dangers", "danger", words)], more={"dangers": open_dangers}
        )
    if answerer.doubt and not report.given.get("confirmed"):
        raise ProblemError("refused", answerer.doubt, errors=[Wrong("/confirmed", "doubt", answerer.doubt)])


def _dangers(report: ProgramReport) -> list[dict[str, str]]:
    return [
        {
            "code": one.danger.code,
            "name": str(one.danger),
            "phones": str(one.danger.phones),
            "advice": one.advice,
        }
        for one in report.warnings()
    ]


def _told(report: ProgramReport, answerer: Answerer, request: Request) -> dict[str, Any]:
    return {
        "organisation": answerer.name or None,
        "due_on": answerer.due_on,
        "working_days": answerer.working_days,
        "informed": answerer.informed,
        "why": answerer.why,
        "dangers": _dangers(report),
        "doubt": answerer.doubt,
        "similar": [
            {
                "number": one.number,
                "title": one.row["title"],
                "url": request.build_absolute_uri(one.row["url"]),
                "can_join": one.can_join,
            }
            for one in report.similar()
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
