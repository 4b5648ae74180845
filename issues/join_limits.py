"""How often one may join in an hour, add words to what one joined, or have an address asked: a voice is counted once a
browser, and a program makes itself new browsers."""

from datetime import datetime, timedelta
from typing import Final

from core import limits
from core.limits import Limit
from geodata.models import Community

WINDOW: Final = timedelta(hours=1)
OF_A_DEVICE: Final = 30  # in a window
OF_A_NETWORK: Final = 100  # neighbours, and phones of one operator, share an address
WORDS_OF_A_DEVICE: Final = 5
WORDS_OF_A_NETWORK: Final = 20
LETTERS_OF_A_DEVICE: Final = 10
LETTERS_OF_A_NETWORK: Final = 60
LETTERS_OF_A_PROGRAM: Final = 600  # it names devices as it likes: all of them together


def may_join(*, community: Community, device: str, network: str, at: datetime) -> bool:
    """Counts one new voice in the caller's transaction; False past what a `device` (accounts.devices) or a `network`
    (accounts.networks) may do in an hour: then roll back. "" is not counted."""
    rows = [("joins of a device", device, OF_A_DEVICE), ("joins of a network", network, OF_A_NETWORK)]
    return _use(rows, community=community, at=at)


def may_add(*, community: Community, device: str, network: str, at: datetime) -> bool:
    """The same for words or photos that somebody adds to a report that they joined."""
    rows = [("words of a device", device, WORDS_OF_A_DEVICE), ("words of a network", network, WORDS_OF_A_NETWORK)]
    return _use(rows, community=community, at=at)


def may_ask(*, community: Community, device: str, network: str, program: str = "", at: datetime) -> bool:
    """The same for one letter that asks an address to be confirmed: nobody has strangers written to by the hundred.
    `program`: of a client of the API."""
    rows = [
        ("letters of a device", device, LETTERS_OF_A_DEVICE),
        ("letters of a network", network, LETTERS_OF_A_NETWORK),
        ("letters of a program", program, LETTERS_OF_A_PROGRAM),
    ]
    return _use(rows, community=community, at=at)


def _use(rows: list[tuple[str, str, int]], *, community: Community, at: datetime) -> bool:
    asked = [Limit(kind, whose, most, WINDOW) for kind, whose, most in rows if whose]
    return not limits.use(asked, community=community, at=at)
