"""Writes the plan of an import of a register: rows by COPY, as many at once as there are."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import shapely
from django.db import connection
from psycopg import sql

from core.copying import copy_rows
from geodata.models import WGS84, Community
from routing import register_keepers
from routing.models import Asset, Register
from routing.register_plan import RegisterPlan
from routing.register_rows import AssetRow

AT_ONCE = 5000
FACTS = ("name", "number", "keeper_id", "entrances", "attributes", "search", "geometry")  # what a correction changes
COLUMNS = ("community_id", "register_id", "valid_from", "changed_at", "is_shown", "key", *FACTS)

# The rows of a correction wait in a table of their own: by their ids it takes one statement to bring them in.
WAIT = "CREATE TEMPORARY TABLE corrected_asset ON COMMIT DROP AS SELECT id, {facts} FROM routing_asset WITH NO DATA"
FILL = "COPY corrected_asset (id, {facts}) FROM STDIN"
CORRECT = "UPDATE routing_asset a SET (changed_at, {facts}) = (%s, {theirs}) FROM corrected_asset c WHERE a.id = c.id"

KeeperOf = Callable[[AssetRow], int | None]


def write(
    plan: RegisterPlan, community: Community, code: str, *, kind: str, name: str, valid_from: date, at: datetime
) -> None:
    """Carries the plan out, in the caller's transaction. A register that does not exist is made."""
    register, is_new = Register.objects.get_or_create(
        community=community, code=code, defaults={"name": name or code, "kind": kind}
    )
    if name and not is_new and register.name != name:
        register.name = name
        register.save(update_fields=["name"])
    made = register_keepers.make(plan.keepers.new)

    def keeper_of(row: AssetRow) -> int | None:
        keeper = plan.keepers.by_row.get(row.key)
        return made[keeper] if isinstance(keeper, str) else keeper

    ended = [pk for pk, _row in plan.replaced] + plan.closed
    for start in range(0, len(ended), AT_ONCE):
        Asset.objects.filter(pk__in=ended[start : start + AT_ONCE]).update(valid_to=valid_from, changed_at=at)
    _correct(plan.corrected, keeper_of, at)
    new = [*plan.created, *(row for _pk, row in plan.replaced)]
    # The database would find it out by itself, and write each row twice.
    is_shown = register.is_on_map and register.map_day is not None and valid_from <= register.map_day
    here = community.pk, register.pk, valid_from, at, is_shown
    copy_rows(Asset, COLUMNS, ((*here, row.key, *facts) for row, facts in _facts(new, keeper_of)))
    plan.written = True


def _correct(corrected: Sequence[tuple[int, AssetRow]], keeper_of: KeeperOf, at: datetime) -> None:
    """Rows under which nothing was decided take the facts of the file."""
    if not corrected:
        return
    names = {
        "facts": sql.SQL(", ").join(map(sql.Identifier, FACTS)),
        "theirs": sql.SQL(", ").join(sql.Identifier("c", fact) for fact in FACTS),
    }
    ids = [pk for pk, _row in corrected]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(WAIT).format(**names))
        with cursor.copy(sql.SQL(FILL).format(**names)) as copy:
            for pk, (_row, facts) in zip(ids, _facts([row for _pk, row in corrected], keeper_of), strict=True):
                copy.write_row((pk, *facts))
        cursor.execute(sql.SQL(CORRECT).format(**names), [at])
        cursor.execute("DROP TABLE corrected_asset")


def _facts(rows: Sequence[AssetRow], keeper_of: KeeperOf) -> Iterator[tuple[AssetRow, tuple[Any, ...]]]:
    """Each row with its values of FACTS."""
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        shapes = shapely.set_srid([row.shape for row in some], WGS84)
        for row, shape in zip(some, shapely.to_wkb(shapes, hex=True, include_srid=True), strict=True):
            attributes = json.dumps(row.attributes, ensure_ascii=False)
            yield row, (row.name, row.number, keeper_of(row), row.entrances, attributes, row.search, shape)
