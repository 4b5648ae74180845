"""Several processes draw and clean photos while the town is being founded."""

import os
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import Final

from openmap.demo.history.painter import Order, Ready, end_with_parent, paint

AT_ONCE: Final = 8  # photos that a process is asked for together
MOST_PAINTERS: Final = 4


class Studio:
    """Photos are ordered when it is known that they are needed, and taken when they are. Use it as a context."""

    def __init__(self) -> None:
        self._painters = ProcessPoolExecutor(
            max_workers=min(MOST_PAINTERS, os.cpu_count() or 1),
            mp_context=get_context("spawn"),
            initializer=end_with_parent,
        )
        self._asked: dict[Order, tuple[Future[list[Ready]], int]] = {}

    def order(self, wanted: Iterable[Order]) -> None:
        """Asks for photos; those that were asked for before are not drawn again."""
        fresh = [order for order in dict.fromkeys(wanted) if order not in self._asked]
        for start in range(0, len(fresh), AT_ONCE):
            together = fresh[start : start + AT_ONCE]
            future = self._painters.submit(paint, together)
            self._asked |= {order: (future, place) for place, order in enumerate(together)}

    def take(self, order: Order) -> Ready:
        """The photo; waits for it. Raises KeyError for one that was not ordered."""
        future, place = self._asked.pop(order)
        return future.result()[place]

    def __enter__(self) -> "Studio":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._painters.shutdown(wait=error is None, cancel_futures=True)
