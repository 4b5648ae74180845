"""Communities, their areas, addresses and layers for other people's programs."""

from datetime import date
from typing import Any

import django_filters
from django.contrib.gis.geos import Point
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from api.filters import PlainFilters
from api.pages import ByCode, ByKey, FeaturesByKey, whole, word
from api.query import place_in, place_parameters, text_in, wanted_place
from api.views import ApiView
from geodata.api_shapes import (
    AddressSerializer,
    AreaSerializer,
    CommunitySerializer,
    DivisionSerializer,
    LayersSerializer,
    PlacesSerializer,
)
from geodata.community import community_of
from geodata.layers import Layer, all_layers
from geodata.models import WGS84, Area, Community, Division
from geodata.place_search import Option, search_places, suggestion_for

MOST_TEXT = 300  # characters of what is sought


class BySlug(ByKey):
    keys = {"slug": word}
    newest_first = False


class CommunityFilters(PlainFilters):
    q = django_filters.CharFilter(method="called", max_length=100, help_text=_("A part of the name."))
    katottg = django_filters.CharFilter(field_name="katottg", max_length=19, help_text=_("Its code in КАТОТТГ."))

    def called(self, rows: QuerySet[Community], name: str, text: str) -> QuerySet[Community]:
        return rows.filter(Q(name__icontains=text) | Q(name_en__icontains=text) | Q(slug=text))


class CommunityList(ListModelMixin, ApiView):
    """GET /api/v1/communities/: all communities of this installation."""

    model = Community
    serializer_class = CommunitySerializer
    pagination_class = BySlug
    filter_backends = (DjangoFilterBackend,)
    filterset_class = CommunityFilters

    @extend_schema(operation_id="communities_list", summary=_("Communities of this installation"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Community]:
        return Community.objects.defer("boundary")


class DivisionList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/divisions/: the ways in which it is cut into areas."""

    model = Division
    serializer_class = DivisionSerializer
    pagination_class = ByCode

    @extend_schema(operation_id="divisions_list", summary=_("Divisions: ways to cut the community into areas"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Division]:
        return Division.objects.filter(community=community_of(self.request._request))


class AreaPages(FeaturesByKey):
    keys = {"id": whole}
    newest_first = False
    page_size = 50
    max_page_size = 200


class AreaFilters(PlainFilters):
    division = django_filters.CharFilter(field_name="division__code", max_length=60, help_text=_("Code of a division."))
    code = django_filters.CharFilter(field_name="code", max_length=60, help_text=_("Code of an area."))
    on = django_filters.DateFilter(method="in_force", help_text=_("In force on this day; without it, today."))

    def in_force(self, rows: Any, name: str, day: date) -> Any:
        return rows.on(day)

    def filter_queryset(self, queryset: Any) -> Any:
        rows: Any = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("on"):
            return rows
        return rows.on(community_of(self.request._request).day_of(timezone.now()))


class AreaList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/areas/: areas in force on a day, with their boundaries."""

    model = Area
    serializer_class = AreaSerializer
    pagination_class = AreaPages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = AreaFilters

    @extend_schema(operation_id="areas_list", summary=_("Areas in force on a day, with boundaries, as GeoJSON"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Area]:
        return Area.objects.filter(community=community_of(self.request._request)).select_related("division")


class AreaDetail(ApiView):
    """GET /api/v1/<community>/areas/<id>/: one version of an area, also one that is over."""

    serializer_class = AreaSerializer

    @extend_schema(operation_id="areas_retrieve", summary=_("One version of an area, also one that is over"))
    def get(self, request: Request, area: int) -> Response:
        rows = Area.objects.filter(community=community_of(request._request)).select_related("division")
        return Response(self.get_serializer(get_object_or_404(rows, pk=area)).data)


class Places(ApiView):
    """GET /api/v1/<community>/places/: what a text may mean: an address, coordinates, a Plus Code, a link."""

    @extend_schema(
        operation_id="places_search",
        summary=_("Search of addresses and places"),
        parameters=[
            OpenApiParameter(
                "q", {"type": "string", "maxLength": MOST_TEXT}, required=True, description=_("What is sought.")
            ),
            *place_parameters(required=False),
        ],
        responses=PlacesSerializer,
    )
    def get(self, request: Request) -> Response:
        community, given = community_of(request._request), request.query_params
        text, near = text_in(given, "q", most=MOST_TEXT, required=True), place_in(given)
        found = search_places(
            text,
            community=community,
            on=community.day_of(timezone.now()),
            near=Point(*near, srid=WGS84) if near else None,
        )
        places = [_place_told(one) for one in found.options]
        return Response({"places": places, "trouble": found.trouble, "is_pasted": found.is_pasted})


class PlaceNear(ApiView):
    """GET /api/v1/<community>/places/near/: the address of a point."""

    @extend_schema(
        operation_id="places_near",
        summary=_("What a place is called"),
        parameters=place_parameters(required=True),
        responses=AddressSerializer,
    )
    def get(self, request: Request) -> Response:
        community, place = community_of(request._request), wanted_place(request.query_params)
        point = Point(*place, srid=WGS84)
        found = suggestion_for(point, community=community, on=community.day_of(timezone.now()))
        if found is None:
            return Response({"address": "", "words": "", "metres": None})
        return Response({"address": found.address, "words": found.words, "metres": found.metres})


class LayerList(ApiView):
    """GET /api/v1/<community>/layers/: what the map has, and where its tiles and feeds are."""

    @extend_schema(
        operation_id="layers_list",
        summary=_("Layers of the map, with their tiles and feeds"),
        responses=LayersSerializer,
    )
    def get(self, request: Request) -> Response:
        community = community_of(request._request)
        return Response({"results": [_layer_told(layer, community, request) for layer in all_layers()]})


def _place_told(one: Option) -> dict[str, Any]:
    return {
        "label": one.label,
        "address": one.address,
        "note": one.note,
        "missing": one.missing,
        "place": {"type": "Point", "coordinates": [round(degrees, 6) for degrees in one.place]},
    }


def _layer_told(layer: Layer, community: Community, request: Request) -> dict[str, Any]:
    chosen = urlencode({"layer": layer.name})
    links = {"tiles": "tile_json", "geojson": "feed_geojson", "atom": "feed_atom", "map": "map"}
    addresses = {name: f"{reverse(page, args=[community.slug])}?{chosen}" for name, page in links.items()}
    return {
        "name": layer.name,
        "title": str(layer.title),
        "is_on": layer.is_on,
        "groups": [{"code": code, "name": str(name)} for code, name in layer.groups],
        "categories": [{"code": one.code, "name": one.name} for one in layer.categories(community.pk)],
        "properties": list(layer.properties),
        **{name: request.build_absolute_uri(path) for name, path in addresses.items()},
    }
