"""Photos of many cameras, broken ones too, through the cleaning; places compared with what exiftool read.

    ./misto bench photos DATA/photos

The folder holds exiftool.json, an independent reading: file, lat, lon, width, height, orientation. The database is not
used.
"""

import json
import re
import resource
import time
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from PIL import Image, ImageChops, ImageStat

from media.cleaning import clean, inspect
from media.position import Position, read_exif
from media.refusals import PhotoRefused
from tests.bench._report import Report, exactly, table

SAME = 1e-5  # degrees, about a metre
NOWHERE = Position(0, 0)
ASKEW = 20  # of 255: the most by which two pictures of one scene differ on average, both upright


@dataclass(frozen=True, slots=True)
class Outcome:
    """One photo. `place` is same, none, differs, only ours or only theirs; `clean_ms` is None for a refused one."""

    file: str
    refused: str
    place: str
    clean_ms: float | None
    left_over: bool  # a cleaned file that still holds a note
    small: bytes = b""  # the cleaned small size


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial; exits with 1 when a cleaned photo still holds anything but pixels."""
    parser = ArgumentParser(description="Photos of many cameras.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    known = {row["file"]: row for row in json.loads((options.folder / "exiftool.json").read_text(encoding="utf-8"))}
    files = sorted(file for file in options.folder.rglob("*") if file.is_file() and file.name != "exiftool.json")
    names = [str(file.relative_to(options.folder)) for file in files]
    outcomes = [look_at(file, name, known.get(name, {})) for file, name in zip(files, names, strict=True)]
    times = [outcome.clean_ms for outcome in outcomes if outcome.clean_ms is not None]
    figures = {
        "photos": len(outcomes),
        "cleaned": len(times),
        "refused": dict(Counter(outcome.refused for outcome in outcomes if outcome.refused)),
        "places": dict(Counter(outcome.place for outcome in outcomes)),
        "cleaned with a note left": sum(outcome.left_over for outcome in outcomes),
        "pictures that hang askew": sum(hang_askew(outcomes)),
        "clean_ms_p50": round(median(times)),
        "clean_ms_max": round(max(times)),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    report = report_of(figures, outcomes)
    report.say(as_json=options.json)
    return report.exit_code


def report_of(figures: dict[str, Any], outcomes: list[Outcome]) -> Report:
    """The figures with what must not happen; what is worth a look is told beside them."""
    left, places = figures["cleaned with a note left"], figures["places"]
    ratios = [
        exactly("cleaned with a note left", left, 0),
        exactly("places that differ", places.get("differs", 0), 0),
        exactly("places that one of two readers misses", places.get("only ours", 0) + places.get("only theirs", 0), 0),
        exactly("pictures that hang askew", figures["pictures that hang askew"], 0),
    ]
    strange = [
        [outcome.file, outcome.refused, outcome.place]
        for outcome in outcomes
        if outcome.refused or outcome.place not in {"same", "none"}
    ]
    return Report("photos", len(outcomes), figures, ratios, [table(["photo", "refused", "place"], strange)])


def look_at(file: Path, name: str, known: dict[str, Any]) -> Outcome:
    """One photo through both doors."""
    data = file.read_bytes()
    try:
        found = inspect(data)
        began = time.perf_counter()
        cleaned = clean(data)
    except PhotoRefused as refused:
        return Outcome(name, refused.code, "not asked", None, left_over=False)
    spent = 1000 * (time.perf_counter() - began)
    left_over = any(holds_notes(content) for content in (cleaned.large, cleaned.small))
    return Outcome(name, "", compare(found.position, known), round(spent, 1), left_over, cleaned.small)


def hang_askew(outcomes: list[Outcome]) -> list[bool]:
    """Of pictures of one scene, NAME_0 to NAME_8 for the orientations of EXIF: whether each differs from NAME_1."""
    upright = {outcome.file.replace("_1.", "_N."): outcome.small for outcome in outcomes if "_1." in outcome.file}
    turned = [(re.sub(r"_[0-8]\.", "_N.", outcome.file), outcome.small) for outcome in outcomes]
    return [differ(small, upright[scene]) for scene, small in turned if small and upright.get(scene)]


def differ(one: bytes, other: bytes) -> bool:
    """Whether two encoded pictures have other proportions, or show something else."""
    with Image.open(BytesIO(one)) as first, Image.open(BytesIO(other)) as second:
        if first.size != second.size:
            return True
        apart = ImageChops.difference(first.convert("L").resize((32, 32)), second.convert("L").resize((32, 32)))
    return ImageStat.Stat(apart).mean[0] > ASKEW


def holds_notes(content: bytes) -> bool:
    """Whether anything but pixels is in a cleaned file."""
    with Image.open(BytesIO(content)) as image:
        kept = {"exif", "xmp", "icc_profile", "comment"} & set(image.info)
        return bool(kept) or bool(read_exif(image.info.get("exif", b"")))


def compare(ours: Position | None, known: dict[str, Any]) -> str:
    """Our place against the independent reading."""
    lat, lon = known.get("lat"), known.get("lon")
    theirs = Position(float(lon), float(lat)) if lat not in (None, "") and lon not in (None, "") else None
    if theirs == NOWHERE:
        theirs = None  # a camera without a fix: it is right that nobody believes it
    if ours is None or theirs is None:
        return "none" if ours is theirs else "only ours" if ours else "only theirs"
    return "same" if max(abs(ours.lon - theirs.lon), abs(ours.lat - theirs.lat)) <= SAME else "differs"


if __name__ == "__main__":
    raise SystemExit(main())
