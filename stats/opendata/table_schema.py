"""Table schemas as CSV on the Web has them: read from our files, and rows looked at by them.

Of CSVW (W3C Recommendation of 17 December 2015) they use: name, titles, dc:description, datatype, required, null, and
primaryKey.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_DATE_TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d")
MINUTES = "yyyy-MM-ddTHH:mm"


@dataclass(frozen=True, slots=True)
class SchemaColumn:
    """One column: its name, whether a cell must hold something, and the form of what it holds."""

    name: str
    title: str
    about: str
    required: bool
    is_moment: bool
    null: str


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = json.loads((_FOLDER / f"{name}_schema.json").read_text("utf-8"))
    return found


@cache
def read_schema(name: str) -> tuple[SchemaColumn, ...]:
    """Its columns, in their order."""
    return tuple(
        SchemaColumn(
            name=column["name"],
            title=column["titles"],
            about=column["dc:description"],
            required=column["required"],
            is_moment=column["datatype"] != "string",
            null=column["null"],
        )
        for column in schema_of(name)["columns"]
    )


def faults(columns: Sequence[SchemaColumn], cells: Sequence[str]) -> list[str]:
    """What is wrong with a row of a CSV file, a line for each; [] when it fits the schema."""
    if len(cells) != len(columns):
        return [f"{len(cells)} cells, {len(columns)} columns"]
    found = []
    for column, cell in zip(columns, cells, strict=True):
        if cell == column.null or not cell:
            if column.required or cell != column.null:
                found.append(f"{column.name}: nothing in it")
        elif column.is_moment and not _DATE_TIME.fullmatch(cell):
            found.append(f"{column.name}: {cell!r} is not {MINUTES}")
    return found
