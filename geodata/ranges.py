"""Parts of a file over HTTP (RFC 9110, section 14): which bytes a Range header asks for, and how they are sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

CHUNK = 64 * 1024  # bytes in memory at a time
_ONE_RANGE = re.compile(r"bytes\s*=\s*([0-9]*)-([0-9]*)", re.ASCII | re.IGNORECASE)
_DIGITS = 18  # of a number; no file is longer


class OutOfRangeError(Exception):
    """Nothing of the file lies in the range: the answer is 416."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of a file: the first one, and how many."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        """The header Content-Range for a file of that size."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def asked_stretch(header: str, size: int) -> Stretch | None:
    """What a Range header asks of a file of that size; None when the whole is to be sent.

    The whole is sent for a header that is not understood, and for several ranges at once, as the RFC allows. Raises
    OutOfRangeError.
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    if not found or max(map(len, found.groups())) > _DIGITS or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        if not length:
            raise OutOfRangeError
        return Stretch(size - length, length)
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None  # not a range at all
    if start >= size:
        raise OutOfRangeError
    return Stretch(start, end - start + 1)


class FilePart:
    """Yields a stretch of a file in chunks, and closes the file, also when nobody reads to the end."""

    def __init__(self, file: IO[bytes], stretch: Stretch) -> None:
        self._file = file
        self._left = stretch.length
        file.seek(stretch.start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._file.read(min(CHUNK, self._left)) if self._left else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """The server calls it when the reader has gone."""
        self._left = 0
        self._file.close()
