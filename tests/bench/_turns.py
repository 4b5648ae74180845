"""Ways of doing the same, each in its turn: milliseconds on the clock and of processor time."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

ROUND, COLD = 8, 1  # calls of one way before the next has its turn; so many of them find its caches cold
SLOW = 0.4  # seconds of a call: such a way has one call in a round
LONGEST = 60.0  # seconds that all calls of one way may take

Call = Callable[[int], object]


@dataclass(slots=True)
class Way:
    """One way: `call(n)` does it for the n-th place, in its `thread` if it has one. `pids`: the processes whose time
    counts; with `counts_itself` the thread's own time too."""

    call: Call
    pids: Sequence[int] = ()
    thread: Executor | None = None
    counts_itself: bool = False
    walls: list[float] = field(default_factory=list)  # ms
    cpus: list[float] = field(default_factory=list)  # ms of `pids` for one call, a figure for each turn
    spent: float = 0.0

    def turn(self, first: int) -> None:
        """Calls it for the places from `first`."""
        if self.spent > LONGEST:
            return
        slow = bool(self.walls) and self.walls[-1] > 1000 * SLOW
        calls, cold = (1, 0) if slow else (ROUND, COLD)
        for n in range(first, first + cold):
            self.call(n)
        before, took = self._cpu(), []
        for n in range(first + cold, first + calls):
            began = time.perf_counter()
            self.call(n)
            took.append(1000 * (time.perf_counter() - began))
            if took[-1] > 1000 * SLOW:
                break
        self.cpus.append((self._cpu() - before) / len(took))
        self.walls += took
        self.spent += sum(took) / 1000

    def _cpu(self) -> float:
        return cpu_ms(self.pids) + (1000 * time.thread_time() if self.counts_itself else 0.0)

    @property
    def row(self) -> dict[str, float]:
        """What a table shows of it."""
        p95 = quantiles(self.walls, n=20)[-1] if len(self.walls) > 1 else self.walls[0]
        return {
            "p50_ms": round(self.p50, 3),
            "p95_ms": round(p95, 3),
            "cpu_ms": round(self.cpu, 3),
            "calls": len(self.walls),
        }

    @property
    def p50(self) -> float:
        return median(self.walls)

    @property
    def cpu(self) -> float:
        """Median of the turns."""
        return median(self.cpus)


def take_turns(ways: Mapping[str, Way], seconds: float, *, places: int) -> None:
    """All ways in turns for about so long, at least two rounds of which the first does not count."""
    order = list(ways)
    began, first = time.perf_counter(), 0
    while True:
        for name in order:
            way = ways[name]
            if way.thread:
                way.thread.submit(way.turn, first % places).result()
            else:
                way.turn(first % places)
        order.append(order.pop(0))  # nobody always comes first
        first += ROUND
        if first == ROUND:  # the first round plans, imports and fills caches
            for way in ways.values():
                slow = bool(way.walls) and way.walls[-1] > 1000 * SLOW
                way.walls, way.cpus = (way.walls, way.cpus) if slow else ([], [])
        elif time.perf_counter() - began > seconds and all(way.walls for way in ways.values()):
            return


def cpu_ms(pids: Sequence[int]) -> float:
    """Processor time that these processes, with all their threads, have taken since they began."""
    return (
        sum(
            int((task / "schedstat").read_text().split()[0])
            for pid in pids
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        / 1e6
    )
