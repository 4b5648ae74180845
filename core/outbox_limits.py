"""How much may leave by a channel, or by it to one host: exact however many workers send at once.

A window slides: in any stretch of its length no more leaves than the limit says. It is counted in slices, of which one
more is held against it than it has, so that a stretch that begins inside a slice is safe too.

Lanes share a limit unequally: the less hurried may use only a part, so that mass mailings leave room for deliveries,
and both leave room for sign-in codes.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any, Self
from urllib.parse import urlsplit

from django.db import connection

from core.models import Lane, SendingLimit, Way

SLICES = 10  # of a window
SHARES = {Lane.URGENT: 100, Lane.DELIVERY: 90, Lane.BULK: 70}  # percent of a limit that a lane may find used up

LONGEST_HOST = 255  # characters of it that tell hosts apart
# The host of a recipient, as `host_of` reads it; an IPv6 address stands in brackets.
HOST = rf"""
left(lower(CASE
    WHEN recipient LIKE '%%://%%'
    THEN btrim(substring(recipient FROM '://(?:[^/?#]*@)?(\[[^]]*\]|[^/?#:]*)'), '[]')
    ELSE substring(recipient FROM '[^@]*$')
END), {LONGEST_HOST})
"""
SET_ASIDE = f"""
UPDATE core_outboxmessage SET queue = %(host)s WHERE id IN (
    SELECT id FROM core_outboxmessage
    WHERE sent_at IS NULL AND dead_at IS NULL AND lane = %(lane)s AND community_id = %(community)s
      AND channel = %(channel)s AND queue = '' AND ({HOST} = %(host)s OR id = %(met)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608  the text is ours


def host_of(recipient: str) -> str:
    """The domain of an e-mail address, or the host of a URL, in small letters."""
    host = (urlsplit(recipient).hostname or "") if "://" in recipient else recipient.rpartition("@")[2]
    return host.lower()[:LONGEST_HOST]


def most_for(lane: Lane, limit: SendingLimit) -> int:
    """How many messages of the limit may be used up when this lane still sends; at least one."""
    return max(1, limit.most * SHARES[lane] // 100)


def used(limit: SendingLimit, *, at: datetime) -> int:
    """How much left in the window that ends now, and in the slice before it."""
    oldest = _slice(limit, at) - SLICES
    return sum(count for number, count in limit.spent if number >= oldest)


def opens_at(limit: SendingLimit, *, lane: Lane, at: datetime) -> datetime:
    """When this lane may send by the limit again: at once, or when enough of what left lies behind the window."""
    left = used(limit, at=at)
    for number, count in sorted(limit.spent):
        if left < most_for(lane, limit):
            break
        if number >= _slice(limit, at) - SLICES:
            left -= count
            opens = datetime.fromtimestamp((number + SLICES + 1) * limit.window / SLICES, UTC)
            if left < most_for(lane, limit):
                return opens + timedelta(milliseconds=1)
    return at


@dataclass(slots=True)
class Limits:
    """What a worker of one lane knows of the limits while it looks for its next message."""

    lane: Lane
    known: set[tuple[str, str]]  # (channel, host) of every limit
    shut_channels: list[str] = field(default_factory=list)
    shut_hosts: list[str] = field(default_factory=list)  # "channel host"
    opens: datetime | None = None  # when the first of those that are used up lets something out again
    down: dict[tuple[str, str], Way] = field(default_factory=dict)  # ways on which only one message asks (core.ways)

    @classmethod
    def read(cls, lane: Lane, *, at: datetime, heeds_ways: bool = True) -> Self:
        """The limits and the ways as they are now; without the ways for a message that asks whether one is open."""
        rows = list(SendingLimit.objects.all())
        found = cls(lane=lane, known={(row.channel, row.host) for row in rows})
        for row in rows:
            if used(row, at=at) >= most_for(lane, row):
                found._shut(row, at=at)
        if heeds_ways:
            for way in Way.objects.filter(failures__gte=Way.DOWN_AFTER):
                found.down[way.channel, way.host] = way
                found._shut_way(way)
        return found

    def spend(self, channel: str, recipient: str, *, at: datetime) -> SendingLimit | Way | None:
        """Counts one message against its limits, in the caller's transaction; or returns the limit that is used up, or
        the way that is down, and counts nothing. Limits are held until the transaction ends, always in one order."""
        host = host_of(recipient)
        if way := self.down.get((channel, "")) or self.down.get((channel, host)):
            return way
        hosts = [name for name in ("", host) if (channel, name) in self.known]
        if not hosts:
            return None
        rows = list(SendingLimit.objects.select_for_update().filter(channel=channel, host__in=hosts).order_by("pk"))
        for row in rows:
            if used(row, at=at) >= most_for(self.lane, row):
                self._shut(row, at=at)
                return row
        for row in rows:
            row.spent = _with_one_more(row, at=at)
        SendingLimit.objects.bulk_update(rows, ["spent"])
        return None

    def give_back(self, channel: str, recipient: str, *, at: datetime) -> None:
        """What was counted for a message that only asked, and found nobody, counts no more."""
        hosts = [name for name in ("", host_of(recipient)) if (channel, name) in self.known]
        rows = SendingLimit.objects.select_for_update().filter(channel=channel, host__in=hosts).order_by("pk")
        for row in rows if hosts else ():
            row.spent = _with_one_less(row)
            row.save(update_fields=["spent"])

    def _shut_way(self, way: SendingLimit | Way) -> None:
        if way.host:
            self.shut_hosts.append(f"{way.channel} {way.host}")
        else:
            self.shut_channels.append(way.channel)

    def _shut(self, limit: SendingLimit, *, at: datetime) -> None:
        self._shut_way(limit)
        opens = opens_at(limit, lane=self.lane, at=at)
        self.opens = opens if self.opens is None else min(self.opens, opens)


def set_aside(limit: SendingLimit | Way, *, lane: Lane, community_id: int, met: int) -> None:
    """What waits for this host stands apart from now on, once and for all: while the limit is used up, or the host is
    down, nobody reads it to find what goes elsewhere. `met`: the message that met it, which is one of them."""
    given: dict[str, Any] = {"host": limit.host, "lane": lane, "community": community_id, "channel": limit.channel}
    given["met"] = met
    with connection.cursor() as cursor:
        cursor.execute(SET_ASIDE, given)


def _slice(limit: SendingLimit, at: datetime) -> int:
    return floor(at.timestamp() * SLICES / limit.window)


def _with_one_more(limit: SendingLimit, *, at: datetime) -> list[list[int]]:
    now = _slice(limit, at)
    counts = {number: count for number, count in limit.spent if number >= now - SLICES}
    counts[now] = counts.get(now, 0) + 1
    return [[number, count] for number, count in sorted(counts.items())]


def _with_one_less(limit: SendingLimit) -> list[list[int]]:
    counts = sorted([number, count] for number, count in limit.spent if count)
    if counts:
        counts[-1][1] -= 1
    return counts
