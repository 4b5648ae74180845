"""How places are written in answers of the API: `fields` are the allow-lists of what strangers may see."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import (
    BooleanField,
    CharField,
    IntegerField,
    ListField,
    ModelSerializer,
    Serializer,
    SerializerMethodField,
    URLField,
)

from api.schema import FeatureSerializer, geometry_field, shape_field
from geodata.models import Area, Community, Division


class CommunitySerializer(ModelSerializer[Community]):
    """A community."""

    centre = shape_field("Point")
    url = SerializerMethodField()

    class Meta:
        model = Community
        fields = ("slug", "name", "name_en", "katottg", "centre", "zoom", "time_zone", "url")
        read_only_fields = fields

    @extend_schema_field(URLField(help_text=_("Its map.")))
    def get_url(self, community: Community) -> str:
        return str(self.context["request"].build_absolute_uri(community.get_absolute_url()))


class DivisionSerializer(ModelSerializer[Division]):
    """A way to cut a community into areas."""

    class Meta:
        model = Division
        fields = ("code", "name")
        read_only_fields = fields


class AreaSerializer(FeatureSerializer):
    """One version of an area as a GeoJSON feature."""

    boundary = shape_field("MultiPolygon")
    division = CharField(source="division.code", read_only=True)

    class Meta:
        model = Area
        geo_field = "boundary"
        geometry = ("MultiPolygon",)
        id_field = "id"
        fields = ("id", "boundary", "division", "code", "name", "valid_from", "valid_to")
        read_only_fields = fields


class PlaceSerializer(Serializer[Any]):
    """A place that a text may mean."""

    label = CharField()  # type: ignore[assignment]
    address = CharField(help_text=_("For the field of an address; empty for a place without one."))
    note = CharField(help_text=_("How sure it is, in words."))
    missing = CharField(help_text=_("The number of a house that is not known there."))
    place = geometry_field("Point")


class PlacesSerializer(Serializer[Any]):
    """What a text may mean, the likeliest first."""

    places = PlaceSerializer(many=True)
    trouble = CharField(help_text=_("Why it cannot be the place that it looks like; mostly empty."))
    is_pasted = BooleanField(help_text=_("It was coordinates, a Plus Code or a link."))


class AddressSerializer(Serializer[Any]):
    """What a place is called."""

    address = CharField(help_text=_("Empty where nothing is near."))
    words = CharField(help_text=_("The same with the distance, in words."))
    metres = IntegerField(allow_null=True)


class ChoiceSerializer(Serializer[Any]):
    """Something to filter a layer by."""

    code = CharField()
    name = CharField()


class LayerSerializer(Serializer[Any]):
    """A layer of the map."""

    name = CharField()
    title = CharField()
    is_on = BooleanField(help_text=_("Shown when nobody chose layers."))
    groups = ChoiceSerializer(many=True, help_text=_("Families of states."))
    categories = ChoiceSerializer(many=True)
    properties = ListField(child=CharField(), help_text=_("What its things carry in feeds, beside what all have."))
    tiles = URLField(help_text=_("TileJSON of its vector tiles."))
    geojson = URLField(help_text=_("Feed of its things as GeoJSON."))
    atom = URLField(help_text=_("Feed of its things as Atom."))
    map = URLField(help_text=_("The map that shows it."))


class LayersSerializer(Serializer[Any]):
    """Every layer."""

    results = LayerSerializer(many=True)
