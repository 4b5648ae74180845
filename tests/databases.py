"""Other databases beside that of the test, and everything that stands in one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from tests.faults.service import environment

Contents = dict[str, tuple[int, str]]


def at_the_server(database: str) -> str:
    """How PostgreSQL's own programs reach a database of this cluster."""
    known: dict[str, Any] = connection.get_connection_params()
    return make_conninfo(**{key: known[key] for key in ("host", "port", "user", "password") if known.get(key)},
                         dbname=database)  # fmt: skip


@contextmanager
def empty_database() -> Iterator[str]:
    """A new database with the extensions, as `./misto up` makes it; yields its name."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(at_the_server("postgres"), autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield name
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def url_of(database: str) -> str:
    """DATABASE_URL of a database of this cluster."""
    return urlsplit(environment()["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def contents(database: str) -> Contents:
    """Of each table its number of rows and a hash of them, columns that the database computes included.

    `database`: as PostgreSQL's programs are told of it.
    """
    with psycopg.connect(database) as there:
        tables = there.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        found: Contents = {}
        for (table,) in tables:
            row = there.execute(
                SQL("SELECT count(*), coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '') FROM {} t").format(
                    Identifier(table)
                )
            ).fetchone()
            assert row
            found[table] = row
        return found
