"""Statistics of a month of Washington, DC against pandas over the same file: docs/trials.md holds the figures.

    ./misto bench dc_stats DATA/dc311

Needs an empty, migrated database, which `./misto bench` gives. The folder holds requests.csv and wards-2012.geojson.
pandas reads the file, finds the ward of each request in the file of wards, and counts by itself: it shares no code and
no database with what it is compared with.
"""

import json
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import pandas as pd
import shapely
from django.utils.datastructures import MultiValueDict
from django_scopes import scope

from geodata.models import Community
from issues.counters import REPORTS
from stats.asked import asked
from stats.filling import fill_all
from stats.recount import check
from stats.tables import area_features
from tests.bench._report import Report, exactly, table
from tests.trials.dc import bring_in, found

NOW = datetime(2016, 12, 1, 12, tzinfo=UTC)
DONE, REJECTED, DUPLICATE = ("CLOSED",), ("CLOSED - INCOMPLETE INFORMATION", "VOIDED"), (
    "DUPLICATE (OPENED)", "DUPLICATE (CLOSED)")  # fmt: skip
ZONE = "America/New_York"
COUNTED = ("opened", "closed", "rejected", "ended")
TIMES = ("fix_cases", "fix_median_s", "fix_p90_s")


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial and prints what came out; exits with 1 when a number differs."""
    parser = ArgumentParser(description="Statistics of Washington, DC against pandas.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    frame = read(options.folder / "requests.csv", options.folder / "wards-2012.geojson")
    community = found(options.folder, frame[["service_code", "service_name", "service_group"]].to_dict("records"))
    bring_in(options.folder / "requests.csv")
    began = time.perf_counter()
    fill_all(at=NOW)
    seconds = time.perf_counter() - began
    ours, theirs = ours_of(community), theirs_of(frame)
    exact = check(REPORTS, community.pk, repair=False)
    report = report_of(ours, theirs, rows=len(frame), seconds=seconds, recounted=exact.rows, wrong=exact.wrong)
    report.say(as_json=options.json)
    return report.exit_code


def read(requests: Path, wards: Path) -> pd.DataFrame:
    """Requests with the ward that they stand in (None for none), and days in the city's time zone."""
    frame = pd.read_csv(requests, parse_dates=["opened_at", "resolved_at"], dtype={"service_code": str})
    features = json.loads(wards.read_text(encoding="utf-8"))["features"]
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    tree = shapely.STRtree(shapely.points(frame[["lon", "lat"]].to_numpy()))
    frame["ward"] = None
    for feature, shape in zip(features, shapes, strict=True):
        frame.loc[tree.query(shape, predicate="covers"), "ward"] = str(feature["properties"]["WARD_ID"])
    return frame


def theirs_of(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Ward → what pandas counts in it."""
    status, resolved = frame["status"].str.strip().str.upper(), frame["resolved_at"]
    frame = frame.assign(
        closed=status.isin(DONE),
        rejected=status.isin(REJECTED),
        ended=status.isin((*DONE, *REJECTED, *DUPLICATE)),
        seconds=(resolved - frame["opened_at"]).dt.total_seconds().round().clip(lower=0),
    )
    told = {}
    for ward, part in frame.groupby("ward"):
        times = part.loc[part["closed"], "seconds"]
        told[str(ward)] = {
            "opened": len(part),
            "closed": int(part["closed"].sum()),
            "rejected": int(part["rejected"].sum()),
            "ended": int(part["ended"].sum()),
            "fix_cases": len(times),
            "fix_median_s": round(float(times.median()), 1),
            "fix_p90_s": round(float(times.quantile(0.9)), 1),
        }
    return told


def ours_of(community: Community) -> dict[str, dict[str, Any]]:
    """Ward → the row that the page of statistics lets people take home."""
    with scope(community=community):
        question = asked(MultiValueDict({"period": ["all"]}), community, today=NOW.date())
        features = area_features(question, question.whole)
    return {str(row["area"]): {name: row[name] for name in (*COUNTED, *TIMES)} for _key, row in features}


def report_of(
    ours: Mapping[str, Mapping[str, Any]],
    theirs: Mapping[str, Mapping[str, Any]],
    *,
    rows: int,
    seconds: float,
    recounted: int,
    wrong: int,
) -> Report:
    """Both side by side: every number of every ward must be equal."""
    wards = sorted({*ours, *theirs})
    names = (*COUNTED, *TIMES)
    differ = [
        (ward, name)
        for ward in wards
        for name in names
        if ours.get(ward, {}).get(name) != theirs.get(ward, {}).get(name)
    ]
    told = table(
        ["ward", *names],
        [[ward, *(_both(ours.get(ward, {}).get(name), theirs.get(ward, {}).get(name)) for name in names)]
         for ward in wards],
    )  # fmt: skip
    ratios = [
        exactly("numbers of wards that differ from pandas", len(differ), 0),
        exactly("counts that differ from a recount", wrong, 0),
    ]
    figures = {
        "wards": len(wards),
        "numbers compared": len(wards) * len(names),
        "in a ward, by pandas": sum(int(one["opened"]) for one in theirs.values()),
        "counted in s": round(seconds, 1),
        "counts recounted": recounted,
    }
    return Report("dc_stats", rows, figures, ratios, [told])


def _both(ours: Any, theirs: Any) -> str:
    return str(ours) if ours == theirs else f"{ours} ≠ {theirs}"


if __name__ == "__main__":
    raise SystemExit(main())
