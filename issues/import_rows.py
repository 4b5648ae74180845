"""From rows of a file to reports that can be written, or to a reason why not."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from geodata.projections import Projection
from issues.actions import headline
from issues.import_categories import Categories
from issues.import_mapping import ANY_STATUS, CONTENT, MILLISECONDS, MOMENTS, SECONDS, FileMapping, text_of
from issues.import_organisations import Organisations
from issues.import_reasons import (
    AFTER_THE_END,
    MIDNIGHT,
    NO_ZONE,
    OPEN_WITH_END,
    TWICE_ON_THE_CLOCK,
    RejectedRowError,
)
from issues.import_sources import GEOMETRY, LINE, REASON, SHAPE, Record
from issues.models import MAX_TEXT
from issues.states import OPEN, State
from routing.models import Category

EARLIEST = 1970  # an older report is a mistake in the file
MOST_ID, MOST_ADDRESS, MOST_TITLE = 100, 300, 120  # characters, as in the tables
MOST_SAID = 120  # characters of a status that a reason tells
CLOCKS_DIFFER = timedelta(minutes=5)
MIDNIGHT_HOUR = time(0)
_NO_CONTENT = frozenset({LINE, REASON, SHAPE})

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A report of another system. `line` is where it begins in the file; places are degrees, SRID 4326."""

    line: int
    raw: Raw
    external_id: str
    category: Category  # not saved yet in a dry run that would make it
    lon: float
    lat: float
    title: str
    text: str
    address: str
    state: State
    opened: datetime
    moments: Mapping[str, datetime]  # those of MOMENTS that the file tells
    due_on: date | None  # None: by the category's promise
    organisation: tuple[int, str] | None  # id and name of the one that the file names, when decisions are taken from it
    doubts: tuple[str, ...]  # codes of issues.import_reasons.WARNINGS

    @property
    def resolved(self) -> datetime | None:
        """When it was closed; None: the file does not say."""
        return self.moments.get("resolved")


@dataclass(slots=True)
class Reader:
    """Reads the rows of one file."""

    mapping: FileMapping
    categories: Categories
    organisations: Organisations | None  # None: decisions are made by the rules
    to_wgs84: Projection | None
    at: datetime

    def read(self, record: Record) -> Row:
        """One row of the file. Raises RejectedRowError."""
        if record.broken:
            raise RejectedRowError("csv", said=record.broken)
        raw, mapping = record.raw, self.mapping
        _refuse_unreadable(raw)
        external_id = self._identity(record)
        lon, lat = self._place(raw)
        doubts: list[str] = []
        opened = _time(mapping.value(raw, "opened"), mapping, doubts)
        if opened.astimezone(mapping.zone).time() == MIDNIGHT_HOUR:
            doubts.append(MIDNIGHT)
        moments = self._moments(raw, opened, doubts)
        category_said = mapping.value(raw, "category")
        if not category_said:
            raise RejectedRowError("category", said="")
        state = _state(mapping, mapping.value(raw, "status"), is_resolved="resolved" in moments)
        if state in OPEN and "resolved" in moments and "reopened" not in moments:
            doubts.append(OPEN_WITH_END)
        _drop_late(moments, state, doubts)
        category = self.categories.find(category_said, mapping.value(raw, "category_name"))
        title = mapping.value(raw, "title")
        text = _limited(mapping.value(raw, "text") or title or category.name, "text", MAX_TEXT)
        due = mapping.value(raw, "due")
        return Row(
            line=record.line,
            raw=raw,
            external_id=external_id,
            category=category,
            lon=lon,
            lat=lat,
            title=title if title and len(title) <= MOST_TITLE and "\n" not in title else headline(title or text),
            text=text,
            address=_limited(mapping.value(raw, "address"), "address", MOST_ADDRESS),
            state=state,
            opened=opened,
            moments=moments,
            due_on=_time(due, mapping, []).astimezone(mapping.zone).date() if due else None,
            organisation=self._organisation(raw),
            doubts=tuple(doubts),
        )

    def _identity(self, record: Record) -> str:
        column = self.mapping.columns["id"]
        if column == CONTENT:
            return fingerprint(record.raw)
        found = _limited(self.mapping.value(record.raw, "id"), "id", MOST_ID)
        if not found:
            raise RejectedRowError("no_id")
        return found

    def _place(self, raw: Raw) -> tuple[float, float]:
        if GEOMETRY in raw and not self.mapping.value(raw, "lon"):
            raise RejectedRowError("geometry")
        lon, lat = self.mapping.value(raw, "lon"), self.mapping.value(raw, "lat")
        try:
            x, y = _number(lon), _number(lat)
            if self.to_wgs84:
                (x,), (y,) = self.to_wgs84([x], [y])
        except ValueError:
            raise RejectedRowError("place", lon=lon[:30], lat=lat[:30]) from None
        if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
            raise RejectedRowError("place", lon=lon[:30], lat=lat[:30])
        return x, y

    def _moments(self, raw: Raw, opened: datetime, doubts: list[str]) -> dict[str, datetime]:
        found = {}
        for name in MOMENTS:
            if said := self.mapping.value(raw, name):
                found[name] = _time(said, self.mapping, doubts)
        if max(opened, *found.values()) > self.at + CLOCKS_DIFFER if found else opened > self.at + CLOCKS_DIFFER:
            raise RejectedRowError("future")
        for name, moment in found.items():
            if moment < opened:
                raise RejectedRowError(f"{name}_before_opened")
        return found

    def _organisation(self, raw: Raw) -> tuple[int, str] | None:
        if self.organisations is None:
            return None
        code, name = self.mapping.value(raw, "organisation_code"), self.mapping.value(raw, "organisation")
        return self.organisations.find(name, code) if name or code else None


