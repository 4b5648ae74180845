"""The rules bite: each bad example is refused with advice, each good one passes."""

from collections.abc import Sequence

import pytest
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import models
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    DeleteModel,
    RemoveField,
    RemoveIndex,
    RenameField,
    RenameModel,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Q
from django.db.models.functions import Now, Upper

from tests.migrations.rules import complaints

pytestmark = pytest.mark.django_db

INDEX = models.Index(fields=["text"], name="example")
POSITIVE = models.CheckConstraint(condition=Q(number__gt=0), name="example")
UNIQUE = models.UniqueConstraint(fields=["text"], name="example")


@pytest.fixture(scope="module")
def today() -> ProjectState:
    """The models as all migrations make them."""
    return MigrationLoader(None, ignore_no_migrations=True).project_state()


def told(today: ProjectState, operations: Sequence[Operation], *, atomic: bool = True) -> str:
    migration = Migration("0001_example", "issues")
    migration.operations, migration.atomic = list(operations), atomic
    return "; ".join(complaints(migration, today))


def does_nothing(apps: object, editor: object) -> None: ...


BAD = {
    "a column without a default of the database": (
        [AddField("issue", "colour", models.CharField(max_length=9, default="red"))],
        "NOT_NULL",
    ),
    "an index under a lock": ([AddIndex("issue", INDEX)], "AddIndexConcurrently"),
    "an index dropped under a lock": ([RemoveIndex("issue", "issue_newest_first")], "RemoveIndexConcurrently"),
    "a field with an index": (
        [AddField("issue", "colour", models.CharField(max_length=9, null=True, db_index=True))],
        "db_index=False",
    ),
    "a foreign key with an index": (
        [AddField("issueevent", "area", models.ForeignKey("geodata.Area", models.CASCADE, null=True))],
        "db_index=False",
    ),
    "a check that reads all rows": ([AddConstraint("issue", POSITIVE)], "AddConstraintNotValid"),
    "a unique constraint": ([AddConstraint("issue", UNIQUE)], "USING INDEX"),
    "another type": ([AlterField("issue", "number", models.BigIntegerField())], "ALTER_COLUMN"),
    "not null after all": ([AlterField("issue", "external_id", models.CharField(max_length=100))], "NOT_NULL"),
    "a generated column": (
        [
            AddField(
                "issue",
                "loud",
                models.GeneratedField(expression=Upper("text"), output_field=models.TextField(), db_persist=True),
            )
        ],
        "rewrites",
    ),
    "a column dropped": ([RemoveField("issue", "entrance")], "DROP_COLUMN"),
    "a table dropped": ([DeleteModel("LearntCategories")], "DROP_TABLE"),
    "a column renamed": ([RenameField("issue", "text", "words")], "RENAME_COLUMN"),
    "a table renamed": ([RenameModel("LearntCategories", "Learnt")], "RENAME_TABLE"),
    "all rows changed at once": ([RunSQL("UPDATE issues_issue SET text = ''")], "batches"),
    "rows deleted at once": ([RunSQL(["DELETE FROM issues_issueevent WHERE id < 5"])], "batches"),
    "an index by SQL": ([RunSQL("CREATE INDEX example ON issues_issue (text)")], "CONCURRENTLY"),
    "a constraint by SQL": (
        [RunSQL("ALTER TABLE core_subject ADD CONSTRAINT example CHECK (id > 0)")],
        "NOT VALID",
    ),
    "not null by SQL": ([RunSQL("ALTER TABLE media_photo ALTER COLUMN width SET NOT NULL")], "VALIDATE"),
    "rows changed by a block": ([RunSQL("DO $$ BEGIN UPDATE issues_issue SET text = ''; END $$")], "RunPython"),
    "rows changed after a function": (
        [RunSQL("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $a$ SELECT 1 $a$; DO $$ BEGIN DELETE FROM issues_issue; END $$")],
        "RunPython",
    ),
    "a table named with its schema": ([RunSQL('UPDATE "public"."issues_issue" SET text = \'\'')], "RunPython"),
    "data moved while tables change": (
        [
            AddField("issue", "colour", models.CharField(max_length=9, null=True)),
            RunPython(does_nothing, RunPython.noop),
        ],
        "RunPython",
    ),
}
GOOD = {
    "a column with a default of the database": [
        AddField("issue", "colour", models.CharField(max_length=9, db_default="red")),
        AddField("issue", "seen_at", models.DateTimeField(db_default=Now())),
        AddField("issue", "shade", models.IntegerField(null=True)),
    ],
    "a foreign key without an index": [
        AddField("issue", "area", models.ForeignKey("geodata.Area", models.CASCADE, null=True, db_index=False))
    ],
    "a constraint that is checked later": [AddConstraintNotValid("issue", POSITIVE)],
    "a new table with everything": [
        CreateModel("Wish", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField(db_index=True))]),
        AddIndex("wish", models.Index(fields=["text"], name="wish_text")),
        AddConstraint("wish", models.UniqueConstraint(fields=["text"], name="wish_once")),
    ],
    "a small table": [AddIndex("issuesettings", models.Index(fields=["hold_new"], name="small"))],
    "a function": [
        RunSQL("CREATE FUNCTION example() RETURNS void LANGUAGE sql AS $$ UPDATE issues_issue SET text = '' $$", "")
    ],
    "data moved alone": [RunPython(does_nothing, RunPython.noop)],
}
GOOD_ALONE = {
    "an index beside everything": [AddIndexConcurrently("issue", INDEX)],
    "an index dropped beside everything": [RemoveIndexConcurrently("issue", "issue_newest_first")],
    "an index by SQL beside everything": [RunSQL("CREATE INDEX CONCURRENTLY example ON issues_issue (text)")],
    "a constraint made of an index": [
        SeparateDatabaseAndState(
            database_operations=[RunSQL("CREATE UNIQUE INDEX CONCURRENTLY example ON issues_issue (text)")]
        )
    ],
    "data in batches": [RunPython(does_nothing, RunPython.noop)],
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_migration_is_refused_with_advice(what: str, today: ProjectState) -> None:
    operations, advice = BAD[what]
    assert advice in told(today, operations)


@pytest.mark.parametrize("what", GOOD)
def test_a_good_migration_passes(what: str, today: ProjectState) -> None:
    assert told(today, GOOD[what]) == ""


@pytest.mark.parametrize("what", GOOD_ALONE)
def test_a_good_migration_without_a_transaction_passes(what: str, today: ProjectState) -> None:
    assert told(today, GOOD_ALONE[what], atomic=False) == ""


def test_what_is_not_concurrent_stays_in_a_transaction(today: ProjectState) -> None:
    mixed = [AddField("issue", "shade", models.IntegerField(null=True)), AddIndexConcurrently("issue", INDEX)]
    assert "file of its own" in told(today, mixed, atomic=False)


def test_a_constraint_is_validated_beside_everything(today: ProjectState) -> None:
    with_it = today.clone()
    AddConstraintNotValid("issue", POSITIVE).state_forwards("issues", with_it)
    assert told(with_it, [ValidateConstraint("issue", "example")], atomic=False) == ""
