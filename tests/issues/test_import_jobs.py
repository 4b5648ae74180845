"""History as a job: checked, brought in piece by piece, stopped, gone on with, its rejected rows taken home."""

import csv
import errno
import io
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils.translation import override
from django_scopes import scope

from core import jobs
from core.jobs import LEASE, enqueue_job, run_jobs
from core.models import Job
from geodata.models import Community
from issues import import_jobs
from issues.import_jobs import CHECK, IMPORT, ask_for_import, clear_old_rejected, rejected_pieces
from issues.import_models import RejectedRow
from issues.import_rejects import MOST_ROW
from issues.import_sources import Record
from issues.importing import Import, Wish
from issues.models import Issue
from tests.conftest import City
from tests.grid import Town

MAPPING = {"columns": {name: name for name in ("id", "category", "lon", "lat", "opened")}}
Ask = Callable[..., Job]


def rows(town: Town, count: int, *, bad: tuple[int, ...] = ()) -> bytes:
    """A table of holes; those of `bad` are of an unknown category."""
    said = io.StringIO()
    writer = csv.writer(said)
    writer.writerow(["id", "category", "lon", "lat", "opened"])
    for number in range(count):
        kind = "вулкан" if number in bad else "roads"
        writer.writerow([f"A-{number}", kind, *town.places["p"], "2026-10-01T09:00:00+03:00"])
    return said.getvalue().encode()


@pytest.fixture
def ask(city: City, now: datetime) -> Ask:
    """Asks for an import with five rows in a transaction."""

    def send(data: bytes, **mapping: Any) -> Job:
        return ask_for_import(
            city.community,
            file=ContentFile(data, name="old.csv"),
            mapping=MAPPING | mapping,
            wish=Wish(batch=5),
            at=now,
        )

    return send


def done(job: Job) -> Job:
    job.refresh_from_db()
    return job


def clock(now: datetime) -> Callable[[], datetime]:
    return lambda: now + timedelta(seconds=1)


def test_job_brings_history_in_and_keeps_what_it_left_out(ask: Ask, town: Town, now: datetime) -> None:
    job = ask(rows(town, 12, bad=(3, 11)))
    run_jobs(clock=clock(now))
    job = done(job)
    assert job.state == Job.State.DONE
    found = job.result or {}
    assert (found["summary"]["imported"], found["summary"]["rejected"]) == (10, {"category": 2})
    assert Issue.objects.count() == 10
    with override("en"):
        text = b"".join(rejected_pieces(job)).decode("utf-8-sig")
    left_out = list(csv.DictReader(io.StringIO(text)))
    assert [(row["import_line"], row["import_reason"]) for row in left_out] == [
        ("5", "Unknown category: “вулкан”"),
        ("13", "Unknown category: “вулкан”"),
    ]


def test_corrected_rows_come_in_from_the_file_of_rejected_ones(ask: Ask, town: Town, now: datetime) -> None:
    job = ask(rows(town, 4, bad=(1, 2)))
    run_jobs(clock=clock(now))
    ask(b"".join(rejected_pieces(done(job))).replace("вулкан".encode(), b"roads"))
    run_jobs(clock=clock(now))
    assert Issue.objects.count() == 4


def test_bytes_that_are_no_text_come_back_as_they_were(ask: Ask, town: Town, now: datetime) -> None:
    data = rows(town, 3).replace(b"A-1", b"\xff\xfeA")
    job = ask(data, encoding="utf-8")
    run_jobs(clock=clock(now))
    assert b"\xff\xfeA" in b"".join(rejected_pieces(done(job)))
    assert Issue.objects.count() == 2


