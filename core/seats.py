"""Workers reserved for each lane: threads of one process, of which no lane takes more than its seats.

The process (`outbox` among the parts of the service) has as many threads as there are seats. A task that finds all
seats of its lane taken ends at once, so a thread is always free for a lane that has a free seat: while deliveries hang
on dead servers and a mass mailing is under way, a sign-in code finds its own thread idle.
"""

import time
from threading import Event, Lock

from celery.signals import worker_shutting_down

from core import outbox
from core.broker import nudge
from core.models import Lane
from core.outbox_ends import TASKS

SEATS = {Lane.URGENT: 2, Lane.DELIVERY: 4, Lane.BULK: 2}  # launcher.parts starts a thread for each

_shutting_down = Event()


class Seats:
    """Those of one lane in this process."""

    def __init__(self, count: int) -> None:
        self._free, self._lock, self._came_in_vain = count, Lock(), False

    def take(self) -> bool:
        """Whether there was a free one. Who found none is remembered: who sits looks once more before leaving."""
        with self._lock:
            if not self._free:
                self._came_in_vain = True
                return False
            self._free -= 1
            return True

    def leave(self) -> bool:
        """Frees one; whether somebody had come in vain, and what they came for is perhaps still there."""
        with self._lock:
            self._free += 1
            came, self._came_in_vain = self._came_in_vain, False
            return came


_seats = {lane: Seats(count) for lane, count in SEATS.items()}


def serve(lane: Lane) -> int:
    """Sends what is due in the lane while one of its seats is free; returns how many messages left."""
    sent, ends = 0, time.monotonic() + outbox.TURN
    while _seats[lane].take():
        try:
            sent += outbox.send_due(lane, stopping=_shutting_down.is_set)
        finally:
            came = _seats[lane].leave()
        if not came or _shutting_down.is_set():
            break
        if time.monotonic() > ends:
            nudge(TASKS[lane])
            break
    return sent


@worker_shutting_down.connect
def start_nothing_more(**_how: object) -> None:
    """What is being sent is finished; the rest waits for the next worker."""
    _shutting_down.set()
