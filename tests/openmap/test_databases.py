"""What a pooler changes of how the service speaks to its database, and which commands go past it."""

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from geodata.layer_sql import Sql
from geodata.prepared import fetch
from openmap.databases import databases, past_the_pooler

DIRECT = {"MISTO_DB_DIRECT_URL": "postgis://misto@direct/misto"}


def asked(*, is_test: bool = False, **given: str) -> dict[str, object]:
    env = environ.Env()
    env.ENVIRON = {"DATABASE_URL": "postgis://misto@db/misto", **given}
    return databases(env, is_test=is_test)["default"]


def test_without_a_pooler_sessions_are_set_up_once() -> None:
    found = asked()
    assert found["OPTIONS"]["options"] == "-c jit=off -c plan_cache_mode=force_generic_plan"  # type: ignore[index]
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is False


def test_behind_a_pooler_nothing_is_asked_of_a_session() -> None:
    found = asked(MISTO_DB_POOLER="transaction")
    assert set(found["OPTIONS"]) == {"pool"}  # type: ignore[call-overload]
    assert found["DISABLE_SERVER_SIDE_CURSORS"] is True


def test_a_kind_of_pooling_that_is_unknown_is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="MISTO_DB_POOLER"):
        asked(MISTO_DB_POOLER="session")


@pytest.mark.parametrize(
    ("words", "leads"), [(["migrate", "--no-input"], True), (["backup", "x"], True), (["check"], False), ([], False)]
)
def test_migrations_go_past_the_pooler(words: list[str], leads: bool) -> None:
    found = past_the_pooler(words, DIRECT)
    assert found == ({"DATABASE_URL": "postgis://misto@direct/misto", "MISTO_DB_POOLER": ""} if leads else {})
    assert past_the_pooler(words, {}) == {}


def test_address_past_the_pooler_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ImproperlyConfigured, match="MISTO_DB_DIRECT_URL"):
        past_the_pooler(["migrate"], {"MISTO_DB_DIRECT_URL": "db.example.org"})


@pytest.mark.django_db
def test_behind_a_pooler_the_map_s_statements_are_not_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line of its own: one that has prepared before would know how."""
    other = connection.copy()
    try:
        monkeypatch.setitem(other.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
        monkeypatch.setattr("geodata.prepared.reading", lambda: other)
        text = "SELECT %s::integer + 300 AS behind_a_pooler"
        assert [fetch(Sql(text, (n,)), is_binary=True) for n in (1, 2, 3)] == [[(301,)], [(302,)], [(303,)]]
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            assert cursor.fetchone() == (0,)
    finally:
        other.close()
