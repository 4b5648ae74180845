"""What a new migration must not do to a service that runs: docs/upgrading.md. django-migration-linter reads the SQL; our
own rules read the operations on big tables, where a lock of seconds is an outage.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    NotInTransactionMixin,
    ValidateConstraint,
)
from django.db import connection
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, AlterField, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import DateTimeField, Field, UniqueConstraint
from django.db.models.expressions import Value
from django_migration_linter.sql_analyser import analyse_sql_statements, get_sql_analyser_class

# Tables that grow with reports, with what is known of places, or with every change.
BIG: Final = frozenset(
    """
    issues_issue issues_issueevent issues_eventtext issues_supporter issues_issue_areas issues_issueevent_photos
    core_subject core_token core_outboxmessage core_outcome core_to_count core_usage
    routing_decision routing_delivery routing_answer routing_asset routing_remoterequest
    media_photo notifications_follow accounts_keptanswer
    geodata_cell geodata_cell_month geodata_cell_delta geodata_address geodata_street geodata_mapshape
    stats_case stats_day stats_month stats_time stats_cell stats_cell_time stats_square stats_packed
    """.split()
)
CONCURRENT: Final = (NotInTransactionMixin, ValidateConstraint, RunPython)
_BIG_NAME: Final = rf'(?:"?public"?\s*\.\s*)?"?(?P<table>{"|".join(sorted(BIG))})"?(?![\w])'
# A function with its body, up to which no other statement begins.
_BODY: Final = re.compile(
    r"(?P<head>\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b[^;$]*?)\$(?P<tag>\w*)\$.*?\$(?P=tag)\$",
    re.DOTALL | re.IGNORECASE,
)
# Statements of RunSQL that hold a big table while they read or write all of it.
SLOW_SQL: Final = {
    rf"\bUPDATE\s+(?:ONLY\s+)?{_BIG_NAME}": "changes all rows in one transaction: RunPython in batches, atomic = False",
    rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{_BIG_NAME}": "deletes in one transaction: RunPython in batches, atomic = False",
    rf"\bTRUNCATE\s+(?:TABLE\s+)?{_BIG_NAME}": "empties a table that old code reads",
    rf"\bLOCK\s+(?:TABLE\s+)?{_BIG_NAME}": "locks",
    rf"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)[^;]*?\bON\s+{_BIG_NAME}": "CREATE INDEX CONCURRENTLY",
    rf"\bALTER\s+TABLE\s+{_BIG_NAME}[^;]*?\bADD\s+CONSTRAINT(?![^;]*\b(?:NOT\s+VALID|USING\s+INDEX)\b)": "NOT VALID first",
    rf"\bALTER\s+TABLE\s+{_BIG_NAME}[^;]*?\bSET\s+NOT\s+NULL": "a check that is NOT VALID, then VALIDATE",
    rf"\b(?:CLUSTER|VACUUM\s+FULL|REINDEX\s+TABLE)\s+{_BIG_NAME}": "rewrites the table",
}


def complaints(migration: Migration, before: ProjectState) -> list[str]:
    """What is wrong with the migration, one sentence each. `before`: the models as they were."""
    return [*_of_the_linter(migration, before), *_of_operations(migration, before)]


def sql_of(migration: Migration, before: ProjectState) -> list[str]:
    """The statements, as sqlmigrate prints them. Nothing is carried out."""
    with closing(connection.copy()) as own:  # in no transaction of a test
        with own.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            migration.apply(before.clone(), editor, collect_sql=True)
    lines = [line for line in editor.collected_sql if line and not line.startswith("--")]
    return ["BEGIN;", *lines, "COMMIT;"] if migration.atomic else lines


def _of_the_linter(migration: Migration, before: ProjectState) -> Iterator[str]:
    """Of django-migration-linter. What it only warns of (indexes) is judged by the size of the table below."""
    analyser = get_sql_analyser_class("django.db.backends.postgresql")
    errors, _ignored, _warnings = analyse_sql_statements(analyser, sql_of(migration, before))
    for error in errors:
        yield f"{error.code}: {error.message} ({error.table or ''} {error.column or ''})"


def _of_operations(migration: Migration, before: ProjectState) -> Iterator[str]:
    """Walks the operations with the models as each of them finds them."""
    state, made = before.clone(), set()
    for operation in migration.operations:
        after = state.clone()
        operation.state_forwards(migration.app_label, after)
        made |= _tables(after) - _tables(state)
        table = _table_of(operation, migration.app_label, after)
        if table in BIG - made:
            yield from (f"{table}: {words}" for words in _on_a_big_table(operation))
        if isinstance(operation, RunSQL):
            yield from _of_sql(operation, made)
        if not migration.atomic and not isinstance(operation, CONCURRENT) and not _is_concurrent_sql(operation):
            yield f"{operation.describe()}: atomic = False is for what runs beside everything else, in a file of its own"
        state = after
    kinds = {isinstance(operation, RunPython) for operation in migration.operations}
    if kinds == {True, False}:
        yield "RunPython and changes of tables are in one migration: the locks of one are held while the other works"


def _on_a_big_table(operation: Operation) -> Iterator[str]:
    if isinstance(operation, AddIndex) and not isinstance(operation, AddIndexConcurrently):
        yield "AddIndexConcurrently, with atomic = False"
    if isinstance(operation, RemoveIndex) and not isinstance(operation, NotInTransactionMixin):
        yield "RemoveIndexConcurrently, with atomic = False"
    if isinstance(operation, AddConstraint) and not isinstance(operation, AddConstraintNotValid):
        if isinstance(operation.constraint, UniqueConstraint):
            yield "a unique index is made CONCURRENTLY by RunSQL, then taken USING INDEX, the state told separately"
        else:
            yield "AddConstraintNotValid, and ValidateConstraint in the next migration"
    if isinstance(operation, AddField | AlterField):
        yield from _of_field(operation.field, added=isinstance(operation, AddField))


def _of_field(field: "Field[object, object]", *, added: bool) -> Iterator[str]:
    if field.generated and added:
        yield "a generated column rewrites the table"
    if field.unique or field.db_index:
        yield "the field makes an index under a lock: db_index=False, then AddIndexConcurrently"
    if added and not field.null and not field.generated and not field.has_db_default():
        yield "old code does not know the field: null=True or db_default"
    if added and field.has_db_default() and not isinstance(field.db_default, Value | str | int | bool | float):
        if not isinstance(field, DateTimeField):  # now() is one value for all rows
            yield "a default that is computed may rewrite the table: a constant, or null=True"


def _of_sql(operation: RunSQL, made: set[str]) -> Iterator[str]:
    text = re.sub(r"--[^\n]*", "", _text_of(operation))
    bare = re.sub(_BODY, r"\g<head>", text)  # it runs later; that of DO runs now
    for pattern, words in SLOW_SQL.items():
        for found in re.finditer(pattern, bare, re.IGNORECASE):
            if found["table"] not in made:
                yield f"{found['table']}: {words}"


def _text_of(operation: RunSQL) -> str:
    if isinstance(operation.sql, str):
        return operation.sql
    return "; ".join(one if isinstance(one, str) else one[0] for one in operation.sql)


def _is_concurrent_sql(operation: Operation) -> bool:
    if isinstance(operation, SeparateDatabaseAndState):
        return all(_is_concurrent_sql(one) or isinstance(one, CONCURRENT) for one in operation.database_operations)
    return isinstance(operation, RunSQL) and bool(
        re.search(r"\bCONCURRENTLY\b|\bVALIDATE\b|\bUSING\s+INDEX\b", _text_of(operation), re.IGNORECASE)
    )


def _tables(state: ProjectState) -> set[str]:
    return {str(model.options.get("db_table") or f"{app}_{name}") for (app, name), model in state.models.items()}


def _table_of(operation: Operation, app: str, state: ProjectState) -> str:
    """Of the model that the operation changes; "" for those that change none, or one that is gone."""
    name = str(getattr(operation, "model_name", "")).lower()
    model = state.models.get((app, name))
    return str(model.options.get("db_table") or f"{app}_{name}") if model else ""
