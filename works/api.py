"""Works and outages that strangers may see, for other people's programs."""

from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ChoiceField, ListField, SerializerMethodField, URLField

from accounts.api_shapes import OrganisationSerializer
from api.filters import PlainFilters
from api.pages import FeaturesByKey, moment, whole
from api.schema import FeatureSerializer, shape_field
from api.views import ApiView
from core.models import STRANGER
from geodata.api_filters import BoxFilter
from geodata.boxes import Box
from geodata.community import community_of
from geodata.layers import shape_of
from routing.models import Category
from works.models import Work

STATES = ("planned", "running", "over")


class WorkSerializer(FeatureSerializer):
    """Works or an outage as a GeoJSON feature; `fields` is the allow-list of what strangers may see."""

    geometry = shape_field("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
    state = SerializerMethodField()
    categories = SerializerMethodField()
    organisation = OrganisationSerializer(allow_null=True, read_only=True)
    url = SerializerMethodField()

    class Meta:
        model = Work
        geo_field = "geometry"
        id_field = "id"
        fields = (
            "id", "geometry", "kind", "name", "name_en", "text", "text_en", "state", "categories", "organisation",
            "starts_at", "ends_at", "changed_at", "url",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ChoiceField(choices=STATES))
    def get_state(self, work: Work) -> str:
        community = community_of(self.context["request"]._request)
        return work.state_on(community.day_of(self.context["view"].at))

    @extend_schema_field(ListField(child=CharField(), help_text=_("Codes of the kinds of problems that it explains.")))
    def get_categories(self, work: Work) -> list[str]:
        return [category.code for category in work.categories.all()]

    @extend_schema_field(URLField(help_text=_("Its page.")))
    def get_url(self, work: Work) -> str:
        return str(self.context["request"].build_absolute_uri(work.get_absolute_url()))


class WorkPages(FeaturesByKey):
    keys = {"starts_at": moment, "id": whole}


class WorkFilters(PlainFilters):
    kind = django_filters.ChoiceFilter(choices=Work.Kind.choices, help_text=_("Repair works or outages only."))
    bbox = BoxFilter(method="inside", help_text=_("Within this box or touching it: west,south,east,north."))
    until_after = django_filters.IsoDateTimeFilter(
        method="not_over", help_text=_("Not over at this moment, or without a known end.")
    )
    changed_since = django_filters.IsoDateTimeFilter(
        field_name="changed_at", lookup_expr="gte", help_text=_("Changed at this moment or later.")
    )

    def inside(self, rows: QuerySet[Work], name: str, box: Box) -> QuerySet[Work]:
        return rows.filter(geometry__bboverlaps=shape_of(box))

    def not_over(self, rows: QuerySet[Work], name: str, at: Any) -> QuerySet[Work]:
        return rows.exclude(ends_at__lte=at)


class Works(ApiView):
    """What both addresses share."""

    model = Work
    serializer_class = WorkSerializer

    @property
    def at(self) -> Any:
        """The moment of the answer."""
        self._at = getattr(self, "_at", None) or timezone.now()
        return self._at

    def rows(self) -> QuerySet[Work]:
        rows = Work.objects.visible_to(STRANGER).filter(community=community_of(self.request._request))
        codes = Prefetch("categories", Category.objects.order_by("position", "code"))
        return rows.select_related("community", "organisation").prefetch_related(codes)


class WorkList(ListModelMixin, Works):
    """GET /api/v1/<community>/works/: what begins last comes first."""

    pagination_class = WorkPages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = WorkFilters

    @extend_schema(operation_id="works_list", summary=_("Works and outages, as GeoJSON"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class WorkDetail(Works):
    """GET /api/v1/<community>/works/<id>/."""

    @extend_schema(operation_id="works_retrieve", summary=_("One piece of work or one outage"))
    def get(self, request: Request, work: int) -> Response:
        found: Work = get_object_or_404(self.rows(), pk=work)
        return Response(self.get_serializer(found).data)