def fingerprint(raw: Raw) -> str:
    """Of everything that a row says, for a file whose rows have no number: the same row twice is one report."""
    said = "\x1f".join(f"{name}\x1e{text_of(raw[name])}" for name in sorted(map(str, raw)) if name not in _NO_CONTENT)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _drop_late(moments: dict[str, datetime], state: State, doubts: list[str]) -> None:
    """A timeline never runs backwards: what began after the end is dropped, or the end of a report that is open."""
    resolved, reopened = moments.get("resolved"), moments.get("reopened")
    if resolved is None or (reopened and reopened >= resolved):
        return
    late = [name for name in ("accepted", "started") if name in moments and moments[name] > resolved]
    if not late:
        return
    if state not in OPEN:
        doubts.append(AFTER_THE_END)
    for name in late if state not in OPEN else ["resolved"]:
        del moments[name]


def _refuse_unreadable(raw: Raw) -> None:
    if None in raw:
        raise RejectedRowError("shape")
    for value in raw.values():
        if isinstance(value, str) and not value.isascii() and not _is_text(value):
            raise RejectedRowError("unreadable")
        if isinstance(value, str) and "\x00" in value:
            raise RejectedRowError("unreadable")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a byte that did not decode
        return False
    return True


def _limited(value: str, part: str, most: int) -> str:
    if len(value) > most:
        raise RejectedRowError("too_long", part=part, count=len(value))
    return value


def _number(text: str) -> float:
    """A number; a comma may stand for the point. Raises ValueError."""
    return float(text.replace(",", ".") if "," in text else text)


def _time(said: str, mapping: FileMapping, doubts: list[str]) -> datetime:
    try:
        moment = _moment(said, mapping)
        if moment.year < EARLIEST:
            raise ValueError(said)
        if moment.tzinfo:
            return moment.astimezone(UTC)
        doubts.append(NO_ZONE)
        local = moment.replace(tzinfo=mapping.zone)
        if local.utcoffset() != local.replace(fold=1).utcoffset():  # of the nights on which clocks are changed
            doubts.append(TWICE_ON_THE_CLOCK)
        return local.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise RejectedRowError("time", said=said[:40]) from None


def _moment(said: str, mapping: FileMapping) -> datetime:
    """By ISO 8601, or by the formats of the mapping. Raises ValueError."""
    for one in mapping.dates:
        try:
            if one in (SECONDS, MILLISECONDS):
                return datetime.fromtimestamp(float(said) / (1 if one == SECONDS else 1000), tz=UTC)
            return datetime.strptime(said, one)  # noqa: DTZ007  the zone is that of the mapping
        except ValueError:
            continue
    return datetime.fromisoformat(said)


def _state(mapping: FileMapping, said: str, *, is_resolved: bool) -> State:
    if "status" not in mapping.columns:
        return State.DONE if is_resolved else State.NEW
    word = said.casefold()
    if word not in mapping.statuses:
        word = ANY_STATUS
    if word not in mapping.statuses:
        raise RejectedRowError("status", said=said[:MOST_SAID])
    state = mapping.statuses[word]
    if state is None:
        raise RejectedRowError("left_out", said=said[:MOST_SAID])
    return state
