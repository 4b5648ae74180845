"""Brings an exported community into this installation: all of it in one transaction, or nothing."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from accounts.models import Organisation, User
from core.models import Failure
from geodata.models import Community, GoneCommunity
from openmap.backup.layout import BASEMAP, FILES, SUMS
from openmap.backup.sums import digest_of_pieces, read_sums
from openmap.moving.belongings import SHARED, Kind, travellers
from openmap.moving.bundle import Facts, MovingError, checked
from openmap.moving.identities import Identities, Row, has_random_key, make_room, refuse_known, row_of

BATCH: Final = 1000
MESSAGE: Final = "core.OutboxMessage"


def import_community(folder: Path, *, at: datetime, slug: str = "") -> Community:
    """Checks the export and brings it in; `slug` gives it another address. What was still to be sent is not sent: it
    becomes a dead letter that staff may send. Raises MovingError."""
    facts = checked(folder)
    given = next(_rows(folder, "geodata.Community")) | ({"slug": slug} if slug else {})
    _refuse_unknown_columns(facts)
    _refuse_known_community(given)
    saved: list[str] = []
    try:
        with transaction.atomic(durable=True), scopes_disabled():
            _tell_the_guards()
            now = _identities(folder, given)
            for label in SHARED:
                now.shared[label] = _share(folder, label)
            _insert(Kind(Community), facts, iter([given | {"id": now.of("geodata.Community", given["id"])}]))
            for kind in travellers():
                rows = (now.moved(kind, row) for row in _rows(folder, kind.label))
                _insert(kind, facts, (_at_rest(row, at) for row in rows) if kind.label == MESSAGE else rows)
            _compare(facts, now.of("geodata.Community", given["id"]))
            GoneCommunity.objects.filter(slug=given["slug"]).delete()
            _bring_files(folder, saved)
    except BaseException:
        for name in saved:
            default_storage.delete(name)
        raise
    _bring_basemaps(folder, facts.slug, given["slug"])
    return Community.objects.get(slug=given["slug"])


def _tell_the_guards() -> None:
    """Published rules are written by nobody but whoever says so; foreign keys are looked at in the end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('misto.erasing', 'on', true)")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _refuse_unknown_columns(facts: Facts) -> None:
    known = {kind.label: kind for kind in travellers()}
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
    """Room for every row."""
    now = Identities(steps={"geodata.Community": make_room(Kind(Community), given["id"], given["id"])})
    for kind in travellers():
        keys = [row[str(kind.key.column)] for row in _rows(folder, kind.label)]
        if has_random_key(kind):
            refuse_known(kind, keys)
        elif keys:
            now.steps[kind.label] = make_room(kind, min(keys), max(keys))
    return now


def _share(folder: Path, label: str) -> dict[int, int]:
    """People and organisations that are here keep everything as it is; others are made. Keys there, and here."""
    kind = Kind(apps.get_model(label))
    rows = list(_rows(folder, label))
    found = {row["id"]: known for row in rows if (known := _known(label, row))}
    new = [row for row in rows if row["id"] not in found]
    if new:
        step = make_room(kind, min(row["id"] for row in new), max(row["id"] for row in new))
        _insert_rows(kind, list(kind.columns), [row | {"id": row["id"] + step} for row in new])
        found |= {row["id"]: row["id"] + step for row in new}
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
    columns = facts.columns.get(kind.label) or list(kind.columns)
    while batch := list(islice(rows, BATCH)):
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
    """Every file under its name. Raises MovingError for a name that is taken by something else."""
    for inside, digest in read_sums(folder / SUMS).items():
        if not inside.startswith(f"{FILES}/"):
            continue
        name = inside.removeprefix(f"{FILES}/")
        if default_storage.exists(name):
            with default_storage.open(name) as file:
                if digest_of_pieces(file.chunks()) == digest:
                    continue
            raise MovingError(_("The storage has another file under the name %(name)s.") % {"name": name})
        with (folder / inside).open("rb") as file:
            saved.append(default_storage.save(name, File(file, name=name)))


def _bring_basemaps(folder: Path, before: str, slug: str) -> None:
    for path in (folder / BASEMAP / before).glob("*.pmtiles"):
        target = Path(settings.BASEMAP_DIR) / slug / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def _rows(folder: Path, label: str) -> Iterator[Row]:
    path = folder / "rows" / f"{label}.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield row_of(line)
