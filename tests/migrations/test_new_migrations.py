"""Every migration after the frozen ones can be applied while the service runs."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.accounts.test_scopes import OURS
from tests.migrations.accepted import ACCEPTED, FROZEN
from tests.migrations.rules import BIG, complaints

LOADER = MigrationLoader(None, ignore_no_migrations=True)
NAMES = {f"{app}.{name}": (app, name) for app, name in LOADER.disk_migrations if app in OURS}
NEW = sorted(set(NAMES) - FROZEN - set(ACCEPTED))


def test_new_migrations_can_be_applied_while_the_service_runs(db: None) -> None:
    found = {
        name: sorrows
        for name in NEW
        if (sorrows := complaints(LOADER.disk_migrations[NAMES[name]], LOADER.project_state(NAMES[name], at_end=False)))
    }
    assert not found, "docs/upgrading.md tells how"


def test_accepted_migrations_are_there_and_have_a_reason() -> None:
    assert set(NAMES) >= FROZEN | set(ACCEPTED)
    assert all(len(reason) > 20 for reason in ACCEPTED.values())
    assert not FROZEN & set(ACCEPTED)


def test_big_tables_are_there(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        assert {name for (name,) in cursor.fetchall()} >= BIG
