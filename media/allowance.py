"""How many photos one may upload: drafts that nobody sends would fill the disk."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from core import limits
from core.limits import Limit
from geodata.models import Community
from media.refusals import PhotoRefused

WINDOW: Final = timedelta(hours=1)
OF_A_DEVICE: Final = 60  # in a window; a report takes five
OF_A_NETWORK: Final = 300  # neighbours, and phones of one operator, share an address
OF_A_PROGRAM: Final = 3000  # it names devices as it likes: all of them together


def count_upload(*, community: Community, device: str, network: str, program: str = "", at: datetime) -> None:
    """Counts one upload, good or not; a `device` (accounts.devices), `network` (accounts.networks) or `program` (of a
    client of the API) "" is not counted.

    Raises PhotoRefused("too_many") past what they may upload in an hour.
    """
    rows = [
        ("photos of a device", device, OF_A_DEVICE),
        ("photos of a network", network, OF_A_NETWORK),
        ("photos of a program", program, OF_A_PROGRAM),
    ]
    asked = [Limit(kind, whose, most, WINDOW) for kind, whose, most in rows if whose]
    with transaction.atomic():
        is_refused = bool(limits.use(asked, community=community, at=at))
        transaction.set_rollback(is_refused)
    if is_refused:
        raise PhotoRefused("too_many")
