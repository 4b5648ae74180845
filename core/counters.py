"""Counters: what an app's things are counted by over time. Each app declares its own in counters.py; stats/ keeps them.

A thing becomes one *case*: a row of days on which something happened to it, each at most once. Counting is adding up
cases, so that a correction is told by taking the case as it was away and adding it as it is.

Whoever writes a thing appends its key to core_to_count, by triggers (core/migrations/0005_things_to_count.py), and
stats.filling reads from there what to count anew.
"""

from dataclasses import dataclass
from typing import Any

# Days (dates in the community's time zone, or null) that a case has. What each means is for the app to say.
DAYS = (
    "opened",
    "accepted",  # somebody who must answer took it on, for the first time
    "closed",  # what was asked for was done, and still is
    "confirmed",  # … and who asked says so: the same day
    "reopened",  # for the first time
    "rejected",
    "ended",  # no longer open, for whatever reason, and still not
    "kept",  # it was answered in the time that was promised: the day of that answer
    "late",  # the first day after the promised one, when it was not
)
# What is counted: for each day the cases that have it, and the supporters of the cases opened on it.
MEASURES = (*DAYS, "supporters")
CASE = ("thing", "community", "category", "organisation", "areas", "m", "place", *DAYS, "answered", "supporters",
        "answer_seconds", "fix_seconds")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counters:
    """What an app counts. `number` is that of its layer (geodata.layers.Counted) and never changes.

    `cases`: SQL of one SELECT with the columns CASE, of the things that strangers may see and as they may see them:
        thing, community, category, organisation    bigint, integer, integer, integer or null
        areas    integer[], primary keys of the areas that it belongs to, in ascending order
        m, place    Morton code (geodata.squares) and point, SRID 4326: where strangers see it
        DAYS, and answered, the day of the first answer    date or null
        supporters    integer: people; as good as none where they are few (core.privacy)
        answer_seconds, fix_seconds    integer or null: from opened to the first answer, and to closed
    It narrows them by {chosen}, a condition over i.thing or i.community that stats/ puts there. Promises are looked at
    up to the community's day in core_counted_until: late is never a later one.
    """

    number: int
    name: str
    title: Any  # a lazily translated string
    cases: str
    # SQL of one SELECT thing, of the things of a community (%s) that may have become late in the days from %s to %s.
    due: str


_counters: dict[str, Counters] = {}


def register(counters: Counters) -> None:
    """Adds what an app counts, once. Raises ValueError when another app has the name or number."""
    known = _counters.setdefault(counters.name, counters)
    if known is not counters or any(o.number == counters.number and o is not counters for o in _counters.values()):
        raise ValueError(f"Counters called {counters.name!r} or numbered {counters.number} are registered already.")


def all_counters() -> list[Counters]:
    """In the order in which they registered."""
    return list(_counters.values())
