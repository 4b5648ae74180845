"""The database: its version, what this release needs in it, and whether it is looked after."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.doctor import Asked, Finding, bad, check, ok, warn

OLDEST_SERVER: Final = 150000
EXTENSIONS: Final = ("postgis", "btree_gist", "pg_trgm")
OLDEST_POSTGIS: Final = (3, 3)
LONG_MINUTES: Final = 15
WRAPAROUND: Final = 1_000_000_000  # transactions since a database was frozen; at 2^31 PostgreSQL stops

_LONG = """
SELECT pid, state, extract(epoch FROM clock_timestamp() - xact_start)::int / 60 FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND xact_start < clock_timestamp() - %s * interval '1 min'
ORDER BY xact_start LIMIT 5
"""
_INVALID = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND n.nspname = 'public' AND NOT EXISTS
    (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
"""
_BLOATED = """
SELECT relname, n_dead_tup FROM pg_stat_user_tables
WHERE n_dead_tup > 50000 AND n_dead_tup > n_live_tup / 2
  AND coalesce(greatest(last_autovacuum, last_vacuum), '-infinity') < clock_timestamp() - interval '1 day'
ORDER BY n_dead_tup DESC LIMIT 5
"""


@check("core.database", gettext_lazy("Database"))
def database(_asked: Asked) -> Iterator[Finding]:
    """Versions, extensions, migrations."""
    server = connection.pg_version  # type: ignore[attr-defined]
    if server < OLDEST_SERVER:
        mend = _("Move to PostgreSQL 15 or newer: docs/backup.md moves the data.")
        yield bad(_("PostgreSQL is %(version)d: too old.") % {"version": server // 10000}, mend)
    have = dict(_rows("SELECT extname, extversion FROM pg_extension"))
    for name in EXTENSIONS:
        if name not in have:
            mend = f"CREATE EXTENSION {name};"
            yield bad(_("The extension %(name)s is missing.") % {"name": name}, mend)
    postgis = have.get("postgis", "")
    if postgis and tuple(int(part) for part in postgis.split(".")[:2]) < OLDEST_POSTGIS:
        yield bad(_("PostGIS is %(version)s: too old.") % {"version": postgis}, "SELECT postgis_extensions_upgrade();")
    pending = pending_migrations()
    if pending:
        words = _("Migrations that are not applied: %(names)s.") % {"names": ", ".join(pending[:5])}
        yield bad(words, "./misto manage migrate")
    yield ok(_("PostgreSQL %(server)d, PostGIS %(postgis)s.") % {"server": server // 10000, "postgis": postgis or "–"})


@check("core.database-care", gettext_lazy("Care of the database"))
def care(_asked: Asked) -> Iterator[Finding]:
    """What makes a database slow, and in the end stop."""
    for pid, state, minutes in _rows(_LONG, [LONG_MINUTES]):
        words = _("A transaction has been open for %(minutes)d minutes (%(state)s).") % {
            "minutes": minutes,
            "state": state,
        }
        mend = _("If nobody is at work there: SELECT pg_terminate_backend(%(pid)d);") % {"pid": pid}
        yield warn(words, mend, f"pid {pid}")
    for (name,) in _rows(_INVALID):
        yield bad(_("An index is not valid: queries do without it."), f"REINDEX INDEX CONCURRENTLY {name};", name)
    for name, dead in _rows(_BLOATED):
        words = _("%(dead)d rows are dead, and nobody has cleaned up for a day.") % {"dead": dead}
        mend = _("Is autovacuum on, and does a long transaction hold it? Else: VACUUM %(name)s;") % {"name": name}
        yield warn(words, mend, name)
    [(age,)] = _rows("SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()")
    if age > WRAPAROUND:
        words = _("%(age)d transactions since the database was last frozen: PostgreSQL stops at two billion.")
        yield bad(words % {"age": age}, _("Find what holds autovacuum; then: VACUUM FREEZE;"))
    yield ok(_("Long transactions, indexes and cleaning were looked at."))


def pending_migrations() -> list[str]:
    """Names of migrations of this release that the database lacks."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _rows(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
