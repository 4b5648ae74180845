"""Reads KML into numbered features: placemarks with their data. Nothing it links to is fetched."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from geodata.features import ALL_LAYERS, MAX_FEATURES, Feature, FeatureFile, chosen_layer, field_names
from geodata.problems import Outcome, Problem, RefusedError
from geodata.projections import WGS84, way_to_wgs84

MAX_NESTED = 60  # elements inside elements
FOLDER = "@folder"  # the property with the name of the folder, when all are read: it may be that of the district
_SHAPES = frozenset(("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"))
_UNREAD = frozenset(("Track", "MultiTrack", "Model"))
_TEXTS = ("name", "description", "address", "phoneNumber")
_COMMA = re.compile(r"\s*,\s*")  # some programs write a space after it


@dataclass(slots=True)
class Node:
    """An element inside a placemark; its tag is without a namespace."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self, tag: str) -> Iterator["Node"]:
        """Children of that tag."""
        return (child for child in self.children if child.tag == tag)


@dataclass(slots=True)
class Folder:
    """A layer of KML: placemarks that stand directly in one folder or in the document."""

    name: str = ""
    placemarks: list[Node] = field(default_factory=list)


def read_kml(data: bytes, *, crs: str = "", layer: str = "") -> FeatureFile:
    """Placemarks of one folder, or of ALL_LAYERS. Raises RefusedError when the whole file is no use."""
    reader = _Reader()
    reader.read(data)
    folders: dict[str, list[Node]] = {}
    for folder in reader.folders:
        if folder.placemarks:
            folders.setdefault(folder.name or "KML", []).extend(folder.placemarks)
    if not folders:
        raise RefusedError("only_links" if reader.links else "no_features")
    layers = (*folders, ALL_LAYERS) if len(folders) > 1 else tuple(folders)
    name = chosen_layer(layers, layer)
    to_wgs84, problems = way_to_wgs84(asked=crs, declared=WGS84)
    if reader.links:
        problems.append(Problem("links_left_out", Outcome.NOTED))
    features = []
    for number, (folder_name, placemark) in enumerate(_placemarks(folders, name), start=1):
        try:
            shape = _first_shape(placemark)
        except RefusedError as refusal:
            problems.append(refusal.problem.of(number))
        else:
            properties = _properties(placemark) | ({FOLDER: folder_name} if name == ALL_LAYERS else {})
            features.append(Feature(number, placemark.attributes.get("id"), properties, shape))
    fields = field_names(one.properties for one in features)
    return FeatureFile(features, to_wgs84, problems, "KML", layers, name, fields)


def _placemarks(folders: Mapping[str, list[Node]], wanted: str) -> Iterator[tuple[str, Node]]:
    """With the names of their folders, in the order of the file."""
    for name, placemarks in folders.items():
        if wanted in (name, ALL_LAYERS):
            yield from ((name, placemark) for placemark in placemarks)


