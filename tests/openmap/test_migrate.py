"""migrate beside a running service: it gives way, tries again, and says who was in the way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from openmap.management.commands import migrate
from tests.databases import at_the_server

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = "accounts_keptanswer"
Reader = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(autouse=True)
def up_to_date() -> Iterator[None]:
    """Whatever a test left undone is done."""
    yield
    call_command("migrate", "accounts", verbosity=0)


def reader() -> Reader:
    return psycopg.connect(at_the_server(connection.settings_dict["NAME"]), application_name="long report")


@contextmanager
def somebody_reading() -> Iterator[tuple[Reader, list[float]]]:
    """Somebody reads the table in a long transaction; others come and read it too: how long each waited."""
    waits: list[float] = []
    over = threading.Event()

    def others() -> None:
        with reader() as mine:
            mine.autocommit = True
            while not over.is_set():
                began = monotonic()
                try:
                    mine.execute(SQL("SELECT count(*) FROM {}").format(Identifier(TABLE)))
                except psycopg.errors.UndefinedTable:
                    return
                waits.append(monotonic() - began)
                sleep(0.02)

    with reader() as long:
        long.execute(SQL("SELECT count(*) FROM {}").format(Identifier(TABLE)))
        visitors = threading.Thread(target=others)
        visitors.start()
        try:
            yield long, waits
        finally:
            over.set()
            visitors.join()


def test_a_table_in_use_is_waited_for_in_short_turns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []
    with somebody_reading() as (long, waits):

        def pause(seconds: float) -> None:
            sleep(0.1)
            pauses.append(seconds)
            if len(pauses) == 2:
                long.rollback()

        monkeypatch.setattr(migrate, "sleep", pause)
        call_command("migrate", "accounts", "0002", lock_timeout=0.3, verbosity=0)
    assert TABLE not in connection.introspection.table_names()
    assert pauses == [1, 2]
    assert capsys.readouterr().out.count("\n") == 2
    assert max(waits) < 1, "nobody waits for longer than one turn"


def test_it_gives_up_and_says_who_was_in_the_way() -> None:
    with somebody_reading(), pytest.raises(CommandError, match=r"\d+ \(long report, \d+ "):
        call_command("migrate", "accounts", "0002", lock_timeout=0.1, patience=0.5, verbosity=0)
    assert TABLE in connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
