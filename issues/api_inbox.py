"""Reports that an organisation must answer, for its programs: by a key with the scope answers:write.

A key sees what the organisation's page shows, of its own organisation in its own community.
"""

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import BooleanFilter, DjangoFilterBackend, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import client_of, may
from accounts.api_once import done_once
from accounts.api_shapes import organisation_told
from accounts.models import ApiKey
from api.pages import ByKey, moment, whole
from api.problems import ProblemError, Wrong
from api.views import ApiView
from core.models import DELIVERED
from geodata.community import community_of
from issues import answering
from issues.api_author_told import history_told
from issues.api_inbox_shapes import (
    GivenAnswerSerializer,
    InboxFeature,
    InboxRowSerializer,
    PassedSerializer,
    PassSerializer,
    TakenAnswerSerializer,
)
from issues.api_told import report_told
from issues.api_writes import move_problem, photos_named, words_given
from issues.models import Issue
from issues.moves import MoveRefusedError
from issues.states import OPEN
from routing.actions import organisations_to_pass_to
from routing.answers import BadAnswerError, Incoming, OtherWordsError, delivery_to, known_answer, receive_same
from routing.bodies import mistake_in_words
from routing.models import Delivery

VIA = "api"  # answers that came by it
KIND = "issue"


class InboxFilters(FilterSet):  # type: ignore[misc]
    """Which of them."""

    open = BooleanFilter(method="only_open", help_text=_("Those whose promise still runs, or no longer does."))
    answered = BooleanFilter(
        method="only_answered", help_text=_("Those that the organisation said something to, or not.")
    )

    def only_open(self, rows: Any, _name: str, wanted: bool) -> Any:
        there = {"subject__issue__state__in": OPEN}
        return rows.filter(**there) if wanted else rows.exclude(**there)

    def only_answered(self, rows: Any, _name: str, wanted: bool) -> Any:
        return rows.filter(answered_at__isnull=not wanted)


class InboxPages(ByKey):
    keys = {"created_at": moment, "id": whole}


class OfOrganisation(ApiView):
    """What all of them share."""

    permission_classes = (may(ApiKey.Scope.ANSWERS),)
    model = Delivery

    def rows(self) -> Any:
        """What the organisation has and may see."""
        return Delivery.objects.standing().responsible().filter(
            community=community_of(self.request._request),
            organisation=client_of(self.request).organisation_id,
            subject__kind=KIND,
            subject__visibility__in=DELIVERED,
        )  # fmt: skip

    def delivery(self, number: int) -> Delivery:
        """Raises Http404 for what the organisation has no more, or never had."""
        rows = self.rows().select_related(
            "organisation", "token", "subject__issue__category", "subject__issue__community"
        )
        found: Delivery | None = rows.filter(subject__issue__number=number).last()
        if found is None:
            raise Http404
        return found


class Inbox(ListModelMixin, OfOrganisation):
    """GET /api/v1/<community>/inbox/: what came last comes first."""

    serializer_class = InboxRowSerializer
    pagination_class = InboxPages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = InboxFilters

    def rows(self) -> Any:
        """With what a row shows: neither the community's boundary nor the words that the database finds reports by."""
        return super().rows().select_related("subject__issue__category").defer("subject__issue__map_words")

    @extend_schema(operation_id="inbox_list", summary=_("Reports that the organisation must answer, the newest first"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class InboxReport(OfOrganisation):
    """GET /api/v1/<community>/inbox/<number>/."""

    @extend_schema(
        operation_id="inbox_retrieve",
        summary=_("One report with all that the organisation's page shows, and what it may do"),
        responses=InboxFeature,
    )
    def get(self, request: Request, number: int) -> Response:
        delivery = self.delivery(number)
        return Response(
            inbox_told(delivery, request, at=timezone.now()), headers={"Cache-Control": "private, no-store"}
        )


class InboxAnswers(OfOrganisation):
    """POST /api/v1/<community>/inbox/<number>/answers/."""

    @extend_schema(
        operation_id="inbox_answers_create",
        summary=_("Answer a report for the organisation: words, a state, or that it is not theirs"),
        request=GivenAnswerSerializer,
        responses=TakenAnswerSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        shapes = GivenAnswerSerializer(data=request.data)
        shapes.is_valid(raise_exception=True)
        community, at, given = community_of(request._request), timezone.now(), shapes.validated_data
        delivery = delivery_to(client_of(request).organisation_id, community_id=community.pk, number=number)
        if delivery is None or delivery.subject.visibility not in DELIVERED:
            raise Http404
        name, text = given["id"].strip(), words_given(given)
        is_known = known_answer(delivery=delivery, via=VIA, external_id=name) is not None  # its photos are sent
        photos = () if is_known else photos_named(given.get("photos", ()), community=community, at=at)
        incoming = Incoming(name, given["do"], text, given["happened_at"], photos)
        try:
            answer = receive_same(delivery=delivery, via=VIA, incoming=incoming, at=at)
        except BadAnswerError as bad:
            words = mistake_in_words(bad.code)
            raise ProblemError("invalid", words, errors=[Wrong(f"/{bad.code}", "invalid", words)]) from bad
        except OtherWordsError:
            words = mistake_in_words("other")
            raise ProblemError("conflict", words, errors=[Wrong("/id", "other", words)]) from None
        mine = self.rows().filter(pk=delivery.pk).values_list("subject__issue__state", flat=True).first()
        told = {"id": answer.external_id, "outcome": answer.outcome, "code": answer.code, "state": mine}
        return Response(told)


class InboxPass(OfOrganisation):
    """POST /api/v1/<community>/inbox/<number>/pass/."""

    @extend_schema(
        operation_id="inbox_pass",
        summary=_("Pass a report on to the organisation that must answer, from the duty queue"),
        request=PassSerializer,
        responses=PassedSerializer,
    )
    @done_once
    def post(self, request: Request, number: int) -> Response:
        shapes = PassSerializer(data=request.data)
        shapes.is_valid(raise_exception=True)
        given, delivery = shapes.validated_data, self.delivery(number)
        to, text = str(given["organisation"]), words_given(given)
        try:
            answering.by_organisation(delivery=delivery, do="pass", text=text, photos=(), chosen=to, at=timezone.now())
        except MoveRefusedError as refusal:
            raise move_problem(refusal) from refusal
        return Response({"number": number, "organisation": given["organisation"]})


def inbox_told(delivery: Delivery, request: Request, *, at: Any) -> dict[str, Any]:
    """The feature; its properties are those of issues.api_inbox_shapes.InboxWhole."""
    rows = Issue.objects.select_related("subject", "community", "category", "duplicate_of__subject")
    issue = rows.get(subject=delivery.subject_id)
    may_do = answering.organisation_may(issue, delivery)
    told = report_told(issue, request, at=at, exact=True)
    more = {
        "visibility": issue.subject.visibility,
        "hides_place": issue.is_blurred,
        "flat": issue.flat,
        "dangers": issue.dangers,
        "may": sorted(may_do),
        "pass_to": list(map(organisation_told, organisations_to_pass_to(delivery))) if "pass" in may_do else [],
        "delivered_at": delivery.created_at,
        "answered_at": delivery.answered_at,
        "events": history_told(issue),
    }
    return told | {"properties": told["properties"] | more}
