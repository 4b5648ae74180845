"""The script of docs/statistics-methods.md computes from exported rows what the pages show."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine
from django.utils.datastructures import MultiValueDict

from core.counters import all_counters
from stats.asked import Asked, asked
from stats.flat import flat_of
from stats.hot_pages import chosen, heat
from stats.hot_pages import clusters as kept_clusters
from stats.hot_tables import CLUSTER_COLUMNS, cluster_rows
from stats.news import news_of
from stats.opendata.csv_files import write_csv
from stats.opendata.licence import terms_of
from stats.opendata.reading import Print, prints, read_part
from stats.opendata.reports import REPORTS
from stats.scanning import scan_community
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY
from tests.grid import Town
from tests.stats.many import report

Exported = Callable[[], list[dict[str, str]]]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "statistics-methods.md"


@pytest.fixture(autouse=True)
def _thursday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def script() -> dict[str, Any]:
    """The functions that the document holds."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    functions: dict[str, Any] = {"__name__": "methods"}
    exec(compile(code, str(DOCUMENT), "exec"), functions)
    return functions


def question(city: City, **query: str) -> Asked:
    return asked(MultiValueDict({name: [value] for name, value in query.items()}), city.community, today=TODAY)


@pytest.fixture
def exported(city: City, tmp_path: Path) -> Exported:
    """Writes reports.csv and reads its rows."""

    def rows() -> list[dict[str, str]]:
        path = tmp_path / "reports.csv"
        parts = prints(REPORTS, city.community)
        chunks = (chunk for part in parts for chunk in read_part(REPORTS, city.community, part, Print()))
        write_csv(path, REPORTS, chunks, terms_of(REPORTS, city.community))
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    return rows


def a_quarter(city: City, town: Town) -> None:
    """Reports of thirteen weeks all over the town, manholes that gave way in one yard, and blurred ones."""
    west, south, east, north = town.box(margin=0.005)
    random = np.random.default_rng(17)
    told = [
        (TODAY - timedelta(days=int(random.integers(1, 99))), float(random.uniform(west, east)),
         float(random.uniform(south, north)), city.roads)
        for _ in range(60)
    ]  # fmt: skip
    told += [(TODAY - timedelta(days=4), town["q"].x + n * 1e-5, town["q"].y, city.manholes) for n in range(9)]
    report(city, told)
    secret = type(city.roads).objects.create(
        community=city.community, code="secret", name="Особисте", icon="pin", is_sensitive=True
    )
    report(city, [(TODAY - timedelta(days=6), town["p"].x, town["p"].y, secret)] * 8)


def test_the_script_heats_the_same_cells(city: City, town: Town, script: dict[str, Any], exported: Exported) -> None:
    a_quarter(city, town)
    page = heat(question(city, period="12m"), chosen(MultiValueDict(), city.community))
    assert page.surface
    x, y, _day = script["read"](exported(), flat_of(city.community).latitude, TODAY + timedelta(days=1), 365)
    assert len(x) == page.cases == 69
    cells = script["heat"](x, y, 400)
    easts, norths = page.surface.middles()
    for line in range(len(norths)):
        for column in range(len(easts)):
            name = page.surface.column + column, page.surface.line + line
            assert page.surface.densities[line, column] == pytest.approx(cells.get(name, 0.0), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", [None, "roads"])
def test_the_script_finds_the_same_clusters(
    city: City,
    town: Town,
    script: dict[str, Any],
    exported: Exported,
    kind: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_quarter(city, town)
    monkeypatch.setattr("stats.hotspots.scan.__kwdefaults__", {"days": 91, "shuffles": 49})
    scan_community(all_counters()[0], city.community, at=NOW)
    by = chosen(MultiValueDict({"category": [kind or ""]}), city.community)
    rows = [
        dict(zip(CLUSTER_COLUMNS, row, strict=True)) for row in cluster_rows(kept_clusters(question(city), by)).rows
    ]
    read = script["read"](exported(), flat_of(city.community).latitude, TODAY, 91, kind)
    found = script["clusters"](*read, 91, shuffles=49)
    assert rows
    assert len(rows) == len(found)
    for row, (surprise, square, radius, first, length, observed, expected, p) in zip(rows, found, strict=True):
        since = date.fromisoformat(row["since"])
        assert (since, row["observed"], row["p"]) == (TODAY - timedelta(days=91 - first), observed, pytest.approx(p))
        assert date.fromisoformat(row["until"]) - since == timedelta(days=length - 1)
        assert row["expected"] == pytest.approx(expected, abs=0.006)
        assert row["log_likelihood_ratio"] == pytest.approx(surprise, abs=0.001)
        assert row["radius_m"] == (radius + 0.5) * 250
        lon, lat = flat_of(city.community).degrees((square[0] + 0.5) * 250, (square[1] + 0.5) * 250)
        assert (row["lon"], row["lat"]) == (pytest.approx(lon, abs=1e-6), pytest.approx(lat, abs=1e-6))


def test_the_script_finds_the_same_unusual_counts(
    city: City, town: Town, script: dict[str, Any], exported: Exported
) -> None:
    a_quarter(city, town)
    a_year_ago = [
        TODAY - timedelta(days=364 + 7 * week + n % 7) for week in range(-2, 13) for n in range(9 - week // 2)
    ]
    report(city, [(day, town["p"].x, town["p"].y, city.manholes) for day in a_year_ago])
    news = news_of(all_counters()[0], city.community, today=TODAY)
    told = {
        (f"area {one.area.pk}" if one.area else "", one.category.code if one.category else ""): one.weeks
        for one in news.pieces
    }
    found = {(place, kind): (p, count, mean) for p, place, kind, count, mean in script["unusual"](exported(), TODAY)}
    assert ("", "manholes") in told
    assert set(told) == set(found)
    for key, weeks in told.items():
        assert found[key] == (pytest.approx(weeks.p), weeks.cases, pytest.approx(weeks.expected))
