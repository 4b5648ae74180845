"""Asking the workers to hurry. The broker only makes things faster: when it is down, beat finds the rows later.

One thread of each process asks, so nobody whose report was accepted waits for a broker, and who asks for the same task
again within EVERY is asked for once.
"""

import atexit
import logging
import os
import time
from functools import partial
from threading import Condition, Thread

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core import trace

log = logging.getLogger(__name__)
FORGET_AFTER = 5.0  # seconds during which a broker that did not answer is not asked again
EVERY = 0.25  # seconds: of a city that reports all the time, workers are asked four times a second
AT_THE_END = 2.0  # seconds that a process that ends waits for what it wanted to ask

_silent_until = 0.0


class Nudges:
    """What one process wants to ask for, and the thread that asks. The thread begins with the first wish."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._wanted: dict[str, str] = {}  # tasks in their order, each with the request that first wanted it
        self._is_asking = False
        self._thread: Thread | None = None

    def want(self, task: str) -> None:
        """Asks for the task soon."""
        with self._changed:
            self._wanted.setdefault(task, trace.request_id())
            try:
                self._begin()
            except RuntimeError as error:  # no more threads, or the process ends: beat finds the rows
                log.warning("Nobody asks workers to hurry: %s", error)
            self._changed.notify_all()

    def drain(self, seconds: float = AT_THE_END) -> bool:
        """Waits until everything was asked for, at most so long; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._wanted and not self._is_asking, seconds)

    def _begin(self) -> None:
        if self._thread is None:
            thread = Thread(target=self._run, name="nudges", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                wanted, self._wanted, self._is_asking = self._wanted, {}, True
            for task, request_id in wanted.items():
                try:
                    with trace.doing(request_id=request_id):
                        ask(task)
                except Exception:  # whatever is wrong with one task, the others are asked for
                    log.exception("Nobody could be asked to run %s", task)
            with self._changed:
                self._is_asking = False
                self._changed.notify_all()
            time.sleep(EVERY)


nudges = Nudges()


def _begin_anew() -> None:
    """In a process that was forked: threads do not come along, and what was wanted is asked for by the other one."""
    global nudges  # noqa: PLW0603
    nudges = Nudges()


def _drain() -> None:
    nudges.drain()  # of this process: the name is bound anew in one that was forked


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(_drain)


def nudge_on_commit(task: str) -> None:
    """After this transaction commits, asks a worker to run the task of that name soon."""
    transaction.on_commit(partial(nudge, task))


def nudge(task: str) -> None:
    """Asks a worker to run the task of that name, as soon as the broker answers; waits for nothing."""
    nudges.want(task)


def ask(task: str) -> bool:
    """Asks now; returns False, and only logs, when the broker does not answer."""
    global _silent_until  # noqa: PLW0603
    if time.monotonic() < _silent_until:
        return False
    try:
        current_app.send_task(task, retry=False, ignore_result=True, expires=60)
    except (OSError, OperationalError) as error:
        _silent_until = time.monotonic() + FORGET_AFTER
        log.warning("The broker does not answer (%s); %s will run at the next beat.", type(error).__name__, task)
        return False
    return True
