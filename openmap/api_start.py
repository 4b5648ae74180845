"""Where programs begin: the first address, and one community with everything that leads on from it."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, DictField, Serializer, URLField

from api.schema import shape_field
from api.views import ApiView
from geodata.api_shapes import CommunitySerializer
from geodata.community import community_of
from geodata.models import Community

# Name of a link → name of the address that it leads to, which takes the community.
LINKS = {
    "map": "map",
    "categories": "api_categories",
    "reports": "api_issues",
    "works": "api_works",
    "divisions": "api_divisions",
    "areas": "api_areas",
    "registers": "api_registers",
    "organisations": "api_organisations",
    "layers": "api_layers",
    "places": "api_places",
    "responsible": "api_responsible",
    "similar": "api_similar",
    "statistics": "api_statistics",
    "tiles": "tile_json",
    "feed_geojson": "feed_geojson",
    "feed_atom": "feed_atom",
    "open_data": "open_data",
    "open_data_catalogue": "open_data_catalogue",
    "ogc_api": "ogc",
    "open311": "open311_home",
}


class StartSerializer(Serializer[Any]):
    """The first address."""

    version = CharField()
    communities = URLField()
    schema = URLField()
    docs = URLField()


class WholeCommunitySerializer(CommunitySerializer):
    """A community with its boundary and links."""

    boundary = shape_field("MultiPolygon", nullable=True)
    links = DictField(child=URLField(), read_only=True, help_text=_("What leads on from it, by name."))

    class Meta:
        model = Community
        fields = (*CommunitySerializer.Meta.fields, "boundary", "links")
        read_only_fields = fields


class Start(ApiView):
    """GET /api/v1/."""

    @extend_schema(operation_id="start", summary=_("Where to begin"), responses=StartSerializer)
    def get(self, request: Request) -> Response:
        names = {"communities": "api_communities", "schema": "api_schema", "docs": "api_docs"}
        links = {name: request.build_absolute_uri(reverse(page)) for name, page in names.items()}
        return Response({"version": "1.0.0", **links})


class CommunityDetail(ApiView):
    """GET /api/v1/communities/<community>/: with its boundary, and everything that leads on from it."""

    @extend_schema(
        operation_id="communities_retrieve",
        summary=_("A community with its boundary and links to all that it has"),
        responses=WholeCommunitySerializer,
    )
    def get(self, request: Request) -> Response:
        community = community_of(request._request)
        community.links = {  # type: ignore[attr-defined]
            name: request.build_absolute_uri(reverse(page, args=[community.slug])) for name, page in LINKS.items()
        }
        return Response(WholeCommunitySerializer(community, context=self.get_serializer_context()).data)
