"""Rules learnt from twenty days of a month of Washington, DC, tried on the rest: docs/trials.md holds the figures.

    ./misto bench dc_learnt DATA/dc311

Needs an empty, migrated database, which `./misto bench` gives. The folder holds requests.csv and wards-2012.geojson.
The requests are imported with the organisation that handled them (`decisions`: take), and no rule is written by hand.
Who handled them is told in three ways: by the city's column `organisation`, by its finer column `service_group`, and,
because DC divides its work by kind and not by ward, by an invented keeper of the ward that the city's own label names,
for refuse, trees and streets.
"""

import csv
import json
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Community
from issues.models import Issue
from routing.learning import CONFIDENCE, SUPPORT, cases_of, learn, try_on, write_draft
from routing.models import CommunityRouting
from tests.bench._report import Report, at_least, exactly, table
from tests.trials.dc import BY_WARD, MAPPING

LEARN = 20  # days
SURE, BETTER = 99, 20  # goals: %, and points where wards matter
Request = dict[str, str]
# Whose name is taken for the organisation that really handled a request.
WAYS: dict[str, Callable[[Request], str]] = {
    "organisation": lambda request: request["organisation"],
    "service group": lambda request: request["service_group"],
    "keeper of the ward": lambda request: (
        f"Keeper of ward {request['ward_label']}"
        if request["service_group"] in BY_WARD and request["ward_label"] in set("12345678")
        else request["service_group"]
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial and prints what came out; exits with 1 when learning does worse than the guess by category."""
    parser = ArgumentParser(description="Rules learnt from a month of Washington, DC.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    requests = list(csv.DictReader((options.folder / "requests.csv").open(encoding="utf-8")))
    first = min(datetime.fromisoformat(request["opened_at"]) for request in requests)
    figures: dict[str, Any] = {"requests": len(requests)}
    rows, ratios = [], []
    for name, who in WAYS.items():
        with undone():
            community = found_bare(options.folder)
            seconds = bring_in(requests, who)
            with scope(community=community):
                told = learnt(community, first)
                ratios.append(exactly(f"{name}: requests brought in", Issue.objects.count(), len(requests)))
            rows.append([name, *told.values()])
            figures |= {f"{name}: {what}": value for what, value in told.items()}
            figures[f"{name}: import, rows a second"] = round(len(requests) / seconds)
            right, guessed = told["right, %"], told["right by category, %"]
            ratios.append(at_least(f"{name}: of those by a rule, right, %", told["of those by a rule, %"], SURE))
            if told["of them for a ward"]:
                ratios.append(at_least(f"{name}: better than by category, points", right - guessed, BETTER))
    details = [table(["who handled it", *told], rows)]
    report = Report("dc_learnt", len(requests), figures, ratios, details)
    report.say(as_json=options.json)
    return report.exit_code


@contextmanager
def undone() -> Iterator[None]:
    """Everything in it is forgotten: each way begins with an empty database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def found_bare(folder: Path) -> Community:
    """The community with its wards and a fallback queue; categories and organisations come with the requests."""
    wards = str(folder / "wards-2012.geojson")
    call_command(
        "create_community", "dc", "Washington, DC", file=Path(wards), time_zone="America/New_York", stdout=sys.stderr
    )
    call_command(
        "import_areas",
        "dc",
        "wards",
        wards,
        code="WARD_ID",
        name="LABEL",
        valid_from=date(2012, 1, 1),
        stdout=sys.stderr,
    )
    community = Community.objects.get(slug="dc")
    with scope(community=community):
        CommunityRouting.objects.create(community=community, fallback=Organisation.objects.create(name="City desk"))
    return community


def bring_in(requests: list[Request], who: Callable[[Request], str]) -> float:
    """Imports the requests with who handled them; seconds."""
    raw = json.loads(MAPPING.read_text())
    raw["columns"]["organisation"] = "handled_by"
    with tempfile.TemporaryDirectory() as folder:
        mapping, file = Path(folder) / "mapping.json", Path(folder) / "requests.csv"
        mapping.write_text(json.dumps(raw | {"decisions": "take"}))
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, [*requests[0], "handled_by"])
            writer.writeheader()
            writer.writerows({**request, "handled_by": who(request)} for request in requests)
        started = time.perf_counter()
        call_command(
            "import_issues", "dc", str(file), mapping=mapping, create_categories=True, create_organisations=True,
            stdout=sys.stderr,
        )  # fmt: skip
        return time.perf_counter() - started


def learnt(community: Community, first: datetime) -> dict[str, Any]:
    """What was learnt from the first days, and how it did on the others, beside the two guesses."""
    until, end = first + timedelta(days=LEARN), datetime(2030, 1, 1, tzinfo=UTC)
    cases = list(cases_of(community, since=first, until=until))
    later = list(cases_of(community, since=until, until=end))
    lesson = learn(cases, support=SUPPORT, confidence=CONFIDENCE)
    draft = write_draft(lesson, community=community, since=first, until=until, at=timezone.now())
    trial = try_on(draft, later, learnt_from=cases)

    def share(count: int, of: int) -> float:
        return round(100 * count / of, 2)

    return {
        "learnt from": len(cases),
        "rules": len(lesson.rules),
        "of them for a ward": sum(rule.place is not None for rule in lesson.rules),
        "tried on": trial.cases,
        "decided by a rule, %": share(trial.by_rule, trial.cases),
        "right, %": share(trial.right, trial.cases),
        "of those by a rule, %": share(trial.right, trial.by_rule),
        "right by category, %": share(trial.right_by_category, trial.cases),
        "right by one, %": share(trial.right_by_one, trial.cases),
    }


if __name__ == "__main__":
    raise SystemExit(main())
