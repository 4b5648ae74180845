"""Opens a zip archive that a stranger made: bounded, nothing is written by the names inside it."""

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from geodata.features import MAX_UNPACKED
from geodata.problems import RefusedError

MAX_MEMBERS = 1000
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_END, _END_BYTES = b"PK\x05\x06", 22  # stands behind the list of contents, before a comment
# What zipfile raises for damaged archives, and (a RuntimeError) for ways of packing that it does not know.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError,
           OverflowError, KeyError, IndexError, TypeError)  # fmt: skip


class Archive:
    """Members of a zip archive by their paths. Raises RefusedError for unsafe, locked and damaged ones."""

    def __init__(self, data: bytes) -> None:
        self._left = MAX_UNPACKED
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            listed = self._zip.infolist()
        except _DAMAGE:
            raise RefusedError("cut_off" if _is_cut_off(data) else "bad_zip") from None
        if len(listed) > MAX_MEMBERS:
            raise RefusedError("zip_members", limit=MAX_MEMBERS)
        self._members = {_safe_path(member): member for member in listed if not member.is_dir()}
        self.paths = [path for path in self._members if not _is_clutter(path)]

    def read(self, path: PurePosixPath) -> bytes:
        """Contents of a member; all that is read of one archive together is bounded."""
        member = self._members[path]
        if member.flag_bits & _ENCRYPTED:
            raise RefusedError("zip_encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedError("zip_packing", path=str(path)[:80])
        try:
            with self._zip.open(member) as opened:
                data = opened.read(self._left + 1)
        except _DAMAGE:
            raise RefusedError("bad_zip") from None
        self._left -= len(data)
        if self._left < 0:
            raise RefusedError("zip_too_large", limit=MAX_UNPACKED // 2**20)
        return data


def _is_cut_off(data: bytes) -> bool:
    """Whether the end of an archive is missing."""
    at = data.rfind(_END)
    return at < 0 or at + _END_BYTES > len(data)


def _safe_path(member: zipfile.ZipInfo) -> PurePosixPath:
    name = member.filename
    if not member.flag_bits & _UTF8_NAME:
        try:  # Windows in Ukraine writes names in code page 866; zipfile reads them as 437
            name = name.encode("cp437").decode("cp866")
        except UnicodeError:
            name = member.filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise RefusedError("zip_path", path=name[:80])
    return path


def _is_clutter(path: PurePosixPath) -> bool:
    """Whether macOS or a person's hidden files left it there."""
    return path.parts[:1] == ("__MACOSX",) or path.name.startswith(".")
