"""What the OGC API tells of itself: landing page, conformance, collections, and its definition as OpenAPI 3.0."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from geodata.models import Community
from stats.opendata.licence import attribution_of, home_of
from stats.opendata.ogc_asking import CRS84, MOST, USUAL
from stats.opendata.ogc_items import first_moment
from stats.opendata.tables import Dataset, all_datasets

_SPEC = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
CONFORMANCE = [f"{_SPEC}{name}" for name in ("core", "geojson", "oas30")]
JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "nullable": True},
    "integer": {"type": "integer", "nullable": True},
    "day": {"type": "string", "format": "date", "nullable": True},
    "moment": {"type": "string", "format": "date-time", "nullable": True},
}


def collections() -> list[Dataset]:
    """Datasets that can be asked feature by feature."""
    return [dataset for dataset in all_datasets() if dataset.browsed]


def link(href: str, rel: str, media_type: str, title: str = "") -> dict[str, str]:
    """A link as the standard has it."""
    told = {"href": href, "rel": rel, "type": media_type}
    return told | ({"title": title} if title else {})


def _licence() -> dict[str, str]:
    return link(settings.DATA_LICENCE_URL, "license", "text/html", settings.DATA_LICENCE)


def landing(community: Community, base: str) -> dict[str, Any]:
    """The first document. `base` is its own address, without a slash at the end."""
    return {
        "title": _("Open data: %(community)s") % {"community": community.name},
        "description": _("Public reports and areas, feature by feature, as they are now."),
        "attribution": attribution_of(community),
        "links": [
            link(f"{base}/", "self", JSON),
            link(f"{base}/api", "service-desc", OPENAPI),
            link(home_of(community), "service-doc", "text/html"),
            link(f"{base}/conformance", "conformance", JSON),
            link(f"{base}/collections", "data", JSON),
            _licence(),
        ],
    }


def conformance() -> dict[str, Any]:
    """The classes of requirements that are met."""
    return {"conformsTo": CONFORMANCE}


def all_collections(community: Community, base: str) -> dict[str, Any]:
    """Every collection."""
    return {
        "links": [link(f"{base}/collections", "self", JSON), _licence()],
        "collections": [collection(dataset, community, base) for dataset in collections()],
    }


def collection(dataset: Dataset, community: Community, base: str) -> dict[str, Any]:
    """One collection: where and when its features are."""
    address = f"{base}/collections/{dataset.name}"
    box = community.bounds()
    began: datetime | None = first_moment(dataset, community)
    return {
        "id": dataset.name,
        "title": str(dataset.title),
        "description": str(dataset.about),
        "attribution": attribution_of(community),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {"bbox": [list(box or (-180, -90, 180, 90))], "crs": CRS84},
            "temporal": {
                "interval": [[f"{began:%Y-%m-%dT%H:%M:%SZ}" if began else None, None]],
                "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            },
        },
        "links": [
            link(address, "self", JSON),
            link(f"{address}/items", "items", GEOJSON, str(dataset.title)),
            _licence(),
        ],
    }


def definition(community: Community, base: str) -> dict[str, Any]:
    """The whole API as OpenAPI 3.0."""
    paths: dict[str, Any] = {
        "/": _path("getLandingPage", _("The first document"), JSON),
        "/conformance": _path("getConformance", _("The classes of requirements that are met"), JSON),
        "/api": _path("getApi", _("This definition"), OPENAPI),
        "/collections": _path("getCollections", _("Every collection"), JSON),
    }
    for dataset in collections():
        address = f"/collections/{dataset.name}"
        name, title = dataset.name.capitalize(), str(dataset.title)
        paths[address] = _path(f"describe{name}", title, JSON)
        paths[f"{address}/items"] = _path(f"get{name}", title, GEOJSON, _items_parameters(dataset), dataset.name)
        key = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "integer"}}
        paths[f"{address}/items/{{featureId}}"] = _path(f"get{name}Feature", title, GEOJSON, [key])
    return {
        "openapi": "3.0.3",
        "info": {
            "title": _("Open data: %(community)s") % {"community": community.name},
            "version": "1.0.0",
            "license": {"name": settings.DATA_LICENCE, "url": settings.DATA_LICENCE_URL},
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": {dataset.name: _schema(dataset) for dataset in collections()}},
    }


def _path(
    operation: str, summary: str, media_type: str, parameters: list[dict[str, Any]] | None = None, schema: str = ""
) -> dict[str, Any]:
    shape = {"$ref": f"#/components/schemas/{schema}"} if schema else {"type": "object"}
    answers = {
        "200": {"description": summary, "content": {media_type: {"schema": shape}}},
        "400": {"description": _("A parameter is not known, or its value cannot be.")},
        "404": {"description": _("There is no such thing.")},
    }
    f = {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["json"]}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": [*(parameters or []), f],
            "responses": answers,
        }
    }


def _items_parameters(dataset: Dataset) -> list[dict[str, Any]]:
    assert dataset.browsed
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    crs = {"type": "string", "format": "uri", "default": CRS84}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    by_list = {"style": "form", "explode": False}
    given = [
        ("bbox", numbers, by_list),
        ("bbox-crs", crs, {}),
        ("datetime", {"type": "string"}, {}),
        ("limit", limit, by_list),
        ("after", {"type": "integer", "minimum": 0}, {}),
        *((name, {"type": "string"}, {}) for name in dataset.browsed.filters),
    ]
    return [{"name": name, "in": "query", "required": False, "schema": schema, **more} for name, schema, more in given]


def _schema(dataset: Dataset) -> dict[str, Any]:
    """Of a page of features."""
    properties = {column.name: _TYPES[column.kind] | {"description": str(column.about)} for column in dataset.columns}
    feature = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer"},
            "geometry": {"type": "object", "description": dataset.shape},
            "properties": {"type": "object", "properties": properties},
        },
    }
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": feature},
            "numberMatched": {"type": "integer"},
            "numberReturned": {"type": "integer"},
        },
    }
