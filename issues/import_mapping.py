"""How a file of another system is read: which column is what, which status is which state, in what zone times are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from issues.states import State

REQUIRED = ("id", "category", "lon", "lat", "opened")
OPTIONAL = ("category_name", "title", "text", "address", "status", "resolved", "due")
PARTS = frozenset({"columns", "statuses", "categories", "time_zone", "delimiter"})
ANY_STATUS = "*"  # a status that the mapping does not name


class MappingError(ValueError):
    """The mapping cannot be used; the message, in the language of the moment, says why."""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What the columns of a file mean.

    `columns`: our name (REQUIRED, OPTIONAL) → the file's; `statuses`: the file's status in small letters → state;
    `categories`: what the file says → code of a category; `zone`: of times that name none.
    """

    columns: Mapping[str, str]
    zone: ZoneInfo
    statuses: Mapping[str, State] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","

    def missing_in(self, header: Sequence[str]) -> list[str]:
        """Columns that the mapping names and the file does not have."""
        return [column for column in self.columns.values() if column not in header]

    def value(self, row: Mapping[str, Any], name: str) -> str:
        """The trimmed text of our column `name` in a row; empty when the file has none."""
        column = self.columns.get(name)
        return str(row.get(column) or "").strip() if column else ""


def mapping_from(
    file: Path | None,
    *,
    columns: Sequence[str] = (),
    statuses: Sequence[str] = (),
    time_zone: str = "",
    default_zone: str,
) -> FileMapping:
    """The mapping of a JSON file, with what is given as "ours=theirs" over it. Raises MappingError."""
    raw = _read(file) if file else {}
    named = _texts(raw, "columns") | _pairs(columns)
    unknown = sorted(set(named) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise MappingError(
            _("Unknown columns: %(names)s. Known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join((*REQUIRED, *OPTIONAL))}
        )
    absent = [name for name in REQUIRED if not named.get(name)]
    if absent:
        raise MappingError(_("The mapping does not say which column is: %(names)s.") % {"names": ", ".join(absent)})
    return FileMapping(
        columns=named,
        zone=_zone(time_zone or str(raw.get("time_zone") or default_zone)),
        statuses=_states(_texts(raw, "statuses") | _pairs(statuses)),
        categories=_texts(raw, "categories"),
        delimiter=_delimiter(str(raw.get("delimiter") or ",")),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(
            _("%(file)s cannot be read: %(reason)s") % {"file": file, "reason": error.strerror}
        ) from error
    except ValueError as error:
        raise MappingError(_("%(file)s is not JSON: %(reason)s") % {"file": file, "reason": error}) from error
    if not isinstance(raw, dict) or set(raw) - PARTS:
        raise MappingError(_("A mapping is an object with: %(parts)s.") % {"parts": ", ".join(sorted(PARTS))})
    return raw


def _texts(raw: Mapping[str, Any], part: str) -> dict[str, str]:
    found = raw.get(part) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise MappingError(_("“%(part)s” joins words with words.") % {"part": part})
    return dict(found)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        ours, equals, theirs = text.partition("=")
        if not equals or not ours or not theirs:
            raise MappingError(_("“%(text)s” is not written as name=value.") % {"text": text})
        pairs[ours] = theirs
    return pairs


def _states(statuses: Mapping[str, str]) -> dict[str, State]:
    unknown = sorted(set(statuses.values()) - set(State.values))
    if unknown:
        raise MappingError(
            _("Unknown states: %(names)s. Known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(State.values)}
        )
    return {status.casefold(): State(state) for status, state in statuses.items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise MappingError(_("This time zone is not known; write it as Europe/Kyiv.")) from None


def _delimiter(text: str) -> str:
    if len(text) != 1:
        raise MappingError(_("A delimiter is one character."))
    return text
