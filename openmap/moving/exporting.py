"""Writes one community as files: every row that is its own, the people and organisations that they name, and files."""

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from core.stored_files import namings
from geodata.models import Community
from openmap.backup.copying import Copied
from openmap.backup.database import snapshot
from openmap.backup.layout import FILES, SUMS
from openmap.backup.making import version
from openmap.backup.sums import digest_of, write_sums
from openmap.moving.belongings import COMMUNITY, GLOBAL, ONLY, SHARED, Kind, travellers
from openmap.moving.bundle import Facts, MovingError
from openmap.moving.trust import modest

PLACES: Final = {
    "reports.geojson": """
        SELECT jsonb_build_object('type', 'Feature', 'id', i.number, 'geometry', ST_AsGeoJSON(i.location, 7)::jsonb,
            'properties', jsonb_build_object('number', i.number, 'category', c.code, 'state', i.state, 'title', i.title,
                'text', i.text, 'address', i.address, 'created_at', i.created_at, 'visibility', s.visibility))::text
        FROM issues_issue i JOIN core_subject s ON s.id = i.subject_id JOIN routing_category c ON c.id = i.category_id
        WHERE i.community_id = %s ORDER BY i.number""",
    "areas.geojson": """
        SELECT jsonb_build_object('type', 'Feature', 'geometry', ST_AsGeoJSON(a.boundary, 7)::jsonb, 'properties',
            jsonb_build_object('division', d.code, 'code', a.code, 'name', a.name, 'valid_from', a.valid_from,
                'valid_to', a.valid_to))::text
        FROM geodata_area a JOIN geodata_division d ON d.id = a.division_id WHERE a.community_id = %s ORDER BY a.id""",
}


def export_community(community: Community, target: Path, *, at: datetime, allow_missing: bool = False) -> Facts:
    """Writes the export of one moment into a new folder, or a new file if `target` ends in .tar. Raises MovingError."""
    if target.exists():
        raise MovingError(_("%(path)s is there already: name a new one.") % {"path": target})
    with _draft_of(target) as folder:
        copied = Copied(folder=folder)
        rows, columns = {}, {}
        with snapshot():
            for kind in travellers():
                rows[kind.label] = _write(folder, kind.label, _rows(kind, community.pk))
                columns[kind.label] = list(kind.columns)
            for label in SHARED:
                rows[label] = _write(folder, label, _shared(label, community.pk))
            rows[COMMUNITY] = _write(folder, COMMUNITY, _itself(community.pk))
            columns |= {label: list(Kind(apps.get_model(label)).columns) for label in GLOBAL}
            for name, words in PLACES.items():
                _write_places(folder / name, words, community.pk)
            missing = copied.take(_files_of(community.pk))
            if missing and not allow_missing:
                raise MovingError(
                    _("The storage lacks files that rows name: %(names)s. Repeat, or go on with --allow-missing.")
                    % {"names": ", ".join(missing[:5])}
                )
            copied.take_basemaps(community.slug)
        return _finish(copied, community, at=at, rows=rows, columns=columns, missing=missing)


def _finish(copied: Copied, community: Community, *, at: datetime, **known: Any) -> Facts:
    """Writes checksums and facts."""
    folder = copied.folder
    written = [*folder.glob("rows/*.jsonl"), *folder.glob("*.geojson")]
    sums = copied.sums | {path.relative_to(folder).as_posix(): digest_of(path) for path in written}
    write_sums(folder / SUMS, sums)
    facts = Facts(
        made_at=at.astimezone(UTC).isoformat(),
        slug=community.slug,
        name=community.name,
        site=settings.SITE_URL,
        version=version(),
        files=sum(name.startswith(f"{FILES}/") for name in sums),
        sums=digest_of(folder / SUMS),
        **known,
    )
    facts.write(folder)
    return facts


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A folder that only its owner reads; it becomes the target when the block ends well."""
    before = os.umask(0o077)
    draft = target.with_name(f".{target.name}.making")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        yield draft
        if target.suffix == ".tar":
            packed = target.with_name(f".{target.name}.packing")
            try:
                with tarfile.open(packed, "w") as archive:
                    for path in sorted(draft.iterdir()):
                        archive.add(path, arcname=path.name)
                packed.rename(target)
            finally:
                packed.unlink(missing_ok=True)  # of a disk that is full
        else:
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.umask(before)


def _rows(kind: Kind, community: int) -> Iterator[str]:
    """JSON of each row, as PostgreSQL writes it; nothing is lost or rounded."""
    shown = ", ".join(f't."{name}"::text' if is_shape else f't."{name}"' for name, is_shape in kind.columns.items())
    only = f" AND {ONLY[kind.label]}" if kind.label in ONLY else ""
    inner = f'SELECT {shown} FROM "{kind.table}" t WHERE {kind.where}{only} ORDER BY t."{kind.key.column}"'  # noqa: S608
    return _lines(f"SELECT to_jsonb(r)::text FROM ({inner}) r", community)  # noqa: S608


def _itself(community: int) -> Iterator[str]:
    kind = Kind(Community)
    shown = ", ".join(f't."{name}"::text' if is_shape else f't."{name}"' for name, is_shape in kind.columns.items())
    return _lines(f'SELECT to_jsonb(r)::text FROM (SELECT {shown} FROM "{kind.table}" t WHERE id = %s) r', community)  # noqa: S608


def _shared(label: str, community: int) -> Iterator[str]:
    """Global rows that rows of the community name. Of a person who is not staff here no password moves, and nobody
    becomes an operator elsewhere."""
    kind = Kind(apps.get_model(label))
    named = " UNION ".join(
        f'SELECT t."{column}" FROM "{other.table}" t WHERE {other.where.replace("%s", str(int(community)))}'  # noqa: S608
        for other in travellers()
        for column, found in other.references.items()
        if found == label
    )
    lines = _lines(f'SELECT to_jsonb(t)::text FROM "{kind.table}" t WHERE t.id IN ({named}) ORDER BY t.id')  # noqa: S608
    if label != "accounts.User":
        return lines
    staff = _ids("SELECT user_id FROM accounts_membership WHERE community_id = %s", community)
    return (json.dumps(modest(json.loads(line), staff), ensure_ascii=False) for line in lines)


def _files_of(community: int) -> Iterator[str]:
    """Names of the files that moving rows name."""
    moving = {kind.model: kind for kind in travellers()}
    for naming in namings():
        if kind := moving.get(naming.model):
            only = f" AND {ONLY[kind.label]}" if kind.label in ONLY else ""
            for column in naming.columns:
                yield from _lines(
                    f'SELECT t."{column}" FROM "{kind.table}" t WHERE {kind.where}{only} AND t."{column}" <> \'\'',  # noqa: S608
                    community,
                )


def _write(folder: Path, label: str, lines: Iterator[str]) -> int:
    """Writes the lines of one kind; how many there were."""
    path = folder / "rows" / f"{label}.jsonl"
    path.parent.mkdir(exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, line in enumerate(lines, start=1):  # noqa: B007
            file.write(f"{line}\n")
    return count


def _write_places(path: Path, words: str, community: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [\n')
        file.write(",\n".join(_lines(words, community)))
        file.write("\n]}\n")


def _lines(words: str, *parameters: int) -> Iterator[str]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(words, parameters or None)
        for (line,) in cursor:
            yield line


def _ids(words: str, community: int) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(words, [community])
        return {found for (found,) in cursor.fetchall()}
