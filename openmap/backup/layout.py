"""How a backup lies in its place, and what its manifest says.

    PLACE/2026-11-30T02-15-00Z/manifest.json     what it is, rows of each table; manifest.sha256 is its checksum
                               SHA256SUMS        checksums of everything else, as sha256sum(1) reads them
                               database.dump     of pg_dump, custom format
                               secrets.json      MISTO_SECRET_KEY and its former ones
                               files/            the storage: photos, files of jobs, open data
                               basemap/          built base maps

A folder whose name begins with a dot is not a backup (yet).
"""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from openmap.backup.sums import digest_of

FORMAT: Final = 1
MANIFEST, MANIFEST_SUM, SUMS = "manifest.json", "manifest.sha256", "SHA256SUMS"
DUMP, SECRETS, FILES, BASEMAP = "database.dump", "secrets.json", "files", "basemap"
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
UNDONE: Final = ".making-"


class BackupError(Exception):
    """Something that the operator can mend; the message says what and how."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What one backup is. Sizes in bytes; `tables`: rows of each; `migrations`: app and name of those applied."""

    made_at: str
    site: str
    version: str
    commit: str
    server: int
    tables: dict[str, int]
    migrations: list[list[str]]
    dump_size: int
    files: int
    files_size: int
    sums: str
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    @classmethod
    def of(cls, backup: Path) -> "Manifest":
        """Reads it, its own checksum first. Raises BackupError, OSError."""
        try:
            stated = (backup / MANIFEST_SUM).read_text(encoding="ascii", errors="replace").split()
        except FileNotFoundError:
            raise BackupError(_no_backup(backup)) from None
        try:
            known: dict[str, Any] = json.loads((backup / MANIFEST).read_bytes())
            if not stated or digest_of(backup / MANIFEST) != stated[0]:
                raise BackupError(damaged(MANIFEST))
            if known["format"] != FORMAT:
                raise BackupError(_unknown_format(known["format"]))
            return cls(**known)
        except FileNotFoundError:
            raise BackupError(lacking(MANIFEST)) from None
        except (ValueError, TypeError, KeyError):
            raise BackupError(damaged(MANIFEST)) from None

    def write(self, backup: Path) -> None:
        """Writes it with its checksum."""
        path = backup / MANIFEST
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (backup / MANIFEST_SUM).write_text(f"{digest_of(path)}  {MANIFEST}\n", encoding="ascii")


def backups_in(place: Path) -> list[Path]:
    """The whole backups of a place, the oldest first."""
    found = (path for path in place.glob("*") if NAME.fullmatch(path.name) and (path / MANIFEST_SUM).is_file())
    return sorted(found)


def damaged(name: str) -> str:
    """That a file of the backup is not as it was written."""
    return _("%(name)s is damaged: it is not as the backup was made. Use another backup.") % {"name": name}


def lacking(name: str) -> str:
    """That a file of the backup is gone."""
    return _("%(name)s is missing in the backup. Use another backup.") % {"name": name}


def _no_backup(path: Path) -> str:
    return _("%(path)s is not a whole backup: %(name)s is not there.") % {"path": path, "name": MANIFEST_SUM}


def _unknown_format(number: object) -> str:
    return _("The backup has format %(number)s, which this version does not know: restore it by a newer one.") % {
        "number": number
    }
