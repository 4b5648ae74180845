"""Removes one community for good: its rows in small batches, each in a transaction of its own, its files, and what was
counted of it. Nobody else waits, and no other community is touched. Whoever was interrupted repeats the command.

What stays: the tombstone (geodata.GoneCommunity), by which its addresses answer 410; organisations, which are public
bodies; and accounts that something else names.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic, sleep
from typing import Any, Final

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from accounts.models import User
from core.stored_files import namings
from geodata.basemap_files import folder_of
from geodata.cells import fold_all
from geodata.models import Community, GoneCommunity
from media.actions import file_names
from media.models import Photo
from openmap.moving.belongings import Kind, kinds
from openmap.moving.bundle import MovingError
from stats.filling import fill_all

BATCH: Final = 1000  # rows in one transaction
ROUNDS: Final = 3  # what a worker wrote meanwhile is removed too
PATIENCE: Final = 600.0  # seconds for the counts to follow
Say = Callable[[str], None]

# Tables of counts: they belong to no model and have a column named so.
COUNTS: Final = """
SELECT table_name::text FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'community' AND NOT table_name = ANY(%s) ORDER BY 1
"""


def counted(community: Community) -> dict[str, int]:
    """How many rows of each kind it has; those that have none are left out."""
    found = {}
    for kind in kinds():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{kind.table}" t WHERE {kind.where}', [community.pk])  # noqa: S608
            if count := cursor.fetchone()[0]:
                found[kind.label] = count
    return found


def remove_community(
    community: Community, *, at: datetime, batch: int = BATCH, say: Say = lambda words: None
) -> dict[str, int]:
    """Removes it; returns how many rows of each kind went now. Raises MovingError when others write into it all the
    time."""
    removed: dict[str, int] = {}
    try:
        basemap = folder_of(community.slug)
    except ValueError:
        raise MovingError(_("%(slug)s is no address: give it another one first.") % {"slug": community.slug}) from None
    with scopes_disabled():
        gone = _announce(community, at=at)
        for _round in range(ROUNDS):
            for kind in reversed(kinds()):
                if count := _empty(kind, community.pk, batch=batch):
                    removed[kind.label] = removed.get(kind.label, 0) + count
                    say(f"{kind.label}: {count}")
            if not counted(community):
                break
        else:
            raise MovingError(_("Something still writes into this community. Stop the workers and repeat."))
        _empty_counts(community.pk, at=at, batch=batch)
        shutil.rmtree(basemap, ignore_errors=True)
        with transaction.atomic():
            _forget_logs(Kind(Community), [community.pk])
            Community.objects.filter(pk=community.pk).delete()
            _forget_people(gone)
            GoneCommunity.objects.filter(pk=gone.pk).update(finished_at=at, people=[])
    return removed


def _announce(community: Community, *, at: datetime) -> GoneCommunity:
    """From now on its addresses answer 410. An interrupted removal finds what the first one wrote."""
    people = {
        person
        for kind in kinds()
        for column, label in kind.references.items()
        if label == "accounts.User"
        for person in _column(kind, column, community.pk)
    }
    gone, _made = GoneCommunity.objects.get_or_create(
        slug=community.slug, defaults={"name": community.name, "began_at": at}
    )
    GoneCommunity.objects.filter(pk=gone.pk).update(finished_at=None, people=sorted(people | set(gone.people)))
    gone.refresh_from_db()
    return gone


def _column(kind: Kind, column: str, community: int) -> Iterator[int]:
    words = f'SELECT DISTINCT t."{column}" FROM "{kind.table}" t WHERE t."{column}" IS NOT NULL AND {kind.where}'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(words, [community])
        yield from (key for (key,) in cursor.fetchall())


def _empty(kind: Kind, community: int, *, batch: int) -> int:
    """Removes all rows of a kind; how many."""
    for column, label in kind.references.items():
        if label == kind.label:  # a duplicate names its original: whichever goes first
            while _update(kind, column, community, batch=batch):
                pass
    total = 0
    while keys := _keys(kind, community, batch=batch):
        _delete_files(kind, keys)
        with _erasing(), connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{kind.table}" WHERE "{kind.key.column}" = ANY(%s)', [keys])  # noqa: S608
            total += cursor.rowcount
            _forget_logs(kind, keys)
    return total


def _keys(kind: Kind, community: int, *, batch: int) -> list[Any]:
    words = f'SELECT t."{kind.key.column}" FROM "{kind.table}" t WHERE {kind.where} LIMIT {int(batch)}'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(words, [community])
        return [key for (key,) in cursor.fetchall()]


def _update(kind: Kind, column: str, community: int, *, batch: int) -> int:
    inner = (
        f'SELECT t."{kind.key.column}" FROM "{kind.table}" t'  # noqa: S608
        f' WHERE t."{column}" IS NOT NULL AND {kind.where} LIMIT {int(batch)}'
    )
    words = f'UPDATE "{kind.table}" SET "{column}" = NULL WHERE "{kind.key.column}" IN ({inner})'  # noqa: S608
    with _erasing(), connection.cursor() as cursor:
        cursor.execute(words, [community])
        return int(cursor.rowcount)


class _erasing(transaction.Atomic):  # noqa: N801  read as a word
    """A transaction that may remove events and published rules: it says that it erases a community."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=True)

    def __enter__(self) -> None:
        super().__enter__()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('misto.erasing', 'on', true)")


