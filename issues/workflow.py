"""The moves between the states of a report, as one table."""

from dataclasses import dataclass
from enum import StrEnum

from issues.states import OPEN, State


class Actor(StrEnum):
    """In whose name a move is made."""

    REPORTER = "reporter"
    ORGANISATION = "organisation"
    STAFF = "staff"


S = State
_ORG = frozenset({Actor.ORGANISATION, Actor.STAFF})
_REP = frozenset({Actor.REPORTER, Actor.STAFF})
_STAFF = frozenset({Actor.STAFF})


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move: who may make it, and whether it needs words."""

    by: frozenset[Actor]
    needs_text: bool = False


_REJECT = Move(_ORG, needs_text=True)
_ASK = Move(_ORG, needs_text=True)
_DUPLICATE = Move(_STAFF)
_WITHDRAW = Move(_REP)
_CLOSE = {S.REJECTED: _REJECT, S.WITHDRAWN: _WITHDRAW, S.DUPLICATE: _DUPLICATE}  # from any open state

MOVES: dict[State, dict[State, Move]] = {
    S.NEW: {
        S.ACCEPTED: Move(_ORG),
        S.IN_PROGRESS: Move(_ORG),
        S.WAITING: _ASK,
        S.DONE: Move(_ORG, needs_text=True),
        **_CLOSE,
    },
    S.ACCEPTED: {
        S.IN_PROGRESS: Move(_ORG),
        S.WAITING: _ASK,
        S.DONE: Move(_ORG, needs_text=True),
        **_CLOSE,
    },
    S.IN_PROGRESS: {
        S.WAITING: _ASK,
        S.DONE: Move(_ORG, needs_text=True),
        **_CLOSE,
    },
    S.WAITING: {
        S.ACCEPTED: Move(frozenset(Actor)),
        S.IN_PROGRESS: Move(_ORG),
        S.DONE: Move(_ORG, needs_text=True),
        **_CLOSE,
    },
    S.DONE: {S.CONFIRMED: Move(_REP), S.REOPENED: Move(_REP, needs_text=True)},
    S.CONFIRMED: {S.REOPENED: Move(_REP, needs_text=True)},
    S.REOPENED: {
        S.ACCEPTED: Move(_ORG),
        S.IN_PROGRESS: Move(_ORG),
        S.WAITING: _ASK,
        S.DONE: Move(_ORG, needs_text=True),
        **_CLOSE,
    },
    S.REJECTED: {S.REOPENED: Move(_REP, needs_text=True)},
    S.WITHDRAWN: {},
    S.DUPLICATE: {S.REOPENED: Move(_STAFF, needs_text=True)},
}


# “Not ours”: from any open state the report begins anew, with the next organisation.
HANDED_BACK: dict[State, State] = dict.fromkeys(sorted(OPEN), S.NEW)


def move(was: State | str, now: State | str) -> Move | None:
    """The move from one state to another, or None when there is none."""
    return MOVES[State(was)].get(State(now))
