"""How often one may do something: counters in the database, exact however many ask at once.

Who did it is kept only as an HMAC, and only until the window has ended. Redis may be down; these counters are not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.crypto import salted_hmac

from core.models import Usage
from geodata.models import Community

# A window opens with the first use in it, and with the first after its end.
USE = """
INSERT INTO core_usage (community_id, key, used, ends_at) VALUES {rows}
ON CONFLICT (community_id, key) DO UPDATE SET
    used = CASE WHEN core_usage.ends_at <= %s THEN 1 ELSE core_usage.used + 1 END,
    ends_at = CASE WHEN core_usage.ends_at <= %s THEN excluded.ends_at ELSE core_usage.ends_at END
RETURNING key, used, ends_at
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` uses of one kind in a window, by whoever `whose` names: a device, a network, an address."""

    kind: str
    whose: str
    most: int
    window: timedelta

    @property
    def key(self) -> str:
        """What is kept of it: 64 hexadecimal digits that lead to nobody without the installation's secret."""
        name = f"{self.kind} {int(self.window.total_seconds())} {self.whose}"
        return salted_hmac("core.limits", name, algorithm="sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that was passed, and when its window ends."""

    limit: Limit
    until: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A limit, how often it was used in its window, and when that ends."""

    limit: Limit
    used: int
    until: datetime

    @property
    def is_passed(self) -> bool:
        """True when this was one use too many."""
        return self.used > self.limit.most


def use(limits: Iterable[Limit], *, community: Community, at: datetime) -> list[Exceeded]:
    """Counts one use against each limit, in the caller's transaction; returns those that it passes.

    Whoever refuses because of that rolls back, so that a refused try costs nothing. Uses of the same thing at the same
    moment wait for each other until the transaction ends, always in one order.
    """
    counted = count(limits, community=community, at=at)
    return [Exceeded(one.limit, one.until) for one in counted if one.is_passed]


def count(limits: Iterable[Limit], *, community: Community, at: datetime) -> list[Counted]:
    """The same, with what is left: each limit as it stands after this use."""
    by_key = {limit.key: limit for limit in limits}
    if not by_key:
        return []
    rows = [(community.pk, key, 1, at + by_key[key].window) for key in sorted(by_key)]
    sql = USE.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(rows)))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(value for row in rows for value in row), at, at])
        found = cursor.fetchall()
    return [Counted(by_key[key], used, until) for key, used, until in found]


def used(limit: Limit, *, community: Community, at: datetime) -> int:
    """How often it was used in the window that is open at that moment."""
    row = Usage.objects.filter(community=community, key=limit.key, ends_at__gt=at).first()
    return row.used if row else 0


def forget_ended(*, at: datetime) -> int:
    """Deletes the counters of windows that have ended, of all communities; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_usage WHERE ends_at <= %s", [at])
        return int(cursor.rowcount)
