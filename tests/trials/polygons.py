"""Polygon files of every kind of wrong through `import_areas --dry-run`: what each is told. None may be a traceback.

    ./misto bench polygons DATA/polygons/invalid

Whatever GDAL can make of a file is tried as GeoPackage, zipped Shapefile and KML too.

Needs an empty, migrated database, which `./misto bench` gives.
"""

import logging
import re
import warnings
import zipfile
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import django

if __name__ == "__main__":
    django.setup()

import pyogrio.errors
import pyogrio.raw
import shapely
from django.core.management import CommandError, call_command
from django.utils.translation import override

from geodata.actions import create_community
from tests.bench._report import Report, exactly, table

GLOBE = shapely.box(-180, -85, 180, 85)  # the files lie all over it, and nothing may be refused as too far away
TOLD = re.compile(r"^\d+ \S+ (refused|repaired|noted) (?:–|[-\d.]+, [-\d.]+) (.+)$")  # a line of the command's table
# How GDAL writes each format.
CONVERTED = {
    "GeoPackage": ("GPKG", ".gpkg"),
    "Shapefile": ("ESRI Shapefile", ".shp"),
    "KML": ("LIBKML", ".kml"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file was told. `how`: accepted, refused or traceback."""

    file: str
    how: str
    words: str
    format: str = "GeoJSON"


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial; exits with 1 when a file ended in a traceback."""
    parser = ArgumentParser(description="Polygon files of every kind of wrong.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    create_community(slug="trial", name="Trial", boundary=GLOBE)
    files = sorted(options.folder.rglob("*.geojson"))
    with override("en"):
        outcomes = [try_out(file, name=str(file.relative_to(options.folder))) for file in files]
        outcomes += [outcome for file in files for outcome in try_converted(file, folder=options.folder)]
    report = report_of(outcomes)
    report.say(as_json=options.json)
    return report.exit_code


def report_of(outcomes: list[Outcome]) -> Report:
    """How many files of each format ended how; none may be a traceback. What each was told stands beside it."""
    hows = ("accepted", "refused", "traceback")
    counted = {name: Counter(outcome.how for outcome in outcomes if outcome.format == name)
               for name in ("GeoJSON", *CONVERTED)}  # fmt: skip
    figures = {name: {"files": of.total()} | {how: of[how] for how in hows} for name, of in counted.items()}
    told = table(
        ["file", "outcome", "said"],
        [[outcome.file, outcome.how, outcome.words] for outcome in outcomes if outcome.format == "GeoJSON"],
    )
    faults = [f"{outcome.file} ({outcome.format}): {outcome.words}" for outcome in outcomes
              if outcome.how == "traceback"]  # fmt: skip
    return Report("polygons", len(outcomes), figures, [exactly("tracebacks", len(faults), 0)], [told, *faults])


def try_out(file: Path, *, name: str) -> Outcome:
    """One file, as `import_areas trial zones FILE --code @number --name @number --dry-run`."""
    said = StringIO()
    given = {"code": "@number", "name": "@number", "dry_run": True, "stdout": said}
    try:
        call_command("import_areas", "trial", "zones", str(file), **given)
    except CommandError as refusal:
        return Outcome(name, "refused", told(said.getvalue()) or str(refusal))
    except Exception as fault:  # noqa: BLE001  this is what the trial looks for
        return Outcome(name, "traceback", f"{type(fault).__name__}: {fault}")
    return Outcome(name, "accepted", told(said.getvalue()))


def try_converted(file: Path, *, folder: Path) -> list[Outcome]:
    """The same features in the other formats, as far as GDAL can read the file and write them."""
    name = str(file.relative_to(folder))
    outcomes = []
    with TemporaryDirectory() as place:
        for file_format in CONVERTED:
            try:
                converted = convert(file, Path(place), file_format=file_format)
            except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.GeometryError,
                    pyogrio.errors.FeatureError, pyogrio.errors.FieldError, ValueError):  # fmt: skip
                continue
            outcomes.append(replace(try_out(converted, name=name), format=file_format))
    return outcomes


def convert(file: Path, place: Path, *, file_format: str) -> Path:
    """Writes the features of a GeoJSON file in another format. Raises what pyogrio raises when it cannot."""
    driver, ending = CONVERTED[file_format]
    logging.getLogger("pyogrio").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta, _, geometries, columns = pyogrio.raw.read(file)
        if geometries is None or not len(geometries):
            raise ValueError("no features")
        written = place / f"file{ending}"
        pyogrio.raw.write(written, geometries, columns, meta["fields"], driver=driver, crs=meta["crs"],
                          geometry_type="Unknown" if driver != "ESRI Shapefile" else meta["geometry_type"])  # fmt: skip
    if driver != "ESRI Shapefile":
        return written
    packed = place / "file.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in place.glob("file.*"):
            if part.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                archive.write(part, part.name)
    return packed


def told(said: str) -> str:
    """What the command said of the file's features: each different thing once."""
    lines = (TOLD.match(" ".join(line.split())) for line in said.splitlines())
    return "; ".join(dict.fromkeys(f"{line[1]}: {line[2]}" for line in lines if line)).replace("|", "/")


if __name__ == "__main__":
    raise SystemExit(main())
