"""A dump of the database, as docs/operations.md says to make it, is restored into an empty one: nothing is missing."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from geodata.cells import fold_all
from issues.actions import report_issue
from launcher import system
from routing.models import Asset, Register
from routing.register_map import show_on_map
from tests.conftest import LONG_AGO, NOW, City, hole
from tests.faults.service import environment, process
from tests.grid import Town

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lived_in(city: City, town: Town) -> None:
    """Reports, one of them in a sensitive category, a lamp on the map, and squares that count them."""
    for day in range(3):
        report_issue(new=hole(city, town["p"]), community=city.community, at=NOW - timedelta(days=day))
    city.manholes.is_sensitive = True
    city.manholes.save()
    report_issue(new=hole(city, town["q"], category=city.manholes), community=city.community, at=NOW)
    lamps = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    Asset.objects.create(community=city.community, register=lamps, key="5", name="вул. Соборна", number="5",
                         keeper=city.road_service, geometry=town["p"], valid_from=LONG_AGO)  # fmt: skip
    show_on_map(lamps, True, at=NOW)
    fold_all()


def at_the_server(database: str) -> str:
    """How PostgreSQL's own programs reach a database of this cluster."""
    known: dict[str, Any] = connection.get_connection_params()
    return make_conninfo(**{key: known[key] for key in ("host", "port", "user", "password") if known.get(key)},
                         dbname=database)  # fmt: skip


def run(program: str, *words: str) -> None:
    binaries = system.postgresql_bin()
    assert binaries
    done = subprocess.run([binaries / program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@contextmanager
def empty_database() -> Iterator[str]:
    """A new database with the extensions, as `./misto up` makes it."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(at_the_server("postgres"), autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield name
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def contents(database: str) -> dict[str, tuple[int, str]]:
    """Of each table its number of rows and a hash of them, columns that the database computes included."""
    with psycopg.connect(at_the_server(database)) as there:
        tables = there.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        found: dict[str, tuple[int, str]] = {}
        for (table,) in tables:
            row = there.execute(
                SQL("SELECT count(*), coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') FROM {} t").format(
                    Identifier(table)
                )
            ).fetchone()
            assert row
            found[table] = row
        return found


@pytest.mark.usefixtures("lived_in")
def test_a_restored_dump_has_every_row_and_goes_on(city: City, town: Town, tmp_path: Path) -> None:
    dump = tmp_path / "city.dump"
    run(
        "pg_dump",
        "--format=custom",
        "--exclude-table=spatial_ref_sys",
        f"--file={dump}",
        f"--dbname={at_the_server(connection.settings_dict['NAME'])}",
    )
    with empty_database() as name:
        run(
            "pg_restore", "--exit-on-error", "--no-owner", "--no-comments", f"--dbname={at_the_server(name)}", str(dump)
        )
        assert contents(name) == contents(connection.settings_dict["NAME"])
        assert contents(name)["issues_issue"][0] == 4

        there = urlsplit(environment()["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        place = town["p"]
        command = ["tests/faults/reporter.py", "yavoryn", "roads", str(place.x), str(place.y)]
        log = tmp_path / "log"
        with process([sys.executable, *command], environment() | {"DATABASE_URL": there}, log) as reporter:
            assert reporter.stdin
            assert reporter.stdout
            print("Яма на переході", file=reporter.stdin, flush=True)
            number, _seconds = reporter.stdout.readline().split()
        assert number == "5", log.read_text()
