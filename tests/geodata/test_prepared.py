"""The map's statements are planned once for a connection, and seen by whoever counts queries."""

import pytest
from django.db import connection
from django.db.utils import DataError
from django.test.utils import CaptureQueriesContext

from geodata.layer_sql import Sql
from geodata.prepared import MOST, fetch

pytestmark = pytest.mark.django_db


def prepared() -> dict[str, int]:
    """Statement → how often it ran with its one plan."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans FROM pg_prepared_statements WHERE custom_plans = 0")
        return dict(cursor.fetchall())


def test_statement_is_planned_once_for_all_its_parameters() -> None:
    text = "SELECT %s::integer + 100 AS planned_once"
    assert [fetch(Sql(text, (n,))) for n in (1, 2, 3)] == [[(101,)], [(102,)], [(103,)]]
    assert prepared()[text.replace("%s", "$1")] == 3


def test_percent_of_a_text_is_no_parameter() -> None:
    assert fetch(Sql("SELECT '100 %%s %%' || %s || %s", ("a", "b"))) == [("100 %s %ab",)]


def test_what_is_not_to_be_prepared_is_not() -> None:
    assert fetch(Sql("SELECT %s::integer + 200 AS planned_anew", (1,)), is_prepared=False) == [(201,)]
    assert not [text for text in prepared() if "planned_anew" in text]


def test_connection_keeps_only_so_many_statements() -> None:
    for n in range(MOST + 20):
        fetch(Sql(f"SELECT %s::integer AS number_{n}", (n,)))
    assert len(prepared()) <= MOST + 1


def test_queries_are_counted_and_mistakes_are_djangos() -> None:
    with CaptureQueriesContext(connection) as queries:
        fetch(Sql("SELECT %s::integer", (1,)))
    assert len(queries) == 1
    with pytest.raises(DataError):
        fetch(Sql("SELECT 1 / %s::integer", (0,)))
