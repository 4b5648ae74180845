"""What a request to the OGC API asks for, read strictly: what is wrong or unknown is refused, as the standard requires.

OGC API – Features – Part 1: Core (17-069r4), requirements 20 to 31.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from stats.opendata.tables import Dataset

USUAL, MOST = 100, 10_000  # features on a page
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_OPEN = ("", "..")
Box = tuple[float, float, float, float]  # west, south, east, north, degrees


class BadParameterError(Exception):
    """A parameter that is not known, or whose value cannot be; the words say which."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Features that are asked for: in the boxes, there at some moment from `since` to `until`, after a key."""

    boxes: tuple[Box, ...] = ()  # none: everywhere; two: the box crosses the line of dates
    since: datetime | None = None
    until: datetime | None = None
    limit: int = USUAL
    after: int = 0
    filters: Mapping[str, str] = field(default_factory=dict)


def only_known(given: Mapping[str, Sequence[str]], known: Sequence[str]) -> dict[str, str]:
    """The parameters, each once. Raises BadParameterError for one that is not known or stands there twice."""
    for name, values in given.items():
        if name not in known:
            raise BadParameterError(
                _("The parameter “%(name)s” is not known. Known are: %(known)s.")
                % {"name": name, "known": ", ".join(known)}
            )
        if len(values) != 1 or "\0" in values[0]:
            raise BadParameterError(_("The parameter “%(name)s” stands here once, with a text.") % {"name": name})
    found = {name: values[0] for name, values in given.items()}
    if found.get("f", "json") not in {"json", "application/json", "application/geo+json"}:
        raise BadParameterError(_("Answers are JSON only: f=json."))
    return found


def parse_items(given: Mapping[str, Sequence[str]], dataset: Dataset, *, zone: str) -> Asked:
    """What is asked of the features of a collection; days are those of the zone. Raises BadParameterError."""
    filters = dataset.browsed.filters if dataset.browsed else {}
    told = only_known(given, ["bbox", "bbox-crs", "datetime", "limit", "after", "f", *filters])
    if told.get("bbox-crs", CRS84) not in {CRS84, CRS84H}:
        raise BadParameterError(_("Coordinates are longitude and latitude: bbox-crs=%(crs)s.") % {"crs": CRS84})
    since, until = _moments(told["datetime"], ZoneInfo(zone)) if "datetime" in told else (None, None)
    return Asked(
        boxes=_boxes(told["bbox"]) if "bbox" in told else (),
        since=since,
        until=until,
        limit=min(_number(told, "limit", USUAL, least=1), MOST),
        after=_number(told, "after", 0, least=0),
        filters={name: told[name] for name in filters if name in told},
    )


def _number(told: Mapping[str, str], name: str, usual: int, *, least: int) -> int:
    text = told.get(name, str(usual))
    if not _DIGITS.fullmatch(text) or int(text) < least:
        raise BadParameterError(_("“%(name)s” is a whole number, at least %(least)d.") % {"name": name, "least": least})
    return int(text)


def _boxes(text: str) -> tuple[Box, ...]:
    """The box; two when it crosses the line of dates."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:  # with heights, which nothing here has
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise BadParameterError(_("“bbox” is four numbers with commas between them: west, south, east, north."))
    west, south, east, north = numbers
    if south > north or max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
        raise BadParameterError(_("“bbox” is in degrees of longitude and latitude, and its south is below its north."))
    if west <= east:
        return ((west, south, east, north),)
    return ((west, south, 180.0, north), (-180.0, south, east, north))


def _moments(text: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """First and last moment of an instant or an interval; None where it is open."""
    first, slash, last = text.partition("/")
    if not slash:
        return _begin(first, zone), _end(first, zone)
    since = None if first in _OPEN else _begin(first, zone)
    until = None if last in _OPEN else _end(last, zone)
    if since and until and since > until:
        raise BadParameterError(_("“datetime” ends before it begins."))
    return since, until


def _begin(text: str, zone: ZoneInfo) -> datetime:
    found = _moment(text)
    return found if isinstance(found, datetime) else _midnight(found, zone)


def _end(text: str, zone: ZoneInfo) -> datetime:
    found = _moment(text)
    if isinstance(found, datetime):
        return found
    try:
        return _midnight(found + timedelta(days=1), zone) - timedelta(microseconds=1)
    except OverflowError:
        raise _no_moment() from None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Its first moment. In UTC that may lie before the first year or after the last."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        raise _no_moment() from None


def _moment(text: str) -> date | datetime:
    """A date, or a moment with its offset. A plus in an address is a space when it was not escaped."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text.replace(" ", "+"))
        if found.tzinfo and found.year > 1:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _no_moment()


def _no_moment() -> BadParameterError:
    return BadParameterError(
        _("“datetime” is a day, a moment with its offset like 2026-11-19T10:00:00Z, or two with “/” between.")
    )
