"""What was counted before a migration is counted after it, in the new way and back again."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection

from issues.counters import REPORTS
from stats.recount import difference, tables_of
from tests.conftest import City
from tests.stats.reading import read

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = "0006_what_is_taken_back"  # times and squares by month only


def migrate(to: str) -> None:
    call_command("migrate", "stats", to, verbosity=0)


@pytest.fixture
def newest_afterwards() -> Iterator[None]:
    yield
    call_command("migrate", "stats", verbosity=0)


@pytest.mark.usefixtures("newest_afterwards")
def test_counts_survive_the_way_back_and_forth(year: City) -> None:
    assert difference(REPORTS, year.community.pk).wrong == 0
    migrate(BEFORE)
    of_all = "FROM stats_time WHERE kind = 0 AND category = 0 AND measure = 2"
    assert read(f"SELECT sum(n) {of_all}") == read("SELECT count(fix_seconds) FROM stats_case")
    assert read("SELECT c, month, sum(opened) FROM stats_cell GROUP BY 1, 2 ORDER BY 1, 2") == read(
        "SELECT c, month, opened FROM stats_square WHERE category = 0 AND opened > 0 ORDER BY 1, 2"
    )
    assert read("SELECT sum(n) FROM stats_cell_time WHERE month = '0001-01-01'") == read(
        "SELECT sum(n) FROM stats_cell_time WHERE month > '0001-01-01'"
    )
    call_command("migrate", "stats", verbosity=0)
    found = difference(REPORTS, year.community.pk)
    assert (found.rows > 100, found.wrong) == (True, 0)


def test_reports_that_are_emptied_take_every_count_along(year: City) -> None:
    tables = ["stats_case", *(f"stats_{table.name}" for table in tables_of(REPORTS, year.community.pk))]
    assert all(read(f"SELECT count(*) FROM {table}")[0][0] for table in tables)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE issues_issue CASCADE")
    assert {table: read(f"SELECT count(*) FROM {table}") for table in tables} == {table: [(0,)] for table in tables}
