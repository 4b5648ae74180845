"""From rows of a file to reports that can be written, or to a reason why not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.validators import slug_re
from django.utils.text import slugify
from django.utils.translation import gettext as _
from translitua import translit

from geodata.models import Community
from issues.actions import headline
from issues.import_mapping import ANY_STATUS, FileMapping
from issues.models import MAX_TEXT
from issues.states import State
from routing.models import Category

EARLIEST = 1970  # an older report is a mistake in the file
MOST_ID, MOST_ADDRESS, MOST_TITLE, MOST_CODE, MOST_NAME = 100, 300, 120, 60, 120  # characters, as in the tables
CLOCKS_DIFFER = timedelta(minutes=5)

Raw = Mapping[str, Any]


class RejectedRowError(ValueError):
    """A row that cannot become a report. `code` is a key of REASONS."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


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
    resolved: datetime | None  # None: the file does not say
    due_on: date | None  # None: by the category's promise

    @property
    def changed(self) -> datetime:
        """When it was resolved, as far as it is known, else when it was opened."""
        return self.resolved or self.opened


class Categories:
    """The community's categories, found by code or by name; makes missing ones when that is asked for."""

    def __init__(self, community: Community, *, mapping: FileMapping, create: bool, dry_run: bool) -> None:
        self._community, self._mapping = community, mapping
        self._create, self._dry_run = create, dry_run
        self._known: dict[str, Category] = {}
        self.created: list[Category] = []
        for category in Category.objects.filter(community=community):
            self._remember(category)

    def find(self, said: str, name: str) -> Category:
        """The category that the file means. Raises RejectedRowError "category"."""
        wanted = self._mapping.categories.get(said, said)
        found = self._known.get(wanted.casefold())
        if found is not None:
            return found
        if not self._create:
            raise RejectedRowError("category", said=said)
        return self._make(wanted, name or said)

    def _make(self, wanted: str, name: str) -> Category:
        code = wanted.lower() if slug_re.match(wanted) else slugify(translit(wanted))
        if not code or len(code) > MOST_CODE:
            raise RejectedRowError("category", said=wanted)
        found = self._known.get(code)
        if found is None:
            found = Category(community=self._community, code=code, name=name[:MOST_NAME])
            if not self._dry_run:
                found.save()
            self.created.append(found)
            self._remember(found)
        self._known[wanted.casefold()] = found
        return found

    def _remember(self, category: Category) -> None:
        self._known.setdefault(category.name.casefold(), category)
        self._known[category.code.casefold()] = category


def read_row(raw: Raw, *, line: int, mapping: FileMapping, categories: Categories, at: datetime) -> Row:
    """One row of the file. Raises RejectedRowError."""
    _refuse_unreadable(raw)
    external_id = _limited(mapping.value(raw, "id"), "id", MOST_ID)
    if not external_id:
        raise RejectedRowError("no_id")
    lon, lat = _place(mapping.value(raw, "lon"), mapping.value(raw, "lat"))
    opened = _time(mapping.value(raw, "opened"), mapping)
    resolved = _time(mapping.value(raw, "resolved"), mapping) if mapping.value(raw, "resolved") else None
    if max(opened, resolved or opened) > at + CLOCKS_DIFFER:
        raise RejectedRowError("future")
    if resolved and resolved < opened:
        raise RejectedRowError("resolved_before_opened")
    category_said = mapping.value(raw, "category")
    category_name = mapping.value(raw, "category_name")
    if not category_said:
        raise RejectedRowError("category", said="")
    state = _state(mapping, mapping.value(raw, "status"), is_resolved=resolved is not None)
    due = mapping.value(raw, "due")
    category = categories.find(category_said, category_name)
    text = _limited(mapping.value(raw, "text") or mapping.value(raw, "title") or category.name, "text", MAX_TEXT)
    title = mapping.value(raw, "title")
    return Row(
        line=line,
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
        resolved=resolved,
        due_on=_time(due, mapping).astimezone(mapping.zone).date() if due else None,
    )


def reason_of(code: str, **details: object) -> str:
    """Why a row was rejected, in the language of the moment."""
    return {
        "no_id": _("It has no number of its own, so a second run could not know it again"),
        "too_long": _("Too long for “%(part)s”: %(count)s characters"),
        "place": _("This is no place on the globe: %(lon)s, %(lat)s"),
        "outside": _("The place is outside the community"),
        "time": _("This is no date that is understood: %(said)s"),
        "future": _("It lies in the future"),
        "resolved_before_opened": _("It was resolved before it was reported"),
        "category": _("Unknown category: “%(said)s”"),
        "status": _("Unknown status: “%(said)s”"),
        "unreadable": _("It holds bytes that are no text in UTF-8"),
        "shape": _("It has more values than there are columns"),
        "csv": _("It is broken: %(said)s"),
    }[code] % details


def _refuse_unreadable(raw: Raw) -> None:
    if None in raw:
        raise RejectedRowError("shape")
    for value in raw.values():
        if value and ("\x00" in value or not _is_text(value)):
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


def _place(lon: str, lat: str) -> tuple[float, float]:
    try:
        x, y = float(lon), float(lat)
    except ValueError:
        raise RejectedRowError("place", lon=lon[:30], lat=lat[:30]) from None
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
        raise RejectedRowError("place", lon=lon[:30], lat=lat[:30])
    return x, y


def _time(said: str, mapping: FileMapping) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
        if moment.year < EARLIEST:
            raise ValueError(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=mapping.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RejectedRowError("time", said=said[:40]) from None


def _state(mapping: FileMapping, said: str, *, is_resolved: bool) -> State:
    if "status" not in mapping.columns:
        return State.DONE if is_resolved else State.NEW
    state = mapping.statuses.get(said.casefold()) or mapping.statuses.get(ANY_STATUS)
    if state is None:
        raise RejectedRowError("status", said=said[:60])
    return state
