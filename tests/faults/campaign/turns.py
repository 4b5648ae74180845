"""Things to do at their moments, by a few threads, so that one that waits for an answer holds up no other."""

import heapq
import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread
from typing import Final

THREADS: Final = 12  # more would only stand in the queue of gunicorn, and its health with them

Act = Callable[[], None]


class Turns:
    """Does acts when they are due; an act may plan others."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Act]] = []
        self._numbers = itertools.count()
        self._change = Condition()
        self._busy, self._is_over = 0, False
        self._pool = ThreadPoolExecutor(THREADS)
        self._thread = Thread(target=self._run, daemon=True)
        self.mistakes: list[Exception] = []

    def start(self) -> None:
        """From now on what is due is done."""
        self._thread.start()

    def at(self, moment: float, act: Act) -> None:
        """Plans an act; `moment` in seconds since 1970."""
        with self._change:
            heapq.heappush(self._waiting, (moment, next(self._numbers), act))
            self._change.notify_all()

    def after(self, pause: float, act: Act) -> None:
        """Plans an act, so many seconds from now."""
        self.at(time.time() + pause, act)

    def is_done(self) -> bool:
        """Whether nothing waits and nothing is being done."""
        with self._change:
            return not self._waiting and not self._busy

    def stop(self) -> None:
        """What waits is not done any more."""
        with self._change:
            self._is_over = True
            self._change.notify_all()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while True:
            with self._change:
                if self._is_over:
                    return
                pause = self._waiting[0][0] - time.time() if self._waiting else 1.0
                if pause > 0 or not self._waiting:
                    self._change.wait(min(pause, 1.0))
                    continue
                act = heapq.heappop(self._waiting)[2]
                self._busy += 1
            self._pool.submit(self._do, act)

    def _do(self, act: Act) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  told at the end: no mistake of the campaign is passed over
            self.mistakes.append(error)
        finally:
            with self._change:
                self._busy -= 1
