"""Brings an exported community into this installation: all of it in one transaction, or nothing."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from django.apps import apps
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import DataError, IntegrityError, InternalError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from accounts.models import Organisation, User
from core.models import Failure
from geodata.basemap_files import folder_of
from geodata.models import Community, GoneCommunity
from openmap.backup.layout import FILES, SUMS
from openmap.backup.restoring import is_there
from openmap.backup.sums import read_sums
from openmap.moving.belongings import COMMUNITY, GLOBAL, SHARED, Kind, travellers
from openmap.moving.bundle import Facts, MovingError, checked
from openmap.moving.identities import Identities, Row, room_for, row_of
from openmap.moving.inside import moved
from openmap.moving.trust import Named, basemaps, modest, refuse_bad_address
from routing.models import Question

BATCH: Final = 1000
MESSAGE: Final = "core.OutboxMessage"
# What comes of an export that this program did not write.
STRANGE: Final = (
    *(ValueError, KeyError, TypeError, AttributeError, StopIteration, SuspiciousFileOperation),
    *(DataError, IntegrityError, InternalError),
)


def import_community(
    folder: Path, *, at: datetime, slug: str = "", say: Callable[[str], None] = lambda words: None
) -> Community:
    """Checks the export and brings it in; `slug` gives it another address. What was still to be sent is not sent: it
    becomes a dead letter that staff may send. Raises MovingError."""
    facts = checked(folder)
    try:
        community = _import(folder, facts, at=at, slug=slug)
    except STRANGE as fault:
        raise MovingError(_not_of_us(fault)) from fault
    try:
        _bring_basemaps(folder, facts.slug, community.slug)
    except OSError as fault:
        say(_("The base map was not brought in: %(reason)s. Build it anew with build_basemap.") % {"reason": fault})
    return community


def _import(folder: Path, facts: Facts, *, at: datetime, slug: str) -> Community:
    given = next(_rows(folder, COMMUNITY)) | ({"slug": slug} if slug else {})
    refuse_bad_address(given["slug"])
    _refuse_unknown_columns(facts)
    _refuse_known_community(given)
    files = Named(read_sums(folder / SUMS), facts.missing)
    saved: list[str] = []
    try:
        with transaction.atomic(durable=True), scopes_disabled():
            _tell_the_guards()
            now = _identities(folder, given)
            for label in SHARED:
                now.shared[label] = _share(folder, facts, label)
            here = now.of(COMMUNITY, given["id"])
            _insert(Kind(Community), facts, iter([given | {"id": here}]))
            for kind in travellers():
                _insert(kind, facts, _moved(folder, kind, now=now, files=files, at=at))
            _compare(facts, here)
            GoneCommunity.objects.filter(slug=given["slug"]).delete()
            _bring_files(folder, saved)
    except BaseException:
        for name in saved:
            default_storage.delete(name)
        raise
    return Community.objects.get(pk=here)


def _moved(folder: Path, kind: Kind, *, now: Identities, files: Named, at: datetime) -> Iterator[Row]:
    """The rows of a kind as they are written here. Raises MovingError for those that reach for what is not theirs."""
    for row in _rows(folder, kind.label):
        files.refuse_foreign(kind, row)
        found = moved(now, kind, row)
        yield _at_rest(found, at) if kind.label == MESSAGE else found


def _not_of_us(fault: Exception) -> str:
    words = str(fault).strip().splitlines()
    reason = f"{type(fault).__name__}: {words[0] if words else ''}"
    return _("The export is not as this program writes it, nothing was brought in: %(reason)s") % {"reason": reason}


def _tell_the_guards() -> None:
    """Published rules are written by nobody but whoever says so; foreign keys are looked at in the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('misto.erasing', 'on', true)")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _refuse_unknown_columns(facts: Facts) -> None:
    known = {kind.label: kind for kind in [*travellers(), *(Kind(apps.get_model(label)) for label in GLOBAL)]}
    strange = [
        f"{label}.{column}"
        for label, columns in facts.columns.items()
        for column in columns
        if label not in known or column not in known[label].columns
    ]
    if strange:
        raise MovingError(
            _("The export is of another version (%(version)s): this one does not know %(names)s.")
            % {"version": facts.version, "names": ", ".join(strange[:5])}
        )


def _refuse_known_community(given: Row) -> None:
    taken = Community.objects.filter(slug=given["slug"]).first()
    if taken:
        raise MovingError(
            _("The address %(slug)s is that of “%(name)s” here. Give another by --slug.")
            % {"slug": given["slug"], "name": taken.name}
        )
    if given["katottg"] and (taken := Community.objects.filter(katottg=given["katottg"]).first()):
        raise MovingError(
            _("The community with the code %(code)s is here already: “%(name)s”.")
            % {"code": given["katottg"], "name": taken.name}
        )


