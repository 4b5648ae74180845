"""How categories, registers and who answers are written in answers of the API: `fields` are the allow-lists."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DictField,
    ListField,
    ModelSerializer,
    Serializer,
    SerializerMethodField,
    URLField,
)

from accounts.api_shapes import OrganisationSerializer
from api.schema import FeatureSerializer, shape_field
from routing.models import Asset, Category, Danger, Question, Register


class OptionSerializer(Serializer[Any]):
    """One answer to choose."""

    code = CharField()
    text = CharField()
    text_en = CharField(default="", help_text=_("Empty when there is none."))


class QuestionSerializer(ModelSerializer[Question]):
    """A question of a category. Answers are sent by its code."""

    options = OptionSerializer(many=True)
    shown_if = DictField(
        child=ListField(child=CharField()),
        help_text=_("Asked only after these answers: code of an earlier question → codes of answers."),
    )
    register = CharField(
        source="register.code", allow_null=True, default=None, help_text=_("Code of the register to pick from.")
    )

    class Meta:
        model = Question
        fields = (
            "code", "kind", "text", "text_en", "is_required", "options", "shown_if", "least", "most", "unit", "unit_en",
            "longest", "earliest", "latest", "not_future", "register",
        )  # fmt: skip
        read_only_fields = fields


class DangerSerializer(ModelSerializer[Danger]):
    """Whom to call before anything is written."""

    class Meta:
        model = Danger
        fields = ("code", "name", "name_en", "phones", "advice", "advice_en")
        read_only_fields = fields


class CategorySerializer(ModelSerializer[Category]):
    """What a report may be about."""

    register = CharField(
        source="register.code", allow_null=True, default=None, help_text=_("Code of the register to choose one of.")
    )
    danger = DangerSerializer(allow_null=True)
    questions = QuestionSerializer(many=True)

    class Meta:
        model = Category
        fields = (
            "code", "name", "name_en", "icon", "working_days", "is_sensitive", "near_metres", "register", "danger",
            "questions",
        )  # fmt: skip
        read_only_fields = fields


class RegisterSerializer(ModelSerializer[Register]):
    """A register that the community shows on the map."""

    class Meta:
        model = Register
        fields = ("code", "name", "name_en", "kind", "map_day")
        read_only_fields = fields


class AssetSerializer(FeatureSerializer):
    """One thing of a register as a GeoJSON feature: never its other attributes."""

    geometry = shape_field("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
    label = CharField(read_only=True, help_text=_("What people call it."))
    keeper = OrganisationSerializer(allow_null=True, read_only=True)
    url = SerializerMethodField()

    class Meta:
        model = Asset
        geo_field = "geometry"
        id_field = "id"
        fields = (
            "id", "geometry", "key", "name", "number", "label", "keeper", "valid_from", "valid_to", "changed_at", "url",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(URLField(help_text=_("Its page.")))
    def get_url(self, asset: Asset) -> str:
        found = self.context["view"].page_of(asset)
        return str(self.context["request"].build_absolute_uri(found))


class AnsweringSerializer(OrganisationSerializer):
    """An organisation that has a part in this community."""

    is_fallback = BooleanField(help_text=_("The duty queue: what no rule gives to anybody."))
    categories = ListField(child=CharField(), help_text=_("Codes of categories that rules name it for."))
    answers_any = BooleanField(help_text=_("Some rule names it for problems of every kind."))