def _delete_files(kind: Kind, keys: list[Any]) -> None:
    """Files first: a row still tells of them when this is interrupted. What another row names too stays."""
    names: set[str] = set()
    if kind.model is Photo:
        for photo in Photo.objects.filter(pk__in=keys):
            names.update(file_names(photo))
    else:
        for naming in namings():
            if naming.model is kind.model:
                for row in kind.model._default_manager.filter(pk__in=keys).values_list(*naming.columns):
                    names.update(str(name) for name in row if name)
    for name in sorted(names - (_named_by_others(names, kind, keys) if names else set())):
        default_storage.delete(name)


def _named_by_others(names: set[str], kind: Kind, keys: list[Any]) -> set[str]:
    """Those that other rows than these name."""
    found: set[str] = set()
    for naming in namings():
        rows = naming.model._base_manager.all()
        if naming.model is kind.model:
            rows = rows.exclude(pk__in=keys)
        for column in naming.columns:
            mine = rows.filter(**{f"{column}__in": names}).values_list(column, flat=True)
            found.update(str(name) for name in mine)
    return found


def _forget_logs(kind: Kind, keys: list[Any]) -> None:
    """What the administration wrote down about these rows: names of reports, addresses of people."""
    about = ContentType.objects.get_for_model(kind.model, for_concrete_model=False)
    LogEntry.objects.filter(content_type=about, object_id__in=[str(key) for key in keys]).delete()


def _empty_counts(community: int, *, at: datetime, batch: int) -> None:
    """Counts follow the rows; then nothing of them may be left."""
    end = monotonic() + PATIENCE
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM core_to_count")
        (last,) = cursor.fetchone()
    while monotonic() < end:
        fold_all()
        fill_all(at=at)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM geodata_cell_delta WHERE community = %s", [community])
            (deltas,) = cursor.fetchone()
            cursor.execute("SELECT count(*) FROM core_to_count WHERE id <= %s", [last])
            (waiting,) = cursor.fetchone()
        if not deltas and not waiting:
            break
        sleep(0.5)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [[model._meta.db_table for model in apps.get_models()]])
        for (table,) in cursor.fetchall():
            inner = f'SELECT ctid FROM "{table}" WHERE community = %s LIMIT {int(batch)}'  # noqa: S608
            while True:
                cursor.execute(f'DELETE FROM "{table}" WHERE ctid IN ({inner})', [community])  # noqa: S608
                if not cursor.rowcount:
                    break


def _forget_people(gone: GoneCommunity) -> None:
    """Accounts that its rows named, and nothing names any more: of those who were staff or took part only here."""
    for person in User.objects.filter(pk__in=gone.people, is_superuser=False):
        if not any(_names(relation.related_model, relation.field.attname, person.pk) for relation in _relations()):
            person.delete()


def _relations() -> list[Any]:
    own = {User.groups.through, User.user_permissions.through}
    found = [one for one in User._meta.get_fields(include_hidden=True) if one.auto_created and not one.concrete]
    return [one for one in found if one.related_model not in own and not one.many_to_many]


def _names(model: type[Model], column: str, person: int) -> bool:
    return model._base_manager.filter(**{column: person}).exists()
