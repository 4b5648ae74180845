"""Boundaries that changed: history stays with the old areas, and a page tells where that ground belongs now."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from geodata.models import Area
from issues.counters import REPORTS
from stats.filling import fill_all
from stats.numbers import Kind, Place, numbers
from stats.periods import parse_period
from tests.conftest import NOW, City
from tests.grid import Town
from tests.stats.conftest import Reported

TODAY = date(2026, 11, 19)
CHANGED = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def redrawn(city: City, town: Town, reported: Reported) -> dict[str, Area]:
    """Since 1 November the north has the eastern half of the south too; one report in it before, one after."""
    for days_ago in (30, 5):
        if days_ago == 5:
            Area.objects.filter(pk__in=[city.zarichchia.pk, city.slobidka.pk]).update(valid_to=CHANGED)
            shapes = {"north": ("ABFDC", "Заріччя"), "south": ("CDFE", "Слобідка")}
            made = {
                code: Area.objects.create(
                    community=city.community, division=city.division, code=code, name=name,
                    boundary=town.area(corners), valid_from=CHANGED,
                )
                for code, (corners, name) in shapes.items()
            }  # fmt: skip
            Area.objects.filter(pk=made["north"].pk).update(boundary=town.area("ABFEC"))
            Area.objects.filter(pk=made["south"].pk).update(boundary=town.area("CDE"))
        reported(days_ago, place="q", category=city.manholes)
    fill_all(at=NOW)
    return made


def opened(area: Area) -> int:
    place = Place(REPORTS, area.community_id, Kind.AREA, area.pk)
    return numbers(place, parse_period("12m", today=TODAY)).counts["opened"]


def test_history_stays_with_the_area_of_its_day(city: City, redrawn: dict[str, Area]) -> None:
    assert opened(city.slobidka) == 1
    assert opened(redrawn["north"]) == 1
    assert opened(city.zarichchia) == opened(redrawn["south"]) == 0


def test_page_tells_where_the_old_areas_lie_now(client: Client, city: City, redrawn: dict[str, Area]) -> None:
    client.cookies["language"] = "en"
    said = client.get("/yavoryn/stats/boundaries/districts/").content.decode()
    table = said.split("<tbody>")[1].split("</tbody>")[0]
    lines = [[cell.split("<")[0] for cell in row.split('class="num">')[1:]] for row in table.split("<tr>")[1:]]
    assert [line[2] for line in lines] == ["0", "1", "0"], "the report before the change lies in what is north now"
    assert lines[0][1] == "100\N{NO-BREAK SPACE}%"
    assert 'class="sh-old"' in said


def test_page_compares_any_two_days_and_keeps_what_is_no_date(client: Client, city: City, redrawn: Any) -> None:
    client.cookies["language"] = "en"
    same = client.get("/yavoryn/stats/boundaries/districts/", {"old": "2026-11-02", "new": "2026-11-19"})
    assert "no boundary changed" in same.content.decode()
    wrong = client.get("/yavoryn/stats/boundaries/districts/", {"old": "yesterday"})
    assert wrong.status_code == 400
    assert 'value="yesterday" aria-invalid="true"' in wrong.content.decode()
    assert "This is no date" in wrong.content.decode()


def test_days_with_the_same_versions_ask_once(client: Client, city: City, redrawn: dict[str, Area]) -> None:
    asked_for, found = [], []
    for old, new in (("2026-10-01", "2026-11-19"), ("2026-09-01", "2026-11-02"), ("2026-11-02", "2026-10-01")):
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/yavoryn/stats/boundaries/districts/", {"old": old, "new": new})
        found.append([(one.old.pk, one.new.pk, one.cases) for one in page.context["change"].overlaps])
        asked_for.append(sum("stats_case" in query["sql"] for query in asked))
    assert asked_for == [1, 0, 1], "the last one compares other versions: the other way round"
    assert found[0] == found[1] != found[2]


def test_division_that_never_changed_says_so(client: Client, city: City) -> None:
    client.cookies["language"] = "en"
    assert "never changed" in client.get("/yavoryn/stats/boundaries/districts/").content.decode()
    assert client.get("/yavoryn/stats/boundaries/nowhere/").status_code == 404


def test_profile_offers_every_version(client: Client, city: City, redrawn: dict[str, Area]) -> None:
    client.cookies["language"] = "en"
    old = client.get("/yavoryn/stats/areas/districts.south/", {"version": "2020-01-01"}).content.decode()
    assert "1 report" in old
    assert "Old and new boundaries" in old
    assert (TODAY - timedelta(days=18)).isoformat() in old


def test_a_period_that_ended_before_the_change_knows_the_old_areas_only(
    client: Client, city: City, redrawn: dict[str, Area]
) -> None:
    both = client.get("/yavoryn/stats/tables/areas.csv").content.decode()
    assert both.count("north") == 2
    before = client.get("/yavoryn/stats/tables/areas.csv", {"period": "2026-09..2026-10"}).content.decode()
    assert before.count("north") == 1
    assert "2020-01-01" in before


def test_comparison_tells_versions_apart_and_the_overview_leads_to_the_change(
    client: Client, city: City, redrawn: dict[str, Area]
) -> None:
    client.cookies["language"] = "en"
    said = client.get("/yavoryn/stats/compare/").content.decode()
    assert said.count("until 01.11.2026") == 2
    assert said.count("?version=2020-01-01") == 2
    assert said.count('name="area" value="north"') == 1
    assert "/stats/boundaries/districts/" in client.get("/yavoryn/stats/").content.decode()


def test_another_shading_keeps_the_version(client: Client, city: City, redrawn: dict[str, Area]) -> None:
    said = client.get("/yavoryn/stats/areas/districts.south/", {"version": "2020-01-01"}).content.decode()
    assert said.count('name="version" value="2020-01-01"') >= 1