def test_worker_that_died_is_followed_by_one_that_goes_on(
    ask: Ask, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third transaction of the first worker never ends; the second begins after the second transaction."""
    job = ask(rows(town, 23, bad=(2, 12, 22)))

    class Died(BaseException):
        pass

    def die(watch: Any, summary: Any, share: float) -> None:
        if summary.rows >= 10:
            raise Died

    with monkeypatch.context() as first:
        first.setattr(import_jobs._Watch, "progress", die)
        with pytest.raises(Died):
            run_jobs(clock=clock(now))
    assert Issue.objects.count() == 9
    assert (done(job).result or {})["summary"]["rows"] == 10
    read: list[int] = []
    taken = Import._take

    def take(way: Import, batch: Sequence[Record]) -> None:
        read.extend(one.line for one in batch)
        taken(way, batch)

    monkeypatch.setattr(Import, "_take", take)
    run_jobs(clock=lambda: now + 2 * LEASE)
    job = done(job)
    assert (job.state, job.attempts) == (Job.State.DONE, 1), "a try that got somewhere counts as the first"
    assert read == list(range(12, 25)), "what was done is not read as rows again"
    assert (job.result or {})["summary"]["imported"] == 20
    assert (job.result or {})["summary"]["rejected"] == {"category": 3}
    assert sorted(Issue.objects.values_list("number", flat=True)) == list(range(1, 21))
    assert list(RejectedRow.objects.filter(job=job).values_list("line", flat=True)) == [4, 14, 24]


def test_worker_that_lost_the_job_writes_nothing_more(
    ask: Ask, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(rows(town, 10, bad=(7,)))
    told = import_jobs._Watch.progress

    def lose(watch: Any, summary: Any, share: float) -> None:
        told(watch, summary, share)
        Job.objects.filter(pk=job.pk).update(claim="00000000-0000-0000-0000-000000000000")

    monkeypatch.setattr(import_jobs._Watch, "progress", lose)
    run_jobs(clock=clock(now))
    assert Issue.objects.count() == 5
    assert not RejectedRow.objects.exists()


def test_stopped_import_keeps_what_it_brought_and_goes_on_when_asked(
    ask: Ask, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(rows(town, 12))
    monkeypatch.setattr(jobs, "PAUSE", 0)
    told = import_jobs._Watch.progress

    def stop(watch: Any, summary: Any, share: float) -> None:
        jobs.cancel_job(job, at=now)
        told(watch, summary, share)

    with monkeypatch.context() as first:
        first.setattr(import_jobs._Watch, "progress", stop)
        run_jobs(clock=clock(now))
    assert done(job).state == Job.State.CANCELLED
    assert (job.result or {})["summary"]["imported"] == 5
    assert Issue.objects.count() == 5
    again = jobs.run_again(job, at=now)
    run_jobs(clock=clock(now))
    assert again
    assert (done(again).result or {})["summary"]["imported"] == 7
    assert Issue.objects.count() == 12


def test_check_suggests_what_the_file_says_and_writes_nothing(city: City, town: Town, now: datetime) -> None:
    file = ContentFile(rows(town, 5, bad=(1,)), name="old.csv")
    job = enqueue_job(community=city.community, kind=CHECK, at=now, parameters={"mapping": None, "wish": {}}, file=file)
    run_jobs(clock=clock(now))
    found = done(job).result or {}
    assert found["step"] == import_jobs.PREVIEW
    assert found["mapping"]["columns"]["category"] == "category"
    assert (found["summary"]["imported"], found["summary"]["rejected"]) == (4, {"category": 1})
    assert found["words"]["category"] == ["вулкан"]
    assert Issue.objects.count() == 0
    assert RejectedRow.objects.get(job=job).line == 3


@pytest.mark.parametrize(
    ("data", "step"), [(b"PK\x03\x04", import_jobs.CHOOSE), (b"a,b\n1,2\n", import_jobs.CHOOSE)], ids=["zip", "columns"]
)
def test_check_of_a_file_that_says_nothing_asks(city: City, now: datetime, data: bytes, step: str) -> None:
    job = enqueue_job(
        community=city.community, kind=CHECK, at=now, parameters={"mapping": None, "wish": {}},
        file=ContentFile(data, name="old.csv"),
    )  # fmt: skip
    run_jobs(clock=clock(now))
    assert (done(job).result or {})["step"] == step


def test_import_of_a_damaged_file_fails_in_words_and_keeps_the_rest(ask: Ask, town: Town, now: datetime) -> None:
    good = {
        "type": "Feature",
        "properties": {"id": "A", "category": "roads", "opened": "2026-10-01"},
        "geometry": {"type": "Point", "coordinates": town.places["p"]},
    }
    listed = ", ".join(json.dumps(good | {"properties": good["properties"] | {"id": n}}) for n in range(1200))  # type: ignore[operator]
    data = f'{{"type": "FeatureCollection", "features": [{listed}, {{nonsense}} ]}}'
    job = ask(data.encode(), columns={name: name for name in ("id", "category", "opened")})
    run_jobs(clock=clock(now))
    job = done(job)
    assert job.state == Job.State.FAILED
    assert "1200" in job.error
    assert Issue.objects.count() == 1200


def test_rejected_rows_are_forgotten_with_the_files_of_jobs(ask: Ask, town: Town, now: datetime) -> None:
    ask(rows(town, 3, bad=(1,)))
    run_jobs(clock=clock(now))
    assert clear_old_rejected(at=now + timedelta(days=29)) == 0
    assert clear_old_rejected(at=now + timedelta(days=31)) == 1


def test_words_are_forgotten_with_the_files_of_jobs(ask: Ask, town: Town, now: datetime) -> None:
    job = ask(rows(town, 3), categories={"Сусід Іван": "roads"}, statuses={"*": "new"})
    run_jobs(clock=clock(now))
    clear_old_rejected(at=now + timedelta(days=29))
    assert done(job).parameters["mapping"]["categories"]
    clear_old_rejected(at=now + timedelta(days=31))
    assert set(done(job).parameters["mapping"]) == {"columns"}


def test_rejected_rows_are_kept_within_bounds(
    ask: Ask, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = rows(town, 12, bad=tuple(range(12))).replace("вулкан".encode(), ("вулкан" + "о" * 40_000).encode())
    monkeypatch.setattr(import_jobs, "MOST_KEPT_BYTES", MOST_ROW)
    job = ask(data)
    run_jobs(clock=clock(now))
    kept = list(RejectedRow.objects.filter(job=job).values_list("raw", flat=True))
    assert (done(job).result or {})["summary"]["rejected"] == {"category": 12}
    assert len(kept) == 4
    assert all(len(raw) <= MOST_ROW for raw in kept)
    assert json.loads(kept[0])["id"] == "A-0"


def test_exchanged_places_are_told_by_the_import_too(ask: Ask, town: Town, now: datetime) -> None:
    lon, lat = town.places["p"]
    job = ask(f"id,category,lon,lat,opened\nA,roads,{lat},{lon},2026-10-01\n".encode())
    run_jobs(clock=clock(now))
    assert RejectedRow.objects.get(job=job).code == "swapped"


def test_full_disk_is_no_fault_of_the_file(
    ask: Ask, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(rows(town, 3))

    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as first:
        first.setattr("core.jobs.shutil.copyfileobj", full)
        run_jobs(clock=clock(now))
    assert (done(job).state, job.error, job.may_run_again) == (Job.State.FAILED, jobs.DISK_FULL, True)
    jobs.run_again(job, at=now)
    run_jobs(clock=clock(now))
    assert Issue.objects.count() == 3


def test_command_leaves_the_import_to_a_worker(
    city: City, town: Town, now: datetime, tmp_path: Any, capsys: Any
) -> None:
    file = tmp_path / "old.csv"
    file.write_bytes(rows(town, 3))
    columns = [f"{name}={name}" for name in MAPPING["columns"]]
    call_command("import_issues", "yavoryn", str(file), column=columns, job=True)
    assert Job.objects.get(kind=IMPORT).input_name == "old.csv"
    run_jobs()
    assert Issue.objects.count() == 3


def test_rejected_rows_of_another_community_are_out_of_scope(
    ask: Ask, town: Town, now: datetime, elsewhere: Community
) -> None:
    ask(rows(town, 3, bad=(1,)))
    run_jobs(clock=clock(now))
    assert RejectedRow.objects.count() == 1
    with scope(community=elsewhere):
        assert RejectedRow.objects.count() == 0
