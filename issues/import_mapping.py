"""How a file of another system is read: which column is what, which status is which state, in what zone times are.
docs/import-history.md tells every key with an example."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from issues.states import State

PLACE = ("lon", "lat")
REQUIRED = ("id", "category", *PLACE, "opened")
MOMENTS = ("accepted", "started", "resolved", "reopened")  # beside “opened”
OPTIONAL = (
    "category_name", "title", "text", "address", "status", *MOMENTS, "due", "organisation", "organisation_code",
)  # fmt: skip
JOINED = ("columns", "statuses", "categories", "organisations")  # parts that join words with words
WORDS = ("time_zone", "delimiter", "encoding", "crs", "layer", "decisions")
PARTS = frozenset({*JOINED, *WORDS, "dates"})
ANY_STATUS = "*"  # a status that the mapping does not name
LEFT_OUT = "-"  # in place of a state, a category or an organisation: rows of that word are not brought in
# Columns that no file has: the place of a feature, its own id, and a fingerprint of what the row says.
LON, LAT, IDENTITY, CONTENT = "@lon", "@lat", "@id", "@content"
MADE = (LON, LAT, IDENTITY, CONTENT)
RECOMPUTE, TAKE = "recompute", "take"
SECONDS, MILLISECONDS = "unix", "unix_ms"  # in place of a format: since 1970
_ANY_MOMENT = datetime(2026, 5, 31, 14, 30, tzinfo=UTC)


class MappingError(ValueError):
    """The mapping cannot be used; the message, in the language of the moment, says why."""


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What the columns of a file mean.

    `columns`: our name (REQUIRED, OPTIONAL) → the file's; `statuses`: the file's status in small letters → state, None
    for one whose rows are left out; `categories`: what the file says, in small letters → code of a category, or
    LEFT_OUT; `organisations`: the same → name or ЄДРПОУ code, or LEFT_OUT;
    `zone`: of times that name none; `dates`: formats beside ISO 8601; `decisions`: RECOMPUTE or TAKE. Empty
    `delimiter` and `encoding`: as the file looks; empty `crs`: as the file declares, or degrees.
    """

    columns: Mapping[str, str]
    zone: ZoneInfo
    statuses: Mapping[str, State | None] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    organisations: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    crs: str = ""
    layer: str = ""
    decisions: str = RECOMPUTE

    def of_a_file_with(self, fields: Sequence[str], *, has_places: bool) -> "FileMapping":
        """The mapping for a file with these columns; `has_places`: its rows are features with a geometry.

        Raises MappingError when it does not say what it must, or names columns that the file does not have.
        """
        named = dict(self.columns)
        if has_places and not (named.get("lon") or named.get("lat")):
            named |= {"lon": LON, "lat": LAT}
        absent = [name for name in REQUIRED if not named.get(name)]
        if absent:
            words = {"names": ", ".join(absent)}
            raise MappingError(_("The mapping does not say which column is: %(names)s.") % words)
        made = MADE if has_places else (CONTENT,)
        missing = [column for column in named.values() if column not in fields and column not in made]
        if missing:
            words = {"missing": ", ".join(missing), "there": ", ".join(fields)[:500] or "–"}
            raise MappingError(_("The file has no column: %(missing)s. It has: %(there)s.") % words)
        if self.decisions == TAKE and not (named.get("organisation") or named.get("organisation_code")):
            raise MappingError(
                _("Decisions are taken from the file, but the mapping names no column with the organisation.")
            )
        return replace(self, columns=named)

    def value(self, row: Mapping[str, Any], name: str) -> str:
        """The trimmed text of our column `name` in a row; empty when the file has none."""
        column = self.columns.get(name)
        return text_of(row.get(column)) if column else ""


