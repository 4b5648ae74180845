"""The worker of an import of history is killed with SIGKILL in its middle, inside a transaction and between two:
another goes on where it stopped, and no row is there twice or lost."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone
from django_scopes import scope

from core.jobs import LEASE, run_jobs
from core.models import Job
from geodata.models import Community
from issues.import_jobs import ask_for_import
from issues.import_models import RejectedRow
from issues.importing import Wish
from issues.models import Issue, IssueEvent, IssueSettings
from routing.models import Category
from tests.faults.service import environment, process, python

pytestmark = pytest.mark.django_db(transaction=True)
ROWS, BATCH = 400, 40
WEST, SOUTH, SIDE = 28.46, 49.22, 0.01
MAPPING = {"columns": {name: name for name in ("id", "category", "lon", "lat", "opened")}}
# Stops for good in the batch of that number, before its transaction ends or after it.
STUCK = """
import signal
from django.core.files.storage import storages
from core.jobs import run_jobs
from issues import import_jobs

storages["default"].__init__(location={folder!r})
real = import_jobs._Watch.{step}

def stuck(watch, summary, given):
    real(watch, summary, given)
    if summary.rows >= {rows}:
        print("here", flush=True)
        signal.pause()

import_jobs._Watch.{step} = stuck
run_jobs()
"""


@pytest.fixture
def here(db: None) -> Iterator[Community]:
    box = MultiPolygon(Polygon.from_bbox((WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)), srid=4326)
    made = Community.objects.create(slug="yavoryn", name="Яворин", boundary=box, centre=Point(WEST, SOUTH, srid=4326))
    with scope(community=made):
        Category.objects.create(community=made, code="roads", name="Дороги")
        yield made


def history() -> bytes:
    """Every tenth row is outside."""
    said = io.StringIO()
    writer = csv.writer(said)
    writer.writerow(["id", "category", "lon", "lat", "opened"])
    for number in range(ROWS):
        lon = WEST + SIDE * (number + 0.5) / ROWS + (number % 10 == 0)
        writer.writerow([f"A-{number}", "roads", lon, SOUTH + SIDE / 2, "2024-05-31T12:00:00+03:00"])
    return said.getvalue().encode()


@pytest.mark.parametrize("step", ["keep", "progress"], ids=["inside a transaction", "between two"])
def test_killed_import_goes_on_and_no_row_is_twice_or_lost(here: Community, tmp_path: Path, step: str) -> None:
    at = timezone.now() - timedelta(seconds=1)
    file = ContentFile(history(), name="old.csv")
    job = ask_for_import(here, file=file, mapping=MAPPING, wish=Wish(batch=BATCH), at=at)
    code = STUCK.format(folder=str(storages["default"].location), step=step, rows=ROWS // 2)  # type: ignore[attr-defined]
    with process(python(code), environment(), tmp_path / "log") as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "here\n", (tmp_path / "log").read_text()
        worker.kill()
        assert worker.wait(timeout=30) == -9
    half = ROWS // 2 - (BATCH if step == "keep" else 0)
    assert Issue.objects.count() == half * 9 // 10
    assert run_jobs() == 0, "the lease of the dead worker still runs"
    assert run_jobs(clock=lambda: timezone.now() + LEASE) == 1
    job = Job.objects.get(pk=job.pk)
    assert job.state == Job.State.DONE, job.error
    told = (job.result or {})["summary"]
    assert (told["rows"], told["imported"], told["repeated"]) == (ROWS, ROWS * 9 // 10, 0)
    assert told["rejected"] == {"outside": ROWS // 10}
    numbers = sorted(Issue.objects.values_list("number", flat=True))
    assert numbers == list(range(1, ROWS * 9 // 10 + 1)), "numbers follow each other"
    assert Issue.objects.values("external_id").distinct().count() == ROWS * 9 // 10
    assert IssueEvent.objects.count() == ROWS * 9 // 10
    assert IssueSettings.objects.get().last_number == ROWS * 9 // 10
    assert RejectedRow.objects.filter(job=job).count() == ROWS // 10