def _identities(folder: Path, given: Row) -> Identities:
    """Room for every row. Raises MovingError for rows of another community."""
    now = Identities()
    room_for(now, Kind(Community), [given["id"]])
    for kind in travellers():
        room_for(now, kind, [row[str(kind.key.column)] for row in _rows(folder, kind.label)])
    codes = {row["id"]: row["code"] for row in _rows(folder, "routing.Category")}
    for row in _rows(folder, "routing.Question"):
        if row["kind"] == Question.Kind.ASSET:
            now.asset_questions |= {(row["category_id"], row["code"]), (codes[row["category_id"]], row["code"])}
    return now


def _share(folder: Path, facts: Facts, label: str) -> dict[int, int]:
    """People and organisations that are here keep everything as it is; others are made. Keys there, and here."""
    kind = Kind(apps.get_model(label))
    rows = list(_rows(folder, label))
    if label == "accounts.User":
        staff = {row["user_id"] for row in _rows(folder, "accounts.Membership")}
        rows = [modest(row, staff) for row in rows]
    found = {row["id"]: known for row in rows if (known := _known(label, row))}
    new = [row for row in rows if row["id"] not in found]
    if new:
        room = Identities()
        room_for(room, kind, [row["id"] for row in new])
        moved_up = [row | {"id": room.of(label, row["id"])} for row in new]
        _insert(kind, facts, iter(moved_up))
        found |= {before["id"]: after["id"] for before, after in zip(new, moved_up, strict=True)}
    return found


def _known(label: str, row: Row) -> int | None:
    """The same person by e-mail; the same organisation by its code, or by its name. Raises MovingError when these
    disagree."""
    if label == "accounts.User":
        return User.objects.filter(email__iexact=row["email"]).values_list("pk", flat=True).first()
    same = Q(name=row["name"]) | (Q(edrpou=row["edrpou"]) if row["edrpou"] else Q())
    found = list(Organisation.objects.filter(same))
    if len(found) > 1 or any(one.edrpou and row["edrpou"] and one.edrpou != row["edrpou"] for one in found):
        raise MovingError(
            _("“%(name)s” is another organisation here: by its name, or by its code %(code)s. Rename one of them.")
            % {"name": row["name"], "code": row["edrpou"]}
        )
    return found[0].pk if found else None


def _at_rest(row: Row, at: datetime) -> Row:
    """A message that was still to be sent: the installation that it comes from may have sent it since."""
    if row["sent_at"] or row["dead_at"]:
        return row
    return row | {
        "dead_at": at.isoformat(),
        "failure": Failure.OURS,
        "last_error": "The community was imported before this was sent.",
        "claim": None,
        "leased_until": None,
    }


def _insert(kind: Kind, facts: Facts, rows: Iterator[Row]) -> None:
    """Writes the columns that the export has. Older exports do not tell those of GLOBAL: then, those of the row."""
    while batch := list(islice(rows, BATCH)):
        columns = facts.columns.get(kind.label) or [column for column in kind.columns if column in batch[0]]
        for row in batch:
            if absent := [column for column in columns if column not in row]:
                raise KeyError(f"{kind.label}.{absent[0]}")
        _insert_rows(kind, columns, batch)


def _insert_rows(kind: Kind, columns: list[str], rows: list[Row]) -> None:
    """PostgreSQL reads the values as it wrote them. A column that is newer than the export has its default."""
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{kind.table}" ({names}) SELECT {names}'  # noqa: S608
            f' FROM jsonb_populate_recordset(NULL::"{kind.table}", %s::jsonb)',
            [json.dumps(rows)],
        )


def _compare(facts: Facts, community: int) -> None:
    """Raises MovingError unless as many rows are here as were exported."""
    for kind in travellers():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{kind.table}" t WHERE {kind.where}', [community])  # noqa: S608
            (count,) = cursor.fetchone()
        if count != facts.rows.get(kind.label, 0):
            raise MovingError(
                _("%(kind)s: %(count)d rows came of %(wanted)d.")
                % {"kind": kind.label, "count": count, "wanted": facts.rows.get(kind.label, 0)}
            )


def _bring_files(folder: Path, saved: list[str]) -> None:
    """Every file under its name; the beginning of one that an import was killed at is written anew. Raises MovingError
    for a name that is taken by something else."""
    for inside, digest in read_sums(folder / SUMS).items():
        if not inside.startswith(f"{FILES}/"):
            continue
        name = inside.removeprefix(f"{FILES}/")
        if is_there(name, digest, folder / inside):
            continue
        if default_storage.exists(name):
            raise MovingError(_another_file(name))
        saved.append(name)
        with (folder / inside).open("rb") as file:
            stored = default_storage.save(name, File(file, name=name))
        if stored != name:  # somebody took the name meanwhile
            saved[-1] = stored
            raise MovingError(_another_file(name))


def _another_file(name: str) -> str:
    return _("The storage has another file under the name %(name)s.") % {"name": name}


def _bring_basemaps(folder: Path, before: str, slug: str) -> None:
    for inside, name in basemaps(read_sums(folder / SUMS), before).items():
        target = folder_of(slug) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / inside, target)
        target.chmod(0o644)


def _rows(folder: Path, label: str) -> Iterator[Row]:
    path = folder / "rows" / f"{label}.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield row_of(line)
