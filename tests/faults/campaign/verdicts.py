"""Were the promises kept: what the database holds and what the receivers acknowledged, laid side by side."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final

from tests.faults.campaign.ledger import Entry
from tests.faults.campaign.reading import Message
from tests.faults.campaign.reporters import Told, text_of

SOON: Final = 120.0  # seconds after recovery within which everything is delivered
MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, how many things it was asked of, and what breaks it."""

    promise: str
    of: int
    broken: Sequence[str]

    @property
    def is_kept(self) -> bool:
        """Nothing breaks it, and there was something to break it."""
        return not self.broken and self.of > 0


def first_moments(entries: Iterable[Entry]) -> dict[str, float]:
    """When each key was first acknowledged."""
    found: dict[str, float] = {}
    for entry in entries:
        found.setdefault(entry.key, entry.at)
    return found


def no_report_lost(accepted: Sequence[Told], rows: Sequence[tuple[int, str]]) -> Verdict:
    """Every report that was accepted is there, under its number, once; and none was written twice."""
    by_number = dict(rows)
    copies = Counter(text for _number, text in rows)
    broken = [
        f"№ {one.number} of resident {one.resident}"
        for one in accepted
        if by_number.get(one.number) != text_of(one.resident) or copies[text_of(one.resident)] != 1
    ]
    broken += [f"“{text}” is there {count} times" for text, count in copies.items() if count > 1]
    return Verdict("no accepted report is lost, and each is there once", len(accepted), broken)


def all_delivered(messages: Sequence[Message], moments: Mapping[str, float]) -> Verdict:
    """Every message that was written has left and was acknowledged."""
    broken = [_named(one) for one in messages if one.key not in moments or not one.is_sent or one.is_dead]
    return Verdict("every message is delivered; none waits, none was given up", len(messages), broken)


def each_once(messages: Sequence[Message], entries: Sequence[Entry]) -> Verdict:
    """A receiver that honours the key has each message once, and nothing that was not written."""
    taken = Counter(entry.key for entry in entries if not entry.again)
    known = {one.key for one in messages}
    broken = [f"{key} was taken {count} times" for key, count in taken.items() if count > 1]
    broken += [f"{key} was written by nobody" for key in taken if key not in known]
    return Verdict("no message is delivered twice to a receiver that honours its key", len(taken), broken)


def in_order(messages: Sequence[Message], moments: Mapping[str, float]) -> Verdict:
    """What one reader gets about one thing comes in the order in which it was written. What has not come at all came
    after nothing: that it is missing is said elsewhere."""
    things: defaultdict[tuple[int, str], list[Message]] = defaultdict(list)
    for one in messages:
        things[one.subject, one.recipient].append(one)
    several = {thing: rows for thing, rows in things.items() if len(rows) > 1}
    broken = [
        f"thing {subject}: {_named(second)} came before {_named(first)}"
        for (subject, _reader), rows in several.items()
        for first, second in pairwise(rows)
        if moments.get(first.key, inf) > moments.get(second.key, inf)
    ]
    return Verdict("the order of what is told of one thing is kept", len(several), broken)


def soon(messages: Sequence[Message], moments: Mapping[str, float], *, last_recovery: float) -> Verdict:
    """Everything is delivered within two minutes of the last recovery, or of being written after it."""
    late = [
        f"{_named(one)}: {moments[one.key] - max(one.written_at, last_recovery):.0f} s"
        for one in messages
        if one.key in moments and moments[one.key] - max(one.written_at, last_recovery) > SOON
    ]
    return Verdict("everything is delivered within 2 minutes of the last recovery", len(messages), late)


def after_each(messages: Sequence[Message], moments: Mapping[str, float], *, whole_at: float) -> float:
    """Seconds after this recovery until everything written before it was delivered, whatever struck meanwhile."""
    last = max((moments.get(one.key, 0.0) for one in messages if one.written_at < whole_at), default=whole_at)
    return max(last - whole_at, 0.0)


def _named(one: Message) -> str:
    return f"message {one.id} ({one.channel}, {one.attempts} tries{', ' + one.last_error if one.last_error else ''})"
