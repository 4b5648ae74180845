"""What an author does with their report by a program: the key says which program asks, the token that the author does.

The token is what `issues_create` told, and what the link of the author's page holds; it is sent in a header, so that
no log of addresses has it.
"""

from typing import Any, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import client_of, may
from accounts.api_once import done_once
from accounts.devices import device_named
from accounts.models import ApiKey
from api.problems import ProblemError, Wrong
from api.views import ApiView
from core.tokens import UnknownTokenError, find_token
from geodata.community import community_of
from issues import answering
from issues.actions import AUTHOR_PURPOSE
from issues.api_author_shapes import (
    ActSerializer,
    CorrectionSerializer,
    OwnReportFeature,
    WantedLettersSerializer,
)
from issues.api_author_told import own_told
from issues.api_reporting import ReportAnswerSerializer, inside, refuse_doubt, would_be
from issues.api_writes import DAY, HOUR, move_problem, photos_named, refuse, refuse_open_dangers, words_given
from issues.author_letters import TooManyLettersError, ask_once_more, send_letters_to
from issues.corrections import correct, may_correct
from issues.following import author_follow
from issues.kept_answerer import answerer_of
from issues.models import Issue
from issues.moves import MoveRefusedError, locked
from issues.program_corrections import ProgramCorrection
from media.api import BoxesSerializer, boxes_given, hidden
from media.models import Photo
from notifications.actions import end

HEADER: Final = "Author-Token"
AUTHOR_TOKEN: Final = OpenApiParameter(
    HEADER,
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
    OpenApiParameter.HEADER,
    required=True,
    description=gettext_lazy("The author's: as the answer told it that accepted the report."),
)


