"""Fewer than five people are told nowhere, and can be counted out of nothing that is published."""

import csv
import io
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.privacy import FEWEST
from issues.models import Issue, Supporter
from stats.filling import fill_all
from stats.opendata.csv_files import write_csv
from stats.opendata.licence import terms_of
from stats.opendata.reading import Print, prints, read_part
from stats.opendata.tables import all_datasets, dataset_named
from stats.packed import add_up, within
from stats.periods import parse_period
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.grid import Town
from tests.stats.opendata.conftest import send, support


def everything(city: City, folder: Path) -> dict[str, str]:
    """All that is published, as CSV."""
    found = {}
    for dataset in all_datasets():
        path = folder / f"{dataset.name}.csv"
        parts = prints(dataset, city.community)
        rows = (chunk for part in parts for chunk in read_part(dataset, city.community, part, Print()))
        write_csv(path, dataset, rows, terms_of(dataset, city.community))
        found[dataset.name] = path.read_text("utf-8")
    return found


@pytest.fixture
def reports(city: City, town: Town) -> list[Issue]:
    """Six, in both areas and of two kinds."""
    kinds = (city.roads, city.manholes)
    return [send(city, town["pq"[n % 2]], category=kinds[n % 3 == 0]) for n in range(6)]


def supported(reports: list[Issue], people: list[int]) -> None:
    """So many support each."""
    Supporter.objects.filter(is_author=False).delete()
    for issue, many in zip(reports, people, strict=True):
        support(issue, many)
    fill_all(at=NOW)


@given(
    people=st.lists(st.integers(0, 2 * FEWEST), min_size=6, max_size=6),
    others=st.lists(st.integers(0, FEWEST - 1), min_size=6, max_size=6),
)
def test_whatever_the_small_numbers_are_the_same_is_published(
    city: City, reports: list[Issue], tmp_path_factory: pytest.TempPathFactory, people: list[int], others: list[int]
) -> None:
    """So no small number follows from all published ones together, by whatever difference."""
    folder = tmp_path_factory.mktemp("published")
    with rolled_back():
        supported(reports, people)
        first = everything(city, folder)
        small = [other if many < FEWEST else many for many, other in zip(people, others, strict=True)]
        supported(reports, small)
        second = everything(city, folder)
    assert first == second


def test_sums_are_made_of_what_each_report_tells(city: City, reports: list[Issue], tmp_path: Path) -> None:
    supported(reports, [5, 4, 9, 0, 1, 12])
    found = everything(city, tmp_path)
    rows = list(csv.DictReader(io.StringIO(found["reports"])))
    assert sorted(row["supporters"] for row in rows) == ["", "", "", "12", "5", "9"]
    counts = list(csv.DictReader(io.StringIO(found["counts"])))
    whole = [row for row in counts if row["place"] == "community" and not row["category"]]
    assert [(row["opened"], row["supporters"]) for row in whole] == [("6", "26")]
    areas = [row for row in counts if row["place"] == "area" and not row["category"]]
    assert sum(int(row["supporters"]) for row in areas) == 26


def test_counts_are_those_of_the_statistics(city: City, reports: list[Issue], tmp_path: Path) -> None:
    supported(reports, [0] * 6)
    rows = list(csv.DictReader(io.StringIO(everything(city, tmp_path)["counts"])))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(opened) FROM stats_month WHERE kind < 3 AND opened + accepted + late > 0")
        many, opened = cursor.fetchone()
    assert (len(rows), sum(int(row["opened"]) for row in rows)) == (many, opened)


def test_counts_of_a_kind_can_be_counted_from_the_rows(city: City, reports: list[Issue], tmp_path: Path) -> None:
    supported(reports, [0] * 6)
    found = everything(city, tmp_path)
    rows = list(csv.DictReader(io.StringIO(found["reports"])))
    for counted in csv.DictReader(io.StringIO(found["counts"])):
        if counted["place"] != "area":
            continue
        mine = [row for row in rows if counted["area_id"] in row["area_ids"].split()]
        if counted["category"]:
            mine = [row for row in mine if row["category"] == counted["category"]]
        assert int(counted["opened"]) == sum(row["opened"].startswith(counted["month"][:7]) for row in mine)


def test_no_table_of_counts_holds_a_small_number(city: City, reports: list[Issue]) -> None:
    """So pages and downloads of statistics tell none either."""
    supported(reports, [4, 1, 3, 2, 0, 5])
    with connection.cursor() as cursor:
        for table in ("stats_case", "stats_day", "stats_month", "stats_cell", "stats_square"):
            cursor.execute(f"SELECT DISTINCT supporters FROM {table} ORDER BY 1")
            assert cursor.fetchall() == [(0,), (5,)]
        cursor.execute("SELECT cases FROM stats_packed")
        squares = [within(cases, ([0], [1 << 60])) for (cases,) in cursor.fetchall()]
    packed = add_up(b"".join(squares), parse_period("all", today=NOW.date()))
    assert sum(counts["supporters"] for counts in packed.months.values()) == 5, "those of the one that has five"


def test_people_are_counted_in_one_column_only() -> None:
    counted = dataset_named("counts")
    assert counted
    assert [name for name in counted.names if "support" in name or "people" in name or "user" in name] == ["supporters"]
