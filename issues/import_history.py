"""The history of an imported report: the dates that the file tells, joined by moves of the workflow."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise

from issues.import_rows import Row
from issues.states import OPEN, State
from issues.workflow import MOVES


@dataclass(frozen=True, slots=True)
class Moved:
    """A move of an imported report. `is_undated`: nobody knows when; `at` is then the last moment that is known."""

    was: State
    now: State
    at: datetime
    is_undated: bool


def history_of(row: Row) -> Iterator[Moved]:
    """The moves from NEW, by the dates of the file in their order, to the state that the file tells.

    What the workflow asks for between two of them is a move whose moment nobody knows.
    """
    state, at = State.NEW, row.opened
    for wanted, moment in _known(row):
        way = way_to(wanted, state)
        for was, now in way:
            is_last = now == wanted
            yield Moved(was, now, moment or at, is_undated=moment is None or not is_last)
        state, at = wanted, moment or at


def changed_at(row: Row) -> datetime:
    """The last moment that the file knows of."""
    return max([row.opened, *row.moments.values()])


def _known(row: Row) -> list[tuple[State, datetime | None]]:
    """States with the moments that the file tells, in their order, the state of now at the end."""
    marks, now = _marks(row)
    if row.state == State.NEW:  # nothing leads back there
        return marks if not marks or marks[-1][0] in OPEN else [*marks, (State.REOPENED, None)]
    return marks if marks and marks[-1][0] == row.state and now is None else [*marks, (row.state, now)]


_ON_THE_WAY = {"accepted": State.ACCEPTED, "started": State.IN_PROGRESS, "reopened": State.REOPENED}
_ORDER = (State.ACCEPTED, State.IN_PROGRESS, State.DONE, State.REOPENED)  # of what the file dates alike


def _marks(row: Row) -> tuple[list[tuple[State, datetime | None]], datetime | None]:
    """States on the way with their moments, and when the state of now began, where the file tells that."""
    moments = row.moments
    reopened, resolved, now = moments.get("reopened"), moments.get("resolved"), None
    found = {state: moments[name] for name, state in _ON_THE_WAY.items() if name in moments}
    began, accepted = found.get(State.IN_PROGRESS), found.get(State.ACCEPTED)
    if began and accepted and began < accepted:
        del found[State.ACCEPTED]  # work that has begun was accepted
    if resolved and ((reopened and reopened >= resolved) or row.state == State.CONFIRMED):
        found[State.DONE] = resolved
    elif resolved and (row.state not in OPEN or not reopened):  # an open one with an end changed then, whatever it was
        now = resolved
    marks = sorted(found.items(), key=lambda mark: (mark[1], _ORDER.index(mark[0])))
    return [*marks], now


@cache
def way_to(state: State, start: State = State.NEW) -> tuple[tuple[State, State], ...]:
    """The moves of the shortest way from `start` to `state`; none when that is where it is."""
    ways: deque[tuple[State, ...]] = deque([(start,)])
    while ways:
        way = ways.popleft()
        if way[-1] == state:
            return tuple(pairwise(way))
        ways.extend((*way, now) for now in _unvisited(way))
    raise ValueError(f"No way leads from {start} to {state}.")


def _unvisited(way: tuple[State, ...]) -> Iterable[State]:
    return (now for now in MOVES[way[-1]] if now not in way)
