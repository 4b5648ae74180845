"""How far a replica is behind, known by a thread of each process, so that no visitor waits for the question.

The thread notes where the primary's log stands, and looks which of these notes the replica has replayed since. So the
lag is measured by one clock, and a replica whose line to the primary is cut is not taken for one with nothing to do.

A replica that takes the question and says nothing is taken for frozen after PATIENCE: all lines of this process to it
are cut, so that whoever waits on one is answered from the primary.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread, Timer
from typing import Any, Final

from django.db import Error, connections

from geodata.replica import PRIMARY, REPLICA
from openmap import process_figures, replica_lines

log = logging.getLogger(__name__)
EVERY: Final = 0.5  # seconds between two looks
IDLE: Final = 60.0  # seconds without a question, after which nobody looks any more
PATIENCE: Final = 2.0  # seconds that a look at the replica may take
HANGS: Final = "it takes questions and does not answer"
PROMOTED: Final = "it is no replica any more"
BEHIND: Final = "it is too far behind"
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
        self._line: Any = None  # of the watch alone: where all of the pool are in use, the replica is no worse for it
        self._since = clock()  # when somebody began to look
        self._trouble = ""  # why the replica is not read, as it was told last; "" when it is

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

    def failed(self, why: str = "") -> None:
        """It is not asked before a look found it well. `why`: what a look found, for whoever reads the log."""
        self._caught_up_at = None
        if why:
            self._tell(why)

    def look(self) -> None:
        """Asks both where they stand."""
        try:
            with connections[PRIMARY].cursor() as cursor:
                cursor.execute(POSITION)
                self._noted.append((self._clock(), int(cursor.fetchone()[0])))
        except Error:  # the replica may go on for as long as it may be behind
            connections[PRIMARY].close()
        began = self._clock()
        try:
            if self._line is None:
                self._line = own_line()
            is_replica, replayed = ask_replica(self._line, self._hangs)
        except Error as error:
            hung = self._clock() - began >= PATIENCE
            self.failed(HANGS if hung else f"it does not answer ({type(error).__name__})")
            replica_lines.cut_all()
            self._line.close()
            return
        if not is_replica or replayed is None:  # it was promoted, and goes its own way
            self.failed(PROMOTED)
            return
        self._replayed = int(replayed)
        while self._noted and self._noted[0][1] <= self._replayed:
            self._caught_up_at = self._noted.popleft()[0]
        since = self._since if self._caught_up_at is None else self._caught_up_at
        if self._clock() - since > self.most:
            self._tell(BEHIND)
        elif self._caught_up_at is not None:
            self._tell("")

    def _hangs(self) -> None:
        """In a thread of its own, while the look goes on: nobody waits any longer."""
        self.failed(HANGS)
        replica_lines.cut_all()

    def _tell(self, trouble: str) -> None:
        """Once for each change from read to not read and back, as far as it is known; and the figure, always."""
        process_figures.families().replica.labels(process_figures.part.name).set(0 if trouble else 1)
        if bool(trouble) == bool(self._trouble):
            return
        self._trouble = trouble
        if trouble:
            log.warning("The replica is not read, the primary is: %s.", trouble)
        else:
            log.info("The replica is read again.")

    def _begin(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="watch of the replica", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        self._since = self._clock()
        try:
            while self._clock() - self._asked_at < IDLE:
                try:
                    self.look()
                except Exception:  # whatever it is, the primary is read until a look succeeds
                    log.exception("The replica could not be looked at")
                    self.failed("it could not be looked at")
                time.sleep(EVERY)
            self._caught_up_at = None  # nobody looks any more
        finally:
            connections.close_all()
            if self._line is not None:
                self._line.close()
                self._line = None


def own_line() -> Any:
    """A connection of Django to the replica besides its pool: whoever made it closes it."""
    line = connections[REPLICA].copy()
    line.settings_dict["OPTIONS"].pop("pool", None)
    return line


def ask_replica(line: Any, on_silence: Callable[[], Any] = lambda: None) -> tuple[bool, int | None]:
    """Whether it is a replica, and up to where it has replayed. Raises Error, after about twice PATIENCE at the latest.

    When it says nothing for PATIENCE, the line is cut, and `on_silence` called in a thread of its own.
    """

    def silent() -> None:
        on_silence()
        if line.connection is not None:
            replica_lines.cut(line.connection)

    guard = Timer(PATIENCE, silent)
    guard.daemon = True
    guard.start()
    try:
        with line.cursor() as cursor:
            cursor.execute(REPLAYED)
            is_replica, replayed = cursor.fetchone()
    finally:
        guard.cancel()
    return bool(is_replica), replayed


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
