"""Formats of files. Each registers its writer, which gets rows in chunks and keeps none of them in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stats.opendata.licence import Terms
from stats.opendata.tables import Dataset, Row

Chunks = Iterable[list[Row]]  # rows as datasets publish them; the geometry, when there is one, is WKB
Writer = Callable[[Path, Dataset, Chunks, Terms], None]
CHUNK = 20_000  # rows in memory at a time


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format: the ending of its files, their media type, and what they are called."""

    name: str
    title: str
    media_type: str
    write: Writer


_formats: dict[str, FileFormat] = {}


def file_format(name: str, *, title: str, media_type: str) -> Callable[[Writer], Writer]:
    """Registers a writer; `name` is the ending of its files."""

    def register(write: Writer) -> Writer:
        _formats[name] = FileFormat(name, title, media_type, write)
        return write

    return register


def format_named(name: str) -> FileFormat:
    """Raises KeyError for none."""
    return _formats[name]


def described(terms: Terms) -> dict[str, Any]:
    """What a file says of itself: name → words."""
    said = {
        "title": terms.title,
        "license": terms.licence_url,
        "license_name": terms.licence,
        "attribution": terms.attribution,
        "source": terms.home,
    }
    return said | ({"made_at": f"{terms.made_at:%Y-%m-%dT%H:%M:%SZ}"} if terms.made_at else {})
