"""How an exported community lies in its folder, or in a tar file of the same.

community.json, community.sha256   what it is: when, whose, rows of each kind; and its checksum
SHA256SUMS                         checksums of everything else, for sha256sum(1)
rows/APP.MODEL.jsonl               a row in each line, by columns; a geometry as EWKB in hexadecimal digits
reports.geojson, areas.geojson     the same places for other programs (WGS84, longitude first)
files/, basemap/                   the storage's files that rows name; built base maps
"""

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.utils.translation import gettext as _

from openmap.backup.layout import SUMS, BackupError, damaged, lacking
from openmap.backup.sums import digest_of, read_sums

FORMAT: Final = 1
FACTS, FACTS_SUM = "community.json", "community.sha256"


class MovingError(BackupError):
    """Something that the operator can mend; the message says what and how."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an export is. `rows`: how many of each kind; `columns`: those of each kind."""

    made_at: str
    slug: str
    name: str
    site: str
    version: str
    rows: dict[str, int]
    columns: dict[str, list[str]]
    files: int
    sums: str
    missing: list[str]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Writes it with its checksum."""
        path = folder / FACTS
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (folder / FACTS_SUM).write_text(f"{digest_of(path)}  {FACTS}\n", encoding="ascii")


def checked(folder: Path) -> Facts:
    """Reads every file of the export again. Raises MovingError that names the first that is damaged or missing."""
    try:
        stated = (folder / FACTS_SUM).read_text(encoding="ascii", errors="replace").split()
        if not stated or digest_of(folder / FACTS) != stated[0]:
            raise MovingError(damaged(FACTS))
        known: dict[str, Any] = json.loads((folder / FACTS).read_bytes())
        if known["format"] != FORMAT:
            raise MovingError(_("The export has a format that this version does not know."))
        facts = Facts(**known)
        if digest_of(folder / SUMS) != facts.sums:
            raise MovingError(damaged(SUMS))
        sums = read_sums(folder / SUMS)
    except FileNotFoundError as absent:
        raise MovingError(_no_export(folder, Path(absent.filename).name)) from None
    except (ValueError, KeyError, TypeError):
        raise MovingError(damaged(FACTS)) from None
    for name, digest in sums.items():
        if not _lies_in(folder, name):
            raise MovingError(damaged(SUMS))
        if not (folder / name).is_file():
            raise MovingError(lacking(name))
        if digest_of(folder / name) != digest:
            raise MovingError(damaged(name))
    return facts


def refuse_partial(folder: Path, facts: Facts) -> None:
    """Raises MovingError for an export from which the community would not come back whole."""
    if facts.missing:
        raise MovingError(
            _("The export was made without files that the storage had lost: %(names)s. Put them back and export again.")
            % {"names": ", ".join(facts.missing[:5])}
        )
    for label, count in facts.rows.items():
        try:
            with (folder / "rows" / f"{label}.jsonl").open("rb") as file:
                found = sum(1 for _line in file)
        except FileNotFoundError:
            raise MovingError(lacking(f"rows/{label}.jsonl")) from None
        if found != count:
            raise MovingError(damaged(f"rows/{label}.jsonl"))


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of an export, also of one in a tar file, which is unpacked beside it for the block."""
    if path.is_dir():
        yield path
        return
    with TemporaryDirectory(prefix=".misto-", dir=path.parent) as folder:
        try:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as fault:
            raise MovingError(_("%(file)s cannot be read: %(reason)s") % {"file": path, "reason": fault}) from fault
        yield Path(folder)


def _lies_in(folder: Path, name: str) -> bool:
    """Whether the name leads to nowhere outside, by no link either."""
    path = PurePosixPath(name)
    is_plain = not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\\" not in name
    return is_plain and (folder / name).resolve() == folder.resolve() / name


def _no_export(folder: Path, name: str) -> str:
    return _("%(path)s is not a whole export of a community: %(name)s is not there.") % {"path": folder, "name": name}
