"""Files are made anew where something changed, and only there; whoever asks often makes no more work."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django_scopes import scope

from core.jobs import run_jobs
from core.models import Job, Visibility
from geodata.models import Community
from issues.models import Issue
from stats.filling import fill_all
from stats.models import ExportFile
from stats.opendata import formats, jobs
from stats.opendata.formats import Chunks
from stats.opendata.jobs import KIND, MOST_AT_ONCE, ask, ask_in_turn, turn_of
from stats.opendata.licence import Terms
from stats.opendata.making import BusyError, make_exports, open_kept
from stats.opendata.tables import Dataset, all_datasets
from tests.conftest import NOW, City
from tests.grid import Town
from tests.stats.opendata.conftest import send, show_as

OFFERED = sum(len(dataset.formats) for dataset in all_datasets())
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _callbacks_run(django_capture_on_commit_callbacks: Any) -> Iterator[None]:
    """Former files are taken away after the commit."""
    with django_capture_on_commit_callbacks(execute=True):
        yield


def test_all_files_are_made_and_tell_their_size_and_sum(published: dict[str, Issue], city: City) -> None:
    made = make_exports(city.community, at=NOW)
    assert made["files"] == OFFERED
    for kept in ExportFile.objects.filter(part=""):
        with open_kept(kept) as file:
            content = file.read()
        assert (kept.size, kept.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert ExportFile.objects.get(dataset="reports", format="csv", part="").rows == 4
    assert set(ExportFile.objects.filter(dataset="reports").exclude(part="").values_list("part", flat=True)) == {
        "2026-09",
        "2026-11",
    }


def test_nothing_is_made_again_when_nothing_changed(published: dict[str, Issue], city: City) -> None:
    make_exports(city.community, at=NOW)
    before = list(ExportFile.objects.values_list("file", "made_at"))
    assert make_exports(city.community, at=LATER) == {"parts": 0, "files": 0}
    assert list(ExportFile.objects.values_list("file", "made_at")) == before
    assert set(ExportFile.objects.filter(part="").values_list("checked_at", flat=True)) == {LATER}


def test_a_changed_report_makes_its_month_anew_and_no_other(
    published: dict[str, Issue], city: City, town: Town
) -> None:
    make_exports(city.community, at=NOW)
    send(city, town["p"])
    fill_all(at=NOW)
    make_exports(city.community, at=LATER)
    parts = ExportFile.objects.filter(dataset="reports").exclude(part="")
    assert {kept.part: kept.made_at for kept in parts} == {"2026-09": NOW, "2026-11": LATER}
    whole = ExportFile.objects.filter(dataset="reports", part="")
    assert {(kept.rows, kept.made_at) for kept in whole} == {(5, LATER)}
    assert {kept.made_at for kept in ExportFile.objects.filter(dataset="areas")} == {NOW}


def test_a_month_whose_last_report_was_hidden_is_gone(published: dict[str, Issue], city: City) -> None:
    make_exports(city.community, at=NOW)
    show_as(published["old"], Visibility.HIDDEN)
    make_exports(city.community, at=LATER)
    assert not ExportFile.objects.filter(dataset="reports", part="2026-09").exists()
    assert {kept.rows for kept in ExportFile.objects.filter(dataset="reports", part="")} == {3}


def test_a_renamed_organisation_changes_the_files(published: dict[str, Issue], city: City) -> None:
    make_exports(city.community, at=NOW)
    city.vodokanal.name = "КП «Нова вода»"
    city.vodokanal.save()
    make_exports(city.community, at=LATER)
    with open_kept(ExportFile.objects.get(dataset="reports", format="csv", part="")) as file:
        assert "Нова вода" in file.read().decode()


def test_the_former_file_is_taken_away_when_the_new_one_is_there(
    published: dict[str, Issue], city: City, town: Town, django_capture_on_commit_callbacks: Any
) -> None:
    make_exports(city.community, at=NOW)
    former = ExportFile.objects.get(dataset="reports", format="csv", part="").file
    send(city, town["p"])
    fill_all(at=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        make_exports(city.community, at=LATER)
    assert not default_storage.exists(former)
    assert default_storage.exists(ExportFile.objects.get(dataset="reports", format="csv", part="").file)


def test_a_file_that_the_storage_lost_is_made_again(published: dict[str, Issue], city: City) -> None:
    make_exports(city.community, at=NOW)
    default_storage.delete(ExportFile.objects.get(dataset="reports", format="geojson", part="").file)
    assert make_exports(city.community, at=LATER) == {"parts": 0, "files": 1}


def test_what_breaks_leaves_the_former_file(
    published: dict[str, Issue], city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_exports(city.community, at=NOW)
    former = ExportFile.objects.get(dataset="reports", format="csv", part="")

    def full_disk(path: Any, dataset: Dataset, chunks: Chunks, terms: Terms) -> None:
        path.write_text("half of")
        raise OSError("no space left")

    broken = formats.FileFormat("csv", "CSV", "text/csv", full_disk)
    monkeypatch.setitem(formats._formats, "csv", broken)
    send(city, town["p"])
    fill_all(at=NOW)
    with pytest.raises(OSError, match="no space"):
        make_exports(city.community, at=LATER)
    kept = ExportFile.objects.get(dataset="reports", format="csv", part="")
    assert (kept.file, kept.sha256) == (former.file, former.sha256)
    assert default_storage.exists(kept.file)


def test_two_processes_do_not_make_the_same_files(published: dict[str, Issue], city: City) -> None:
    """The other one has a connection of its own."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('stats.opendata.making'), %s)", [city.community.pk])
        with pytest.raises(BusyError):
            make_exports(city.community, at=NOW)
        # A connection that is closed leaves its lock a moment later.
        cursor.execute("SELECT pg_advisory_unlock(hashtext('stats.opendata.making'), %s)", [city.community.pk])
    other.close()
    assert make_exports(city.community, at=NOW)["files"] == OFFERED


