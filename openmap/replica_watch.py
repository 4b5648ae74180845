"""How far a replica is behind, known by a thread of each process, so that no visitor waits for the question.

The thread notes where the primary's log stands, and looks which of these notes the replica has replayed since. So the
lag is measured by one clock, and a replica whose line to the primary is cut is not taken for one with nothing to do.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import Final

from django.db import Error, connections

from geodata.replica import PRIMARY, REPLICA

log = logging.getLogger(__name__)
EVERY: Final = 0.5  # seconds between two looks
IDLE: Final = 60.0  # seconds without a question, after which nobody looks any more
POSITION = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
REPLAYED = "SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint"

Clock = Callable[[], float]


class Watch:
    """What a process knows of the replica. It may be `most` seconds behind."""

    def __init__(self, *, most: float, clock: Clock = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._noted: deque[tuple[float, int]] = deque(maxlen=1000)  # (moment, position of the primary)
        self._replayed = 0
        self._caught_up_at: float | None = None  # the replica has everything that was written until then
        self._asked_at = 0.0
        self._lock = Lock()
        self._thread: Thread | None = None

    def may_serve(self, wrote: str) -> bool:
        """Whether strangers may read from the replica now; and whoever `wrote` (a position as text, "" for nobody)."""
        self._asked_at = self._clock()
        self._begin()
        if self._caught_up_at is None or self._clock() - self._caught_up_at > self.most:
            return False
        try:
            return not wrote or int(wrote, 16) <= self._replayed
        except ValueError:
            return False

    def failed(self) -> None:
        """A question to it broke: it is not asked before a look found it well."""
        self._caught_up_at = None

    def look(self) -> None:
        """Asks both where they stand."""
        try:
            with connections[PRIMARY].cursor() as cursor:
                cursor.execute(POSITION)
                self._noted.append((self._clock(), int(cursor.fetchone()[0])))
        except Error:  # the replica may go on for as long as it may be behind
            connections[PRIMARY].close()
        try:
            with connections[REPLICA].cursor() as cursor:
                cursor.execute(REPLAYED)
                is_replica, replayed = cursor.fetchone()
        except Error as error:
            if self._caught_up_at is not None:
                log.warning("The replica does not answer (%s): the primary is read.", type(error).__name__)
            self.failed()
            connections[REPLICA].close()
            return
        if not is_replica or replayed is None:  # it was promoted, and goes its own way
            self.failed()
            return
        self._replayed = int(replayed)
        while self._noted and self._noted[0][1] <= self._replayed:
            self._caught_up_at = self._noted.popleft()[0]

    def _begin(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="watch of the replica", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while self._clock() - self._asked_at < IDLE:
                try:
                    self.look()
                except Exception:  # whatever it is, the primary is read until a look succeeds
                    log.exception("The replica could not be looked at")
                    self.failed()
                time.sleep(EVERY)
            self.failed()
        finally:
            connections.close_all()


def position() -> str:
    """Where the primary's log stands now, as text: everything that was committed is before it."""
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute(POSITION)
        return f"{int(cursor.fetchone()[0]):x}"


_watch: Watch | None = None


def watch_of_this_process(most: float) -> Watch:
    """The one watch of this process."""
    global _watch  # noqa: PLW0603
    if _watch is None:
        _watch = Watch(most=most)
    return _watch


def _begin_anew() -> None:
    """In a process that was forked: threads do not come along."""
    global _watch  # noqa: PLW0603
    _watch = None


os.register_at_fork(after_in_child=_begin_anew)
