"""The page about open data, the files behind it, and asking for fresh ones. Strangers may do all of it."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django_scopes import scope

from accounts.models import User
from core.jobs import run_jobs
from core.models import Job, Visibility
from geodata.models import Community
from issues.events import append_event
from issues.models import Issue, IssueEvent
from issues.moves import set_visibility
from stats.models import ExportFile
from stats.opendata.jobs import KIND, OF_A_NETWORK, ask
from stats.opendata.making import make_exports, open_kept
from stats.opendata.tables import all_datasets
from tests.conftest import NOW, City

PAGE = "/yavoryn/data/"


@pytest.fixture
def made(published: dict[str, Issue], city: City) -> dict[str, Issue]:
    """All files are there."""
    make_exports(city.community, at=NOW)
    return published


@pytest.fixture
def moderator() -> User:
    return User.objects.create_user(email="moderator@example.org", password="довгий пароль 2026")


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_stranger_reads_which_data_there_are_under_which_licence(made: dict[str, Issue], client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        answer = client.get(PAGE)
    text = answer.content.decode()
    assert answer.status_code == 200
    for dataset in all_datasets():
        for name in dataset.formats:
            assert f'href="/yavoryn/data/{dataset.name}.{name}"' in text
    assert "CC BY 4.0" in text
    assert "Яворинська громада" in text
    assert "/yavoryn/data/catalog.jsonld" in text
    assert "/yavoryn/ogc/" in text


def test_the_page_without_files_offers_to_make_them(city: City, client: Client) -> None:
    text = client.get(PAGE).content.decode()
    assert 'reports.csv"' not in text
    assert "/yavoryn/data/fresh/" in text


def test_the_footer_leads_to_the_page(city: City, client: Client) -> None:
    assert f'href="{PAGE}"' in client.get("/yavoryn/areas/").content.decode()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reports.csv", "text/csv"),
        ("reports.geojson", "application/geo+json"),
        ("areas.gpkg", "application/geopackage+sqlite3"),
        ("counts.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_a_file_comes_with_its_kind_its_licence_and_for_every_site(
    made: dict[str, Issue], city: City, client: Client, name: str, kind: str
) -> None:
    answer = client.get(f"/yavoryn/data/{name}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith(kind)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert '<https://creativecommons.org/licenses/by/4.0/>; rel="license"' in answer["Link"]
    assert answer["Content-Disposition"].startswith('attachment; filename="yavoryn-')
    dataset, ending = name.split(".")
    with open_kept(ExportFile.objects.get(dataset=dataset, format=ending, part="")) as file:
        assert body(answer) == file.read()


def test_who_has_the_file_is_told_so(made: dict[str, Issue], client: Client) -> None:
    first = client.get("/yavoryn/data/reports.csv")
    body(first)
    again = client.get("/yavoryn/data/reports.csv", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["reports.xlsx", "nothing.csv", "counts.geojson", "reports.parquet.zip", "..%2Freports.csv", "reports."]
)
def test_what_is_not_there_is_not_found(made: dict[str, Issue], client: Client, name: str) -> None:
    assert client.get(f"/yavoryn/data/{name}").status_code == 404


def test_a_file_that_was_not_made_yet_is_not_found(city: City, client: Client) -> None:
    assert client.get("/yavoryn/data/reports.csv").status_code == 404


def test_a_part_is_offered_to_nobody(made: dict[str, Issue], client: Client) -> None:
    text = client.get(PAGE).content.decode()
    assert "2026-09" not in text
    assert client.get("/yavoryn/data/2026-09.parquet").status_code == 404


def test_two_presses_ask_for_one_job_and_the_page_says_that_it_runs(
    published: dict[str, Issue], city: City, client: Client
) -> None:
    with time_machine.travel(NOW, tick=False):
        for _press in range(2):
            assert client.post("/yavoryn/data/fresh/").status_code == 302
        assert Job.objects.filter(kind=KIND).count() == 1
        waiting = client.get(PAGE).content.decode()
        assert "/yavoryn/data/fresh/" not in waiting
        run_jobs(clock=lambda: NOW)
        assert client.post("/yavoryn/data/fresh/").status_code == 302
        assert Job.objects.filter(kind=KIND, finished_at=None).count() == 0
        ready = client.get(PAGE).content.decode()
    assert 'href="/yavoryn/data/reports.csv"' in ready


def test_a_device_or_network_asks_for_some_files_in_a_day(city: City, client: Client) -> None:
    client.cookies["language"] = "en"

    def press(day: timedelta, address: str) -> str:
        with time_machine.travel(NOW + day, tick=False):
            return client.post("/yavoryn/data/fresh/", follow=True, REMOTE_ADDR=address).content.decode()

    for n in range(OF_A_NETWORK):
        press(timedelta(minutes=20 * n), "192.0.2.1")
        Job.objects.filter(kind=KIND).delete()
    assert "asked for many times today" in press(timedelta(hours=5), "192.0.2.1")
    assert not Job.objects.filter(kind=KIND).exists()
    press(timedelta(hours=5), "192.0.2.2")
    assert Job.objects.filter(kind=KIND).count() == 1
    Job.objects.filter(kind=KIND).delete()
    press(timedelta(days=1, minutes=1), "192.0.2.1")
    assert Job.objects.filter(kind=KIND).count() == 1


def test_work_that_takes_long_rests_ten_times_as_long(city: City) -> None:
    Job.objects.create(
        community=city.community, kind=KIND, state=Job.State.DONE, created_at=NOW, started_at=NOW,
        finished_at=NOW + timedelta(minutes=6),
    )  # fmt: skip
    assert ask(city.community, at=NOW + timedelta(minutes=65)) is None
    assert ask(city.community, at=NOW + timedelta(minutes=67))


LATER = NOW + timedelta(hours=1)
OF_REPORTS = [("reports", "csv"), ("reports", "geojson"), ("reports", "gpkg"), ("reports", "parquet"),
              ("appeals", "csv"), ("appeals", "parquet")]  # fmt: skip


@pytest.mark.parametrize("visibility", [Visibility.HIDDEN, Visibility.COARSE, Visibility.HELD])
def test_a_file_with_what_a_moderator_took_back_is_not_given_until_it_is_made_anew(
    made: dict[str, Issue], city: City, client: Client, moderator: User, visibility: Visibility
) -> None:
    client.cookies["language"] = "en"
    before = client.get("/yavoryn/data/reports.csv")
    body(before)
    set_visibility(issue=made["open"], visibility=visibility, reason="так треба", user=moderator, at=LATER)
    soon = LATER + timedelta(minutes=1)
    with time_machine.travel(soon, tick=False):
        for dataset, ending in OF_REPORTS:
            for headers in ({}, {"If-None-Match": before["ETag"]}):
                answer = client.get(f"/yavoryn/data/{dataset}.{ending}", headers=headers)
                assert (answer.status_code, answer["Cache-Control"]) == (503, "no-store")
                assert int(answer["Retry-After"]) > 0
                assert "something in it is no longer public" in answer.content.decode()
        assert client.get("/yavoryn/data/areas.csv").status_code == 200
    assert Job.objects.filter(kind=KIND).count() == 1
    run_jobs(clock=lambda: soon)
    url = f"/yavoryn/issues/{made['open'].number}/".encode()
    after = client.get("/yavoryn/data/reports.csv")
    assert after.status_code == 200
    rows = [line for line in body(after).splitlines() if url in line]
    assert len(rows) == (1 if visibility == Visibility.COARSE else 0)
    assert b"\xd0\xa1\xd0\xbe\xd0\xb1\xd0\xbe\xd1\x80" not in b"".join(rows)  # its street


def test_words_that_their_author_corrected_are_not_given_away(
    made: dict[str, Issue], city: City, client: Client
) -> None:
    append_event(made["open"], IssueEvent.Kind.CORRECTED, by=IssueEvent.By.REPORTER, at=LATER, changed="words")
    assert client.get("/yavoryn/data/appeals.csv").status_code == 503


def test_what_becomes_public_takes_no_file_away(
    made: dict[str, Issue], city: City, client: Client, moderator: User
) -> None:
    set_visibility(issue=made["held"], visibility=Visibility.PUBLIC, user=moderator, at=LATER)
    hide_name = IssueEvent.Kind.CORRECTED
    append_event(made["open"], hide_name, by=IssueEvent.By.REPORTER, at=LATER, changed="name")
    assert client.get("/yavoryn/data/reports.csv").status_code == 200


def test_work_that_fails_is_not_asked_for_again_and_again(
    made: dict[str, Issue], city: City, client: Client, moderator: User
) -> None:
    set_visibility(issue=made["open"], visibility=Visibility.HIDDEN, reason="так треба", user=moderator, at=LATER)
    Job.objects.create(
        community=city.community, kind=KIND, state=Job.State.FAILED, created_at=LATER, started_at=LATER,
        finished_at=LATER,
    )  # fmt: skip
    for minutes, jobs in ((10, 1), (20, 2), (21, 2)):
        with time_machine.travel(LATER + timedelta(minutes=minutes), tick=False):
            assert client.get("/yavoryn/data/reports.csv").status_code == 503
        assert Job.objects.filter(kind=KIND).count() == jobs


def test_nobody_asks_by_opening_an_address(city: City, client: Client) -> None:
    assert client.get("/yavoryn/data/fresh/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/yavoryn/data/fresh/").status_code == 403
    assert not Job.objects.filter(kind=KIND).exists()


def test_files_of_another_community_are_not_given(made: dict[str, Issue], elsewhere: Community, client: Client) -> None:
    assert client.get("/sosnivka/data/reports.csv").status_code == 404
    with scope(community=elsewhere):
        make_exports(elsewhere, at=NOW)
    rows = list(csv.reader(io.StringIO(body(client.get("/sosnivka/data/reports.csv")).decode())))
    assert len(rows) == 1  # its headings


def test_the_description_of_a_csv_file_names_each_column(made: dict[str, Issue], client: Client) -> None:
    for dataset in all_datasets():
        told = client.get(f"/yavoryn/data/{dataset.name}.csv-metadata.json").json()
        head = body(client.get(f"/yavoryn/data/{dataset.name}.csv")).decode().split("\r\n")[0].split(",")
        assert [column["name"] for column in told["tableSchema"]["columns"]] == head