class _Reader:
    """Walks through the XML, keeping the placemarks by their folder."""

    def __init__(self) -> None:
        self.folders: list[Folder] = []
        self.links = 0
        self._count = 0
        self._inside: list[str] = []
        self._open_folders: list[Folder] = []
        self._open_nodes: list[Node] = []

    def read(self, data: bytes) -> None:
        """Raises RefusedError for what is not KML."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = 2**20  # long boundaries come in few pieces
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _no_entities
        try:
            parser.Parse(data, True)
        except expat.ExpatError as mistake:
            raise RefusedError("not_xml", line=mistake.lineno, column=mistake.offset + 1) from None
        except (LookupError, ValueError):  # an encoding that Python does not know
            raise RefusedError("not_xml", line=1, column=1) from None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self._inside and tag not in ("kml", "Document", "Folder", "Placemark"):
            raise RefusedError("not_kml", tag=tag[:40])
        if len(self._inside) >= MAX_NESTED:
            raise RefusedError("too_deep")
        self._inside.append(tag)
        if self._open_nodes:
            node = Node(tag, attributes)
            self._open_nodes[-1].children.append(node)
            self._open_nodes.append(node)
        elif tag == "Placemark":
            self._begin_placemark(attributes)
        elif tag in ("kml", "Document", "Folder"):
            self._open_folders.append(Folder())
            self.folders.append(self._open_folders[-1])
        elif tag == "NetworkLink":
            self.links += 1

    def _begin_placemark(self, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_FEATURES:
            raise RefusedError("too_many_features", limit=MAX_FEATURES)
        if not self._open_folders:  # a placemark is the whole document
            self.folders.append(Folder())
        folder = self._open_folders[-1] if self._open_folders else self.folders[-1]
        node = Node("Placemark", attributes)
        folder.placemarks.append(node)
        self._open_nodes.append(node)

    def _end(self, _tag: str) -> None:
        tag = self._inside.pop()
        if self._open_nodes:
            self._open_nodes.pop()
        elif tag in ("kml", "Document", "Folder"):
            self._open_folders.pop()

    def _text(self, text: str) -> None:
        if self._open_nodes:
            self._open_nodes[-1].text += text
        elif self._inside[-2:] in (["Document", "name"], ["Folder", "name"]):
            self._open_folders[-1].name = (self._open_folders[-1].name + text).strip()


def _no_entities(*_declared: Any) -> None:
    """Entities can blow a small file up or name files of the server."""
    raise RefusedError("xml_entities")


def _properties(placemark: Node) -> dict[str, Any]:
    """Name, description and the data that a person has put in."""
    found: dict[str, Any] = {tag: child.text.strip() for tag in _TEXTS for child in placemark.all(tag)}
    for extended in placemark.all("ExtendedData"):
        for one in extended.all("Data"):
            found[one.attributes.get("name", "")] = "".join(value.text for value in one.all("value")).strip()
        for schema in extended.all("SchemaData"):
            for one in schema.all("SimpleData"):
                found[one.attributes.get("name", "")] = one.text.strip()
    return found


def _first_shape(node: Node) -> dict[str, Any] | None:
    for child in node.children:
        if child.tag in _SHAPES:
            return _SHAPE[child.tag](child)
        if child.tag in _UNREAD:
            raise RefusedError("kml_geometry", type=child.tag)
    return None


def _point(node: Node) -> dict[str, Any]:
    places = _places(node)
    return {"type": "Point", "coordinates": places[0]} if places else _nothing()


def _line(node: Node) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": _places(node)}


def _polygon(node: Node) -> dict[str, Any]:
    shells, holes = (
        [_places(ring) for border in node.all(tag) for ring in border.all("LinearRing")]
        for tag in ("outerBoundaryIs", "innerBoundaryIs")
    )
    return {"type": "Polygon", "coordinates": [*shells[:1], *holes]} if shells else _nothing()


def _many(node: Node) -> dict[str, Any]:
    unread = next((child.tag for child in node.children if child.tag in _UNREAD), None)
    if unread:
        raise RefusedError("kml_geometry", type=unread)
    members = [_SHAPE[child.tag](child) for child in node.children if child.tag in _SHAPES]
    return {"type": "GeometryCollection", "geometries": members}


def _nothing() -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": []}


def _places(node: Node) -> list[list[float]]:
    """Positions as GeoJSON has them; heights of nought are no heights."""
    places = []
    for child in node.all("coordinates"):
        for written in _COMMA.sub(",", child.text).split():
            try:
                place = [float(number) for number in written.split(",")]
            except ValueError:
                raise RefusedError("kml_coordinates", text=written[:60]) from None
            if len(place) < 2:
                raise RefusedError("kml_coordinates", text=written[:60])
            places.append(place)
    flat = all(len(place) < 3 or place[2] == 0 for place in places)
    return [place[:2] for place in places] if flat else places


_SHAPE: dict[str, Callable[[Node], dict[str, Any]]] = {
    "Point": _point,
    "LineString": _line,
    "LinearRing": _line,
    "Polygon": _polygon,
    "MultiGeometry": _many,
}
