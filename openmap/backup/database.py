"""What the database holds: tables with their rows, applied migrations, and the files that rows name."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.postgres.operations import CreateExtension
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg.sql import SQL, Composed, Identifier

from core.stored_files import namings

# Tables of ours: those of extensions belong to them (spatial_ref_sys).
OURS = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
ORDER BY 1
"""
COLUMNS = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'"
AT_ONCE = 5000


@contextmanager
def snapshot() -> Iterator[str]:
    """Everything that is read in the block is of one moment, also by pg_dump, which is given the yielded name."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchone()[0])


def tables() -> list[str]:
    """Names of the tables of this service."""
    with connection.cursor() as cursor:
        cursor.execute(OURS)
        return [name for (name,) in cursor.fetchall()]


def rows_of_tables() -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in tables():
        with connection.cursor() as cursor:
            cursor.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table)))
            found[table] = int(cursor.fetchone()[0])
    return found


def applied_migrations() -> list[list[str]]:
    """App and name of each, as the database has them."""
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def known_migrations() -> set[tuple[str, str]]:
    """App and name of every migration that this code has."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return set(loader.disk_migrations) | {key for one in loader.disk_migrations.values() for key in one.replaces}


def extensions() -> set[str]:
    """Names of those of PostgreSQL that the tables need: PostGIS, and what migrations make."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    operations = [one for migration in loader.disk_migrations.values() for one in migration.operations]
    return {"postgis"} | {one.name for one in operations if isinstance(one, CreateExtension)}


def named_files() -> Iterator[str]:
    """Names of stored files in rows, each once in its column, in no order. A table or column that a migration is still
    to make names none: before an upgrade the code may be newer than the tables."""
    there = _columns()
    for naming in namings():
        for name in naming.columns:
            column = str(next(field.column for field in naming.model._meta.concrete_fields if field.name == name))
            if (naming.model._meta.db_table, column) in there:
                yield from _names(naming.model._meta.db_table, column)


def _columns() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return set(cursor.fetchall())


def _names(table: str, column: str) -> Iterator[str]:
    words = SQL("SELECT DISTINCT {0} FROM {1} WHERE {0} <> ''").format(Identifier(column), Identifier(table))
    yield from _rows(words)


def _rows(words: Composed) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(words)
        while found := cursor.fetchmany(AT_ONCE):
            yield from (name for (name,) in found)


def size() -> int:
    """Bytes that the database takes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
