"""A month of service requests of Washington, DC through the whole of the import: docs/trials.md holds the figures.

    ./misto bench dc DATA/dc311

Needs an empty, migrated database, which `./misto bench` gives. The folder holds requests.csv and wards-2012.geojson.
"""

import csv
import random
import resource
import sys
import time
from argparse import ArgumentParser
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import connection
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Community, Division
from issues.models import Issue
from routing.models import Category, CommunityRouting, Decision, Rule
from routing.responsibility import decide
from routing.rulesets import new_draft, publish
from tests.bench._report import Report, at_least, exactly, table

# Done by the keeper of the ward; everything else is done by the organisation of its service group.
BY_WARD = {"SWMA- Solid Waste Management Admistration", "Urban Forrestry", "Toa-Street & Bridge Maintenance"}
MAPPING = Path(__file__).with_name("dc_mapping.json")
SAMPLE = 2000
PUBLISHED = datetime(2012, 1, 1, 12, tzinfo=UTC)
LABELS = 99.8  # %: at least so many wards equal the label

MISSES = """
SELECT i.external_id, %(label)s AS label, a.code,
       ST_Distance(i.location::geography, (SELECT boundary::geography FROM geodata_area WHERE code = %(label)s))
FROM issues_issue i
LEFT JOIN issues_issue_areas ia ON ia.issue_id = i.id LEFT JOIN geodata_area a ON a.id = ia.area_id
WHERE i.external_id = %(id)s
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial and prints what came out; exits with 1 when a goal is missed."""
    parser = ArgumentParser(description="A month of service requests of Washington, DC.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    requests = list(csv.DictReader((options.folder / "requests.csv").open(encoding="utf-8")))
    community = found(options.folder, requests)
    figures: dict[str, Any] = bring_in(options.folder / "requests.csv")
    with scope(community=community):
        figures |= compare(requests, community)
        figures |= decide_one_by_one(community)
    report = report_of(figures, len(requests))
    report.say(as_json=options.json)
    return report.exit_code


def report_of(figures: dict[str, Any], rows: int) -> Report:
    """The figures with what is expected of them; the misses are told beside them."""
    misses = figures.pop("misses")
    names = ("request", "label", "ward", "metres")
    told = table(
        ["request", "the city's label", "our ward", "metres to the labelled ward"],
        [[miss[name] for name in names] for miss in misses],
    )
    expected = [
        ("reach the organisation of the group", "done by a service group"),
        ("decide(): same answer and trace as the import", "decide(): sample"),
    ]
    ratios = [
        exactly("requests brought in", figures["imported"], rows),
        *(at_least(name, figures[name], LABELS) for name in figures if name.endswith(", %")),
        *(exactly(name, figures[name], figures[of]) for name, of in expected),
    ]
    return Report("dc", rows, figures, ratios, [told])


def found(folder: Path, requests: list[dict[str, str]]) -> Community:
    """The community with its wards, an invented keeper for each, an organisation for each service group, and rules."""
    wards = str(folder / "wards-2012.geojson")
    call_command("create_community", "dc", "Washington, DC", file=Path(wards), time_zone="America/New_York")
    call_command("import_areas", "dc", "wards", wards, code="WARD_ID", name="LABEL", valid_from=date(2012, 1, 1))
    community = Community.objects.get(slug="dc")
    with scope(community=community):
        groups: dict[str, Organisation] = {}
        for group in sorted({request["service_group"] for request in requests}):
            groups[group] = Organisation.objects.create(name=group)
        keepers = {str(n): Organisation.objects.create(name=f"Keeper of ward {n}") for n in range(1, 9)}
        nobody = Organisation.objects.create(name="City desk")
        CommunityRouting.objects.create(community=community, fallback=nobody)
        division = Division.objects.get(community=community, code="wards")
        draft = new_draft(community=community, at=PUBLISHED)
        given = {"community": community, "ruleset": draft}
        services = {request["service_code"]: request for request in requests}
        for code, request in sorted(services.items()):
            category = Category.objects.create(community=community, code=code, name=request["service_name"])
            group = request["service_group"]
            Rule.objects.create(category=category, organisation=groups[group], **given)
            if group in BY_WARD:
                for ward, keeper in keepers.items():
                    Rule.objects.create(
                        category=category, division=division, area_code=ward, organisation=keeper, **given
                    )
        for ward, keeper in keepers.items():
            Rule.objects.create(division=division, area_code=ward, organisation=keeper, **given)
        publish(draft, moment=PUBLISHED, at=PUBLISHED)
    return community


def bring_in(file: Path) -> dict[str, Any]:
    """Imports every request, then once more, when nothing may be written; rows a second and memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    call_command("import_issues", "dc", str(file), mapping=MAPPING, stdout=sys.stderr)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = sum(1 for _ in csv.DictReader(file.open(encoding="utf-8")))
    started = time.perf_counter()
    call_command("import_issues", "dc", str(file), mapping=MAPPING, stdout=sys.stderr)
    again = time.perf_counter() - started
    return {
        "import seconds": round(seconds, 2),
        "import rows per second": round(rows / seconds),
        "second run, nothing new, rows per second": round(rows / again),
        "peak memory, MB": round(peak / 1024),
        "of it grown during the import, MB": round((peak - before) / 1024),
    }


def compare(requests: list[dict[str, str]], community: Community) -> dict[str, Any]:
    """Our ward and our organisation against the city's own label, for every labelled request."""
    wards: dict[str, list[str]] = defaultdict(list)
    for external_id, code in Issue.objects.filter(areas__division__code="wards").values_list(
        "external_id", "areas__code"
    ):
        wards[external_id or ""].append(code)
    decisions = Decision.objects.filter(community=community)
    reached = dict(decisions.values_list("subject__issue__external_id", "organisation__name"))
    labelled = [request for request in requests if request["ward_label"] in set("12345678")]
    misses = [request for request in labelled if wards[request["request_id"]] != [request["ward_label"]]]
    by_ward = [request for request in labelled if request["service_group"] in BY_WARD]
    by_group = [request for request in requests if request["service_group"] not in BY_WARD]
    to_keeper = sum(reached.get(r["request_id"]) == f"Keeper of ward {r['ward_label']}" for r in by_ward)
    to_group = sum(reached.get(r["request_id"]) == r["service_group"] for r in by_group)
    return {
        "imported": Issue.objects.count(),
        "labelled": len(labelled),
        "ward equals the label": len(labelled) - len(misses),
        "ward equals the label, %": round(100 * (1 - len(misses) / len(labelled)), 3),
        "done by ward, labelled": len(by_ward),
        "reach the keeper of the labelled ward": to_keeper,
        "reach the keeper of the labelled ward, %": round(100 * to_keeper / len(by_ward), 3),
        "done by a service group": len(by_group),
        "reach the organisation of the group": to_group,
        "misses": [miss(request) for request in misses],
        "unlabelled": len(requests) - len(labelled),
        "unlabelled, in a ward all the same": sum(
            bool(wards[r["request_id"]]) for r in requests if r["ward_label"] not in set("12345678")
        ),
    }


def miss(request: dict[str, str]) -> dict[str, Any]:
    """One request whose ward is not the label, with the distance to the labelled ward."""
    with connection.cursor() as cursor:
        cursor.execute(MISSES, {"id": request["request_id"], "label": request["ward_label"]})
        row = cursor.fetchone()
    if row is None:
        return {"request": request["request_id"], "label": request["ward_label"], "ward": "outside", "metres": None}
    return {"request": row[0], "label": row[1], "ward": row[2], "metres": round(row[3], 4)}


def decide_one_by_one(community: Community) -> dict[str, Any]:
    """`decide()` for a sample of what was imported: its speed, and whether it says what the import wrote down."""
    every = Issue.objects.select_related("category").order_by("id")
    chosen = random.Random(8).sample(range(every.count()), SAMPLE)
    issues = [issue for number, issue in enumerate(every) if number in set(chosen)]
    written = dict(Decision.objects.filter(community=community).values_list("subject", "trace"))
    times: list[float] = []
    same = 0

    def timed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            times.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    with connection.execute_wrapper(timed):
        for issue in issues:
            verdict = decide(issue.location, issue.category, community=community, at=issue.created_at)
            same += verdict.trace == written[issue.subject_id]
    seconds = time.perf_counter() - began
    return {
        "decide(): sample": len(issues),
        "decide(): same answer and trace as the import": same,
        "decide(): rows per second": round(len(issues) / seconds),
        "decide(): ms of SQL, p50": round(median(times), 2),
        "decide(): ms of SQL, p95": round(quantiles(times, n=20)[-1], 2),
    }


if __name__ == "__main__":
    raise SystemExit(main())
