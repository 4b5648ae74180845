"""Words of Open311 for what happens to a report, both ways: a status there is a move here, news here a status there."""

from typing import Final

from routing.models import Answer

Do = Answer.Do
# Statuses as FixMyStreet and its councils write them, in lower case; GeoReport itself knows “open” and “closed” only.
MOVES: Final = {
    "closed": Do.FINISH,
    "fixed": Do.FINISH,
    "investigating": Do.ACCEPT,
    "acknowledged": Do.ACCEPT,
    "action_scheduled": Do.ACCEPT,
    "planned": Do.ACCEPT,
    "in_progress": Do.START,
    "no_further_action": Do.REJECT,
    "unable_to_fix": Do.REJECT,
    "not_councils_responsibility": Do.REFUSE,
    "duplicate": Do.REPLY,
}
ENDED: Final = frozenset({Do.FINISH, Do.REJECT, Do.REFUSE})
# Pieces of news (issues.letter_data) after which the request is closed as far as we know.
CLOSING_NEWS: Final = frozenset({"withdrawn", "taken_back", "confirmed", "duplicate"})


def do_of(status: str) -> Answer.Do:
    """What an update with this status says. An open one says words only."""
    return MOVES.get(status.strip().lower().replace(" ", "_"), Do.REPLY)


def is_closed(status: str) -> bool:
    """Whether a request with this status is over there."""
    return do_of(status) in ENDED


def status_of(news: str) -> str:
    """The status of an update about a piece of our news."""
    return "CLOSED" if news in CLOSING_NEWS else "OPEN"
