"""A change of the biggest table in steps, while people report by the code of before: nobody waits, nothing is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import connection, models
from django.db.migrations import Migration, RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.migrations.operations.base import Operation
from django.db.models import Q
from django_scopes import scope

from issues.actions import report_issue
from issues.models import Issue
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.migrations.rules import complaints

pytestmark = pytest.mark.django_db(transaction=True)


def fill(apps: object, editor: object) -> None:
    """In batches, each in a transaction of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM issues_issue")
        (last,) = cursor.fetchone()
        for first in range(0, (last or 0) + 1, 2):
            cursor.execute(
                "UPDATE issues_issue SET shade = 1 WHERE id BETWEEN %s AND %s AND shade IS NULL", [first, first + 1]
            )


STEPS: list[tuple[Operation, bool]] = [
    (AddField("issue", "shade", models.IntegerField(null=True, db_default=1)), True),
    (AddIndexConcurrently("issue", models.Index(fields=["shade"], name="example")), False),
    (RunPython(fill), False),
    (AddConstraintNotValid("issue", models.CheckConstraint(condition=Q(shade__isnull=False), name="has_shade")), True),
    (ValidateConstraint("issue", "has_shade"), False),
]


@contextmanager
def people_reporting(city: City, town: Town) -> Iterator[list[float]]:
    """Reports come one after another, by the models as they are in the code; how long each took."""
    took: list[float] = []
    over = threading.Event()

    def report() -> None:
        try:
            with scope(community=city.community):
                while not over.is_set():
                    began = monotonic()
                    report_issue(
                        new=hole(city, town["p"], email=f"r{len(took)}@example.org"), community=city.community, at=NOW
                    )
                    took.append(monotonic() - began)
        finally:
            connection.close()

    people = threading.Thread(target=report)
    people.start()
    try:
        yield took
    finally:
        over.set()
        people.join()


def test_a_table_is_changed_in_steps_while_old_code_writes(city: City, town: Town) -> None:
    state = MigrationLoader(None, ignore_no_migrations=True).project_state()
    for _number in range(5):
        report_issue(new=hole(city, town["p"]), community=city.community, at=NOW)
    try:
        with people_reporting(city, town) as took:
            for operation, atomic in STEPS:
                before = len(took)
                migration = Migration("0001_example", "issues")
                migration.operations, migration.atomic = [operation], atomic
                assert complaints(migration, state) == []
                with connection.schema_editor(atomic=atomic) as editor:
                    state = migration.apply(state, editor)
                while len(took) < before + 2:
                    sleep(0.01)
        assert max(took) < 5
        assert Issue.objects.count() == 5 + len(took)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM issues_issue WHERE shade IS DISTINCT FROM 1")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'has_shade'")
            assert cursor.fetchone() == (True,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE issues_issue DROP COLUMN IF EXISTS shade CASCADE")
