"""The page about open data, the files behind it, and asking for fresh ones. Strangers may do all of it."""

import csv
import io
from typing import Any

import pytest
import time_machine
from django.test import Client
from django_scopes import scope

from core.jobs import run_jobs
from core.models import Job
from geodata.models import Community
from issues.models import Issue
from stats.models import ExportFile
from stats.opendata.jobs import KIND
from stats.opendata.making import make_exports, open_kept
from stats.opendata.tables import all_datasets
from tests.conftest import NOW, City

PAGE = "/yavoryn/data/"


@pytest.fixture
def made(published: dict[str, Issue], city: City) -> dict[str, Issue]:
    """All files are there."""
    make_exports(city.community, at=NOW)
    return published


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