class OfAuthor(ApiView):
    """What all of them share: the token is asked before anything else is done, a repetition too."""

    permission_classes = (may(ApiKey.Scope.REPORTS),)
    issue: Issue

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.issue = _issue_of_author(request, kwargs["number"])

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Nothing of it is kept on the way."""
        response.headers["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, [HEADER])
        return super().finalize_response(request, response, *args, **kwargs)

    def told(self, request: Request) -> Response:
        """The report as it is now."""
        rows = Issue.objects.select_related("subject", "community", "category", "duplicate_of__subject")
        return Response(own_told(rows.get(pk=self.issue.pk), request, at=timezone.now()))


class OwnReport(OfAuthor):
    """GET /api/v1/<community>/issues/<number>/mine/."""

    @extend_schema(
        operation_id="issues_mine_retrieve",
        summary=gettext_lazy("The author's report, with what may be done, also while strangers do not see it"),
        parameters=[AUTHOR_TOKEN],
        responses=OwnReportFeature,
    )
    def get(self, request: Request, number: int) -> Response:
        return self.told(request)


class OwnActs(OfAuthor):
    """POST /api/v1/<community>/issues/<number>/mine/acts/."""

    @extend_schema(
        operation_id="issues_mine_act",
        summary=gettext_lazy("Confirm, reopen, withdraw, add words and photos, or hide the name, as its author"),
        parameters=[AUTHOR_TOKEN],
        request=ActSerializer,
        responses=OwnReportFeature,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        shapes = ActSerializer(data=request.data)
        shapes.is_valid(raise_exception=True)
        given, at = shapes.validated_data, timezone.now()
        photos = photos_named(given.get("photos", ()), community=self.issue.community, at=at)
        try:
            answering.by_reporter(issue=self.issue, do=given["do"], text=words_given(given), photos=photos, at=at)
        except MoveRefusedError as refusal:
            raise move_problem(refusal) from refusal
        return self.told(request)


class OwnCorrection(OfAuthor):
    """POST /api/v1/<community>/issues/<number>/mine/correction/."""

    @extend_schema(
        operation_id="issues_mine_correct",
        summary=gettext_lazy("Correct a report that nobody has accepted yet, as its author"),
        parameters=[AUTHOR_TOKEN],
        request=CorrectionSerializer,
        responses=OwnReportFeature,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        self.issue = locked(self.issue.subject_id)  # what is not named stays as it is now, not as it was a moment ago
        asked = _right(self.issue, request)
        answerer = inside(asked.report) if asked.asks_anew else None
        refuse_open_dangers(asked.report.warnings())
        if answerer:
            refuse_doubt(asked.report, answerer)
        try:
            correct(issue=self.issue, to=asked.correction(), at=asked.report.at)
        except MoveRefusedError as refusal:
            raise move_problem(refusal) from refusal
        return self.told(request)


class OwnCorrectionCheck(OfAuthor):
    """POST /api/v1/<community>/issues/<number>/mine/correction/check/."""

    @extend_schema(
        operation_id="issues_mine_correct_check",
        summary=gettext_lazy(
            "What would come of a correction: who would answer, by when, and what to tell the author first"
        ),
        parameters=[AUTHOR_TOKEN],
        request=CorrectionSerializer,
        responses=ReportAnswerSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        asked = _right(self.issue, request)
        shown = inside(asked.report) if asked.asks_anew else answerer_of(self.issue)
        return Response(would_be(asked.report, shown, (), request))


class OwnLetters(OfAuthor):
    """POST /api/v1/<community>/issues/<number>/mine/letters/."""

    @extend_schema(
        operation_id="issues_mine_letters",
        summary=gettext_lazy("Say where letters about the report go, or that none shall come, as its author"),
        parameters=[AUTHOR_TOKEN],
        request=WantedLettersSerializer,
        responses=OwnReportFeature,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        shapes = WantedLettersSerializer(data=request.data)
        shapes.is_valid(raise_exception=True)
        given = shapes.validated_data
        try:
            if given["do"] == "write":
                self._write_to(given, client=client_of(request).pk)
            else:
                self._ask_or_stop(given["do"])
        except TooManyLettersError:
            raise Throttled(wait=HOUR if given["do"] == "write" else DAY) from None
        return self.told(request)

    def _write_to(self, given: Any, *, client: int) -> None:
        if not given.get("email"):
            words = _("This is no e-mail address. Example: olena@example.com")
            raise ProblemError("invalid", words, errors=[Wrong("/email", "required", words)])
        send_letters_to(
            given["email"],
            issue=self.issue,
            language=given.get("language") or (get_language() or "uk")[:2],
            device=device_named(f"author of {self.issue.pk}", by=client),
            at=timezone.now(),
        )

    def _ask_or_stop(self, do: str) -> None:
        row, at = author_follow(self.issue), timezone.now()
        if row is None:
            raise ProblemError("conflict", _("No letters come about this report: give an address."))
        if do == "stop":
            end(row, at=at)
        else:
            ask_once_more(row, at=at)


class OwnPhotoBoxes(OfAuthor):
    """POST /api/v1/<community>/issues/<number>/mine/photos/<photo>/boxes/."""

    @extend_schema(
        operation_id="issues_mine_hide",
        summary=gettext_lazy("Hide faces and plates on a photo of the report, as its author; nothing is shown again"),
        parameters=[AUTHOR_TOKEN],
        request=BoxesSerializer,
        responses=OwnReportFeature,
    )
    @done_once
    def post(self, request: Request, number: int, photo: UUID) -> Response:
        found: Photo = get_object_or_404(Photo, pk=photo, subject=self.issue.subject_id)
        hidden(found, boxes_given(request), at=timezone.now())
        return self.told(request)


def _right(issue: Issue, request: Request) -> ProgramCorrection:
    """The correction, with nothing wrong in it. Raises ProblemError."""
    if not may_correct(issue):
        raise move_problem(MoveRefusedError("too_late_to_correct"))
    asked = _correction(issue, request)
    refuse(asked.report.errors() | asked.errors())
    return asked


def _correction(issue: Issue, request: Request) -> ProgramCorrection:
    shapes = CorrectionSerializer(data=request.data)
    shapes.is_valid(raise_exception=True)
    given, at = dict(shapes.validated_data), timezone.now()
    if location := given.pop("location", None):
        given["place"] = location["coordinates"][:2]
    photos = photos_named(given.pop("photos", ()), community=issue.community, at=at)
    removed = given.pop("remove_photos", ())
    return ProgramCorrection(issue, given, client=client_of(request), photos=photos, removed=removed, at=at)


def _issue_of_author(request: Request, number: int) -> Issue:
    """The report of that number, when the token is its author's. Raises ProblemError."""
    secret = request.headers.get(HEADER, "").strip()
    try:
        right = find_token(secret=secret, purpose=AUTHOR_PURPOSE)
    except UnknownTokenError:
        raise _no_author("unknown" if secret else "missing") from None
    rows = Issue.objects.select_related("subject", "community", "category", "duplicate_of__subject")
    issue = rows.filter(community=community_of(request._request), number=number, subject=right.subject_id).first()
    if issue is None:
        raise _no_author("unknown")
    if not right.is_good(timezone.now()):
        raise _no_author("revoked" if right.revoked_at else "expired")
    return issue


def _no_author(code: str) -> ProblemError:
    words = {
        "missing": _("The header Author-Token is needed: the word that came when the report was accepted."),
        "unknown": _("The header Author-Token is not that of the author of this report."),
        "revoked": _("The header Author-Token holds a word that was made invalid."),
        "expired": _("The header Author-Token holds a word whose time is over."),
    }[code]
    return ProblemError("forbidden", words, errors=[Wrong(HEADER, code, words)])
