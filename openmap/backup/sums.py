"""Checksums: SHA-256, in the form of sha256sum(1), so that a backup can be checked without this program."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

CHUNK: Final = 1024 * 1024


def digest_of(path: Path) -> str:
    """Of a file; 64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_pieces(pieces: Iterable[bytes]) -> str:
    """Of what is read in pieces."""
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()


def copy(source: Iterable[bytes], target: IO[bytes]) -> tuple[str, int]:
    """Copies in pieces; the digest and the size of what was copied. Raises OSError."""
    total, size = hashlib.sha256(), 0
    for piece in source:
        total.update(piece)
        size += len(piece)
        target.write(piece)
    return total.hexdigest(), size


def write_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Writes digests by names. A name with a line break or a backslash cannot be written: ValueError."""
    with path.open("w", encoding="utf-8") as file:
        for name in sorted(sums):
            if "\n" in name or "\\" in name:
                raise ValueError(name)
            file.write(f"{sums[name]}  {name}\n")


def read_sums(path: Path) -> dict[str, str]:
    """Digests by names. Raises OSError, ValueError."""
    return dict(_lines(path))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            digest, gap, name = line.rstrip("\n").partition("  ")
            if not gap or len(digest) != 64:
                raise ValueError(line)
            yield name, digest
