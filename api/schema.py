"""The contract as OpenAPI 3.0: what operations are called, and what is true of all of them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled
from drf_spectacular.contrib.rest_framework_gis import GeoFeatureModelSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema_field
from rest_framework.fields import JSONField
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from api.permissions import ForReading
from api.problems import PROBLEM_JSON

PREFIX = "/api/v1/"
_POSITION = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
_LINE = {"type": "array", "items": _POSITION}
_POLYGON = {"type": "array", "items": _LINE}
_COORDINATES = {
    "Point": _POSITION,
    "MultiPoint": _LINE,
    "LineString": _LINE,
    "MultiLineString": _POLYGON,
    "Polygon": _POLYGON,
    "MultiPolygon": {"type": "array", "items": _POLYGON},
}


class FeatureSerializer(GeoFeatureModelSerializer):  # type: ignore[misc]
    """A GeoJSON feature. `Meta.geometry` names the kinds of geometry that it may have (all when it says nothing)."""

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        """A plain list: pages make a FeatureCollection of it."""
        return super(GeoFeatureModelSerializer, cls).many_init(*args, **kwargs)


class FeatureDescribed(GeoFeatureModelSerializerExtension):  # type: ignore[no-untyped-call]
    """For the schema: features with what is always there, and their kinds of geometry."""

    target_class = "api.schema.FeatureSerializer"
    match_subclasses = True
    priority = 1

    def map_geo_feature_model_serializer(self, serializer: Any, base_schema: Any) -> dict[str, Any]:
        meta = serializer.Meta
        inner = base_schema["properties"]
        inner.pop(meta.geo_field)
        number = inner.pop(meta.id_field) if getattr(meta, "id_field", None) else None
        required = [name for name in base_schema.get("required", []) if name in inner]
        properties = {"type": "object", "properties": inner, "required": required}
        return feature_schema(getattr(meta, "geometry", tuple(_COORDINATES)), properties, number)


def feature_schema(
    kinds: Iterable[str], properties: dict[str, Any], number: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Of one GeoJSON feature. `number`: the schema of its id."""
    feature: dict[str, Any] = {"type": {"type": "string", "enum": ["Feature"]}}
    if number:
        feature["id"] = number
    feature["geometry"] = geometry_schema(kinds)
    feature["properties"] = properties
    return {"type": "object", "required": list(feature), "properties": feature}


def geometry_schema(kinds: Iterable[str]) -> dict[str, Any]:
    """Of a geometry of one of these kinds, in degrees (lon, lat), SRID 4326."""
    found = [
        {
            "type": "object",
            "required": ["type", "coordinates"],
            "properties": {"type": {"type": "string", "enum": [kind]}, "coordinates": _COORDINATES[kind]},
        }
        for kind in kinds
    ]
    return found[0] if len(found) == 1 else {"oneOf": found}


def geometry_field(*kinds: str) -> Any:
    """A field that holds GeoJSON of one of these kinds, as it is."""
    return extend_schema_field(geometry_schema(kinds))(type("Geometry", (JSONField,), {}))(read_only=True)


def shape_field(*kinds: str, nullable: bool = False) -> Any:
    """A field that makes GeoJSON of one of these kinds out of a geometry, to a decimetre."""
    schema = geometry_schema(kinds) | ({"nullable": True} if nullable else {})
    return extend_schema_field(schema)(type("Shape", (GeometryField,), {}))(precision=6, read_only=True)


class Described(AutoSchema):
    """Names and words of operations: those that `extend_schema` gives; docstrings are for who reads the code."""

    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def get_auth(self) -> list[dict[str, Any]]:
        """Either header; none for what anybody may read."""
        keys: list[dict[str, Any]] = [{"key": []}, {"keyHeader": []}]
        super().get_auth()  # makes the components
        is_open = any(isinstance(one, ForReading) for one in self.view.get_permissions())
        return [{}, *keys] if is_open else keys

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        """With what each filter says of itself."""
        told: list[dict[str, Any]] = super()._get_filter_parameters()  # type: ignore[no-untyped-call]
        known = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
        for one in told:
            if one["name"] in known and "help_text" in known[one["name"]].extra:
                one["description"] = str(known[one["name"]].extra["help_text"])
        return told

    def _get_parameters(self) -> list[dict[str, Any]]:
        """With the Idempotency-Key of what is done once (accounts.api_once)."""
        told: list[dict[str, Any]] = super()._get_parameters()
        handler = getattr(self.view, str(self.method).lower(), None)
        return [*told, _idempotency_key()] if getattr(handler, "takes_idempotency_key", False) else told

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.removeprefix(PREFIX).split("/") if part and not part.startswith("{")]
        return parts[:1] or ["start"]


def only_the_api(endpoints: list[Any], **_more: Any) -> list[Any]:
    """Hook: nothing but what lies below /api/v1/."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX)]


def with_problems(result: dict[str, Any], generator: Any, **_more: Any) -> dict[str, Any]:
    """Hook: what can go wrong with each operation, and what all paths share."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _problem_schema()
    components["responses"] = {"Problem": _problem_response()}
    reference = {"$ref": "#/components/responses/Problem"}
    for operations in result.get("paths", {}).values():
        for method, operation in operations.items():
            usual = ["400", "401", "404", "406", "429"]
            usual += ["403", "409", "413", "415", "422"] if method not in {"get", "head"} else []
            for status in usual:
                operation["responses"].setdefault(status, reference)
            operation["responses"].setdefault("default", reference)
            operation.setdefault("parameters", []).append(_language_parameter())
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    _describe(parameter)
    return result


def _describe(parameter: dict[str, Any]) -> None:
    """Words of the parts of paths that many addresses share."""
    known = {
        "community": _("Of a community: the first part of its address on the site."),
        "number": _("Its number in the community."),
        "area": _("Its id."),
        "work": _("Its id."),
        "code": _("Its code."),
        "hook": _("Its id."),
        "message": _("Its id, as in the header Misto-Id."),
        "photo_key": _("The key that the upload told."),
        "photo": _("Its id, as the author's report tells it."),
    }
    parameter.setdefault("description", known.get(parameter["name"], ""))
    if parameter["name"] == "community":
        parameter["schema"] = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"}


def contract(language: str) -> dict[str, Any]:
    """The whole schema, with words in that language. Made anew at each call."""
    with override(language), scopes_disabled():
        found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@lru_cache(maxsize=4)
def _kept_contract(language: str) -> dict[str, Any]:
    return contract(language)


def contract_in_hand() -> dict[str, Any]:
    """The schema in the reader's language, made once in a process."""
    return _kept_contract(get_language() or "uk")


def _language_parameter() -> dict[str, Any]:
    return {
        "name": "language",
        "in": "query",
        "required": False,
        "description": _("Language of words in the answer; without it the header Accept-Language says."),
        "schema": {"type": "string", "enum": ["uk", "en"]},
    }


def _idempotency_key() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": _("Any word that you make for one request: sent again with it, the request is done once."),
        "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"},
    }


def _problem_schema() -> dict[str, Any]:
    text, uri = {"type": "string"}, {"type": "string", "format": "uri"}
    error = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {"parameter": text, "pointer": text, "code": text, "detail": text},
    }
    return {
        "type": "object",
        "description": _("A problem as RFC 9457 has it."),
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": uri,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": text,
            "request_id": text,
            "errors": {"type": "array", "items": error},
        },
    }


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _("A problem; its type is explained on the page of the API."),
        "content": {PROBLEM_JSON: {"schema": schema}},
    }
