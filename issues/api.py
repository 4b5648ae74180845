"""Reports for other people's programs: the list as GeoJSON, one report with all that its page shows, its timeline.

For lists and downloads; the map reads SQL's own JSON.
"""

from typing import Any

from django.db.models import BooleanField, Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import JSONObject
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.pages import ByKey, FeaturesByKey, moment, whole
from api.views import ApiView
from core.models import STRANGER
from geodata.community import community_of
from issues.api_filters import ReportFilters
from issues.api_shapes import EventSerializer, ReportFeature, ReportSerializer
from issues.api_told import event_told, report_told
from issues.layer import photo_path, state_group
from issues.models import Issue, IssueEvent
from issues.on_the_map import IS_COARSE, PUBLIC_PLACE
from issues.support import count_of_supporters
from routing.models import Decision


class ReportPages(FeaturesByKey):
    keys = {"created_at": moment, "id": whole}


class IssueList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/issues/: public reports, the newest first."""

    model = Issue
    serializer_class = ReportSerializer
    pagination_class = ReportPages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = ReportFilters

    @extend_schema(operation_id="issues_list", summary=_("Reports, the newest first, as GeoJSON"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Issue]:
        """What strangers may see, whoever asks: this is open data."""
        rows = Issue.objects.filter(community=community_of(self.request._request)).visible_to(STRANGER)
        coarse = Case(When(IS_COARSE, then=Value(True)), default=Value(False), output_field=BooleanField())
        return rows.select_related("category", "community").annotate(
            place=PUBLIC_PLACE,
            is_coarse=coarse,
            state_group=state_group(),
            supporters=count_of_supporters(),
            holder=holder(),
            photo=photo_path(),
        )


class IssueDetail(ApiView):
    """GET /api/v1/<community>/issues/<number>/: all that its page shows to strangers."""

    @extend_schema(
        operation_id="issues_retrieve",
        summary=_("One report with who answers, by when, its photos and areas"),
        responses=ReportFeature,
    )
    def get(self, request: Request, number: int) -> Response:
        issue = seen(request, number)
        return Response(report_told(issue, request, at=timezone.now()))


class EventPages(ByKey):
    keys = {"at": moment, "id": whole}


class IssueEvents(ApiView):
    """GET /api/v1/<community>/issues/<number>/events/: the timeline, the newest first."""

    model = IssueEvent
    pagination_class = EventPages

    @extend_schema(
        operation_id="issues_events_list",
        summary=_("What happened to a report, the newest first"),
        responses=EventSerializer(many=True),
    )
    def get(self, request: Request, number: int) -> Response:
        issue = seen(request, number)
        rows = issue.events.exclude(kind=IssueEvent.Kind.REDACTED).select_related("organisation", "words")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([event_told(event, issue) for event in page])


def seen(request: Request, number: int) -> Issue:
    """The report of that number, if strangers may see it. Raises Http404."""
    rows = Issue.objects.visible_to(STRANGER).select_related(
        "subject", "community", "category", "duplicate_of__subject"
    )
    found: Issue = get_object_or_404(rows, community=community_of(request._request), number=number)
    return found


def holder() -> Subquery:
    """Expression: who must answer by the last decision, as accounts.api_shapes.OrganisationSerializer says."""
    told = JSONObject(
        id="organisation_id",
        name="organisation__name",
        name_en="organisation__name_en",
        edrpou="organisation__edrpou",
    )
    last = Decision.objects.filter(subject=OuterRef("subject")).order_by("-decided_at", "-id")
    return Subquery(last.values(told=told)[:1])
