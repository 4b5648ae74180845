"""Files of areas, written from drawings."""

import io
import json
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
from django.contrib.gis.geos import GEOSGeometry


def feature(shape: GEOSGeometry | dict[str, Any] | None, code: Any = "1", name: Any = "Перший") -> dict[str, Any]:
    """A GeoJSON feature with the properties `code` and `name`."""
    geometry = json.loads(shape.json) if isinstance(shape, GEOSGeometry) else shape
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry}


def polygon(*rings: Sequence[tuple[float, ...]]) -> dict[str, Any]:
    """A GeoJSON polygon with exactly these positions."""
    return {"type": "Polygon", "coordinates": [[list(position) for position in ring] for ring in rings]}


def collection(*features: Any, **members: Any) -> bytes:
    """The bytes of a file with these features."""
    return json.dumps({"type": "FeatureCollection", "features": features, **members}).encode()


def geopackage(folder: Path, *shapes: GEOSGeometry | None, srid: int | None = 4326, layer: str = "areas") -> Path:
    """A GeoPackage with these geometries, coded 1, 2, 3; a second call with another layer adds that."""
    path = folder / "file.gpkg"
    _write(path, shapes, srid=srid, driver="GPKG", layer=layer, append=path.exists(), SPATIAL_INDEX="NO")
    return path


def shapefile(
    folder: Path, *shapes: GEOSGeometry | None, srid: int | None = 4326, stem: str = "areas", encoding: str = "UTF-8"
) -> dict[str, bytes]:
    """The parts of a Shapefile by their names: areas.shp, areas.dbf …; without a .cpg unless the text is UTF-8."""
    _write(folder / f"{stem}.shp", shapes, srid=srid, driver="ESRI Shapefile", encoding=encoding)
    parts = {path.name: path.read_bytes() for path in folder.glob(f"{stem}.*")}
    if encoding != "UTF-8":
        del parts[f"{stem}.cpg"]
    return parts


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A zip archive with these members."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return written.getvalue()


def kml(*placemarks: str, around: str = "<Document>{}</Document>") -> bytes:
    """A KML document with these placemarks."""
    inside = around.format("".join(placemarks))
    return f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">{inside}</kml>'.encode()


def placemark(shape: str, name: str = "Перший", more: str = "") -> str:
    """A placemark of KML; `shape` is the XML of its geometry."""
    return f"<Placemark><name>{name}</name>{more}{shape}</Placemark>"


def kml_polygon(*rings: Sequence[tuple[float, ...]]) -> str:
    """A polygon of KML: the shell, then the holes."""
    borders = [" ".join(",".join(map(str, place)) for place in ring) for ring in rings]
    tags = ["outerBoundaryIs", *["innerBoundaryIs"] * (len(rings) - 1)]
    return "<Polygon>{}</Polygon>".format(
        "".join(
            f"<{tag}><LinearRing><coordinates>{border}</coordinates></LinearRing></{tag}>"
            for tag, border in zip(tags, borders, strict=True)
        )
    )


def _write(path: Path, shapes: Sequence[GEOSGeometry | None], *, srid: int | None, driver: str, **options: Any) -> None:
    given = [shape.clone() if shape is not None else None for shape in shapes]
    for shape in given:
        if shape is not None and srid not in (None, shape.srid):
            shape.transform(srid)
    codes = np.array([str(number) for number in range(1, len(given) + 1)], dtype=object)
    names = np.array(["Їжакевича вулиця" for _ in given], dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL has much to say of what it writes
        pyogrio.raw.write(
            path,
            np.array([bytes(shape.wkb) if shape is not None else None for shape in given], dtype=object),
            [codes, names],
            ["code", "назва"],
            driver=driver,
            crs=f"EPSG:{srid}" if srid else None,
            geometry_type="Unknown" if driver == "GPKG" else str(given[0].geom_type if given[0] else "Polygon"),
            **options,
        )