def text_of(value: Any) -> str:
    """A value of a file as text: JSON's whole numbers without a point, nothing for null."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def mapping_from(
    file: Path | None,
    *,
    columns: Sequence[str] = (),
    statuses: Sequence[str] = (),
    default_zone: str,
    **given: str,
) -> FileMapping:
    """The mapping of a JSON file, with what is given as "ours=theirs" and as WORDS over it. Raises MappingError."""
    raw = raw_mapping(file, columns=columns, statuses=statuses, **given)
    return mapping_of(raw, default_zone=default_zone)


def raw_mapping(
    file: Path | None, *, columns: Sequence[str] = (), statuses: Sequence[str] = (), **given: str
) -> dict[str, Any]:
    """The same as the object of JSON that would say all of it. Raises MappingError."""
    raw = _read(file) if file else {}
    raw = raw | {name: value for name, value in given.items() if value}
    raw["columns"] = _texts(raw, "columns") | _pairs(columns)
    raw["statuses"] = _texts(raw, "statuses") | _pairs(statuses)
    return raw


def mapping_of(raw: Mapping[str, Any], *, default_zone: str) -> FileMapping:
    """The mapping that an object of JSON tells. Raises MappingError."""
    _check_parts(raw)
    named = _texts(raw, "columns")
    unknown = sorted(set(named) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise MappingError(
            _("Unknown columns: %(names)s. Known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join((*REQUIRED, *OPTIONAL))}
        )
    words = {name: str(raw.get(name) or "") for name in WORDS}
    return FileMapping(
        columns=named,
        zone=_zone(words["time_zone"] or default_zone),
        statuses=_states(_texts(raw, "statuses")),
        categories=_small(_texts(raw, "categories")),
        organisations=_small(_texts(raw, "organisations")),
        dates=_dates(raw),
        delimiter=_delimiter(words["delimiter"]),
        encoding=_encoding(words["encoding"]),
        crs=words["crs"],
        layer=words["layer"],
        decisions=_decisions(words["decisions"]),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return parsed(file.read_text(encoding="utf-8"), name=str(file))
    except OSError as error:
        raise MappingError(
            _("%(file)s cannot be read: %(reason)s") % {"file": file, "reason": error.strerror}
        ) from error
    except UnicodeDecodeError as error:
        raise MappingError(_("%(file)s is not JSON: %(reason)s") % {"file": file, "reason": error}) from error


def parsed(text: str, *, name: str) -> dict[str, Any]:
    """The mapping that a text of JSON holds, unchecked but for its parts. Raises MappingError."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError(_("%(file)s is not JSON: %(reason)s") % {"file": name, "reason": error}) from error
    _check_parts(raw)
    return dict(raw)


def _check_parts(raw: Any) -> None:
    if not isinstance(raw, Mapping) or set(raw) - PARTS:
        raise MappingError(_("A mapping is an object with: %(parts)s.") % {"parts": ", ".join(sorted(PARTS))})


def _texts(raw: Mapping[str, Any], part: str) -> dict[str, str]:
    found = raw.get(part) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise MappingError(_("“%(part)s” joins words with words.") % {"part": part})
    return {name: value for name, value in found.items() if value}


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        ours, equals, theirs = text.partition("=")
        if not equals or not ours or not theirs:
            raise MappingError(_("“%(text)s” is not written as name=value.") % {"text": text})
        pairs[ours] = theirs
    return pairs


def _small(words: Mapping[str, str]) -> dict[str, str]:
    return {said.strip().casefold(): ours for said, ours in words.items()}


def _states(statuses: Mapping[str, str]) -> dict[str, State | None]:
    unknown = sorted(set(statuses.values()) - {*State.values, LEFT_OUT})
    if unknown:
        raise MappingError(
            _("Unknown states: %(names)s. Known: %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(State.values)}
        )
    return {said: None if ours == LEFT_OUT else State(ours) for said, ours in _small(statuses).items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise MappingError(_("This time zone is not known; write it as Europe/Kyiv.")) from None


def _dates(raw: Mapping[str, Any]) -> tuple[str, ...]:
    given = raw.get("dates") or []
    formats = [given] if isinstance(given, str) else given
    known = isinstance(formats, list) and all(isinstance(one, str) for one in formats)
    if not known or not all(one in (SECONDS, MILLISECONDS) or "%" in one for one in formats):
        words = {"example": "%d.%m.%Y %H:%M"}
        raise MappingError(_("“dates” is a list of formats such as %(example)s, or unix, or unix_ms.") % words)
    for one in formats:
        if one not in (SECONDS, MILLISECONDS) and not _reads_what_it_writes(one):
            raise MappingError(_("No date can be read by “%(format)s”.") % {"format": one[:60]})
    return tuple(formats)


def _reads_what_it_writes(one: str) -> bool:
    try:
        datetime.strptime(_ANY_MOMENT.strftime(one), one)  # noqa: DTZ007  only whether it can be read
    except (ValueError, re.error):  # also for a part that stands there twice
        return False
    return True


def _delimiter(text: str) -> str:
    if len(text) > 1:
        raise MappingError(_("A delimiter is one character."))
    return text


def _encoding(name: str) -> str:
    try:
        if not name or isinstance("".encode(name), bytes):
            return name
    except (LookupError, ValueError, TypeError):
        pass
    raise MappingError(_("This encoding is not known; write it as utf-8 or windows-1251."))


def _decisions(word: str) -> str:
    if word not in ("", RECOMPUTE, TAKE):
        raise MappingError(_("Decisions are “recompute” or “take”."))
    return word or RECOMPUTE
