"""Public reports as GeoJSON, for journalists and developers. For lists and downloads; the map reads SQL's own JSON."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, SerializerMethodField
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from core.models import STRANGER
from geodata.community import community_of
from issues.layer import public_place, state_group
from issues.models import Issue
from issues.states import Group
from routing.models import Category


class IssueSerializer(GeoFeatureModelSerializer):  # type: ignore[misc]
    """One report as a GeoJSON feature (lon, lat); `fields` is the allow-list of what strangers may see."""

    place = GeometryField(precision=6)
    category = CharField(source="category.code")
    state_group = CharField()
    url = SerializerMethodField()

    class Meta:
        model = Issue
        geo_field = "place"
        id_field = "number"
        fields = (
            "number", "title", "text", "category", "state", "state_group", "created_at", "due_on", "changed_at", "url",
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
        return rows.select_related("category", "community").annotate(place=public_place(), state_group=state_group())
