"""What a file of places is read into, whatever its format."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from geodata.problems import Problem, RefusedError
from geodata.projections import Projection

MAX_BYTES = 200 * 1024 * 1024  # of the file as it is given
MAX_UNPACKED = 400 * 1024 * 1024  # bytes of what is packed in it
MAX_FEATURES = 500_000
MAX_FIELDS = 500  # names of fields that are remembered
ALL_LAYERS = "*"  # stands for all of them together, where a format lets them be read as one
GEOMETRY_TYPES = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature as it stands in the file; `number` counts from 1. The geometry is still unchecked JSON."""

    number: int
    identity: Any
    properties: dict[str, Any]
    geometry: Any


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """Features of a file, and the way to longitude and latitude from their coordinates (None: they are).

    `format` is GeoJSON, GeoPackage, Shapefile or KML; `layers` are the names a person may choose from (none in
    GeoJSON; with ALL_LAYERS in KML of several), `layer` is the one that was read; `fields` are the names of the
    properties, in the order of the file.
    """

    features: list[Feature]
    to_wgs84: Projection | None = None
    problems: list[Problem] = field(default_factory=list)
    format: str = "GeoJSON"
    layers: tuple[str, ...] = ()
    layer: str = ""
    fields: tuple[str, ...] = ()


class ChooseLayerError(RefusedError):
    """The file has several layers and the person has to say which; `layers` are their names."""

    def __init__(self, kind: str, layers: Iterable[str], *, layer: str = "") -> None:
        self.layers = tuple(layers)
        super().__init__(kind, layers=", ".join(name[:60] for name in self.layers[:30]), layer=layer[:60])


def chosen_layer(layers: Iterable[str], wanted: str) -> str:
    """The wanted layer, or the only one. Raises RefusedError; ChooseLayerError when a person can mend it."""
    listed = list(layers)
    if not listed:
        raise RefusedError("no_layers")
    if wanted:
        if wanted not in listed:
            raise ChooseLayerError("no_layer", listed, layer=wanted)
        return wanted
    if len(listed) > 1:
        raise ChooseLayerError("choose_layer", listed)
    return listed[0]


def field_names(all_properties: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every name once, in the order of its first appearance."""
    names: dict[str, None] = {}
    for properties in all_properties:
        names.update(dict.fromkeys(properties))
        if len(names) >= MAX_FIELDS:
            break
    return tuple(names)[:MAX_FIELDS]
