"""Polygon files of every kind of wrong through `import_areas --dry-run`: what each is told. None may be a traceback.

    ./misto bench polygons DATA/polygons/invalid

Needs an empty, migrated database, which `./misto bench` gives.
"""

import json
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

import shapely
from django.core.management import CommandError, call_command
from django.utils.translation import override

from geodata.actions import create_community

GLOBE = shapely.box(-180, -85, 180, 85)  # the files lie all over it, and nothing may be refused as too far away
TOLD = re.compile(r"^\d+ \S+ (refused|repaired|noted) (?:–|[-\d.]+, [-\d.]+) (.+)$")  # a line of the command's table


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file was told. `how`: accepted, refused or traceback."""

    file: str
    how: str
    words: str


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
    counted = Counter(outcome.how for outcome in outcomes)
    if options.json:
        say(json.dumps({"trial": "polygons", "rows": len(outcomes), "figures": dict(counted),
                        "outcomes": [asdict(outcome) for outcome in outcomes]}, ensure_ascii=False))  # fmt: skip
    else:
        say("| file | outcome | said |\n|---|---|---|")
        for outcome in outcomes:
            say(f"| {outcome.file} | {outcome.how} | {outcome.words} |")
        say("\n" + ", ".join(f"{count} {how}" for how, count in sorted(counted.items())))
    return 1 if counted["traceback"] else 0


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


def told(said: str) -> str:
    """What the command said of the file's features: each different thing once."""
    lines = (TOLD.match(" ".join(line.split())) for line in said.splitlines())
    return "; ".join(dict.fromkeys(f"{line[1]}: {line[2]}" for line in lines if line)).replace("|", "/")


def say(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