def test_each_community_has_a_minute_of_the_night_of_its_own(yavoryn: Community) -> None:
    turns = {turn_of(Community(pk=pk, time_zone="Europe/Kyiv"), at=NOW) for pk in range(1, 301)}
    assert len(turns) == 300
    for turn in turns:
        assert turn <= NOW
        assert 0 <= turn.hour < 6


def test_a_community_is_asked_for_once_a_night(yavoryn: Community, elsewhere: Community) -> None:
    assert ask_in_turn(at=NOW) == 2
    assert ask_in_turn(at=NOW + timedelta(minutes=2)) == 0
    assert ask_in_turn(at=NOW + timedelta(days=1)) == 2


def test_one_turn_takes_so_many_communities_and_no_more(yavoryn: Community) -> None:
    for n in range(MOST_AT_ONCE + 5):
        Community.objects.create(slug=f"hromada-{n}", name=f"Громада {n}", centre=yavoryn.centre)
    assert ask_in_turn(at=NOW) == MOST_AT_ONCE
    assert ask_in_turn(at=NOW) == 6


def test_the_job_makes_the_files_in_the_scope_of_its_community(
    published: dict[str, Issue], city: City, elsewhere: Community
) -> None:
    ask_in_turn(at=NOW)
    assert run_jobs(clock=lambda: NOW) == 2
    assert ExportFile.objects.filter(part="").count() == OFFERED
    with scope(community=elsewhere):
        assert {kept.rows for kept in ExportFile.objects.filter(part="")} == {0}


def test_jobs_of_former_nights_are_forgotten(published: dict[str, Issue], city: City) -> None:
    for night in range(3):
        moment = NOW + timedelta(days=night)
        ask_in_turn(at=moment)
        run_jobs(clock=lambda moment=moment: moment)  # type: ignore[misc]
    assert Job.objects.filter(kind=KIND).count() == 1


def test_however_many_ask_one_job_is_done_and_fresh_files_are_not_made_again(
    published: dict[str, Issue], city: City
) -> None:
    first = ask(city.community, at=NOW)
    assert first
    assert ask(city.community, at=NOW) == first
    run_jobs(clock=lambda: NOW)
    assert ask(city.community, at=NOW + timedelta(minutes=14)) is None
    assert ask(city.community, at=NOW + jobs.FRESH + timedelta(minutes=1))


def test_operators_make_files_by_command(published: dict[str, Issue], city: City, elsewhere: Community) -> None:
    said = StringIO()
    call_command("make_exports", "--community", "yavoryn", stdout=said)
    assert said.getvalue().startswith("yavoryn: ")
    assert ExportFile.objects.filter(part="").count() == OFFERED
    with scope(community=elsewhere):
        assert not ExportFile.objects.exists()
    call_command("make_exports", stdout=said)
    with scope(community=elsewhere):
        assert ExportFile.objects.exists()
