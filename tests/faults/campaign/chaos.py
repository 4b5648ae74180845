"""The plan of faults: each kind in turn, in an order that a seed gives; one at a time, and each is waited out."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from launcher import processes
from tests.faults.campaign.faults import Fault
from tests.faults.campaign.receivers import Receiver
from tests.faults.campaign.service import Service

PATIENCE: Final = 120.0  # seconds within which the service must be whole again
LONGEST_PAUSE: Final = 120.0  # seconds between two faults when few reports come in


@dataclass(slots=True)
class Struck:
    """One fault that happened; moments in seconds since 1970."""

    name: str
    began_at: float
    ended_at: float = 0.0  # when nothing was held down any more
    whole_at: float = 0.0  # when every part ran again and the site answered


@dataclass
class Chaos:
    """Does the faults while `goes_on` says so, and each kind once at least."""

    service: Service
    receivers: Sequence[Receiver]
    kinds: Sequence[Fault]
    seed: int
    holds: tuple[float, float]  # seconds, from and to: so long a receiver is away, or a part hangs
    every: int  # reports that are accepted between two faults
    say: Callable[[str], None]
    struck: list[Struck] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def run(self, accepted: Callable[[], int], *, of: int) -> None:
        """Round after round, each in an order of its own, while reports are accepted: however quick the machine is, as
        many come in between two faults."""
        chance, parts = random.Random(self.seed), set(self.service.parts())
        while len(self.struck) < len(self.kinds) or accepted() < of:
            for fault in chance.sample(self.kinds, len(self.kinds)):
                due = min((len(self.struck) + 1) * self.every, of)
                processes.wait_until(partial(_has_come, accepted, due), seconds=LONGEST_PAUSE, every=0.1)
                if len(self.struck) >= len(self.kinds) and accepted() >= of:
                    return
                self._strike(fault, parts, holds=chance.uniform(*self.holds))

    def _strike(self, fault: Fault, parts: set[str], *, holds: float) -> None:
        one = Struck(fault.name, time.time())
        self.struck.append(one)
        fault.begin()
        if fault.end is not None:
            time.sleep(holds)
            fault.end()
        one.ended_at = time.time()
        if not processes.wait_until(lambda: self._is_whole(parts), seconds=PATIENCE, every=0.2):
            self.strange.append(f"after “{fault.name}” the service is not whole within {PATIENCE:.0f} s")
        one.whole_at = time.time()
        self.say(f"{fault.name}: {one.ended_at - one.began_at:.1f} s, whole after {one.whole_at - one.ended_at:.1f} s")

    def _is_whole(self, parts: set[str]) -> bool:
        return self.service.is_whole(parts) and all(one.is_running() for one in self.receivers)


def _has_come(count: Callable[[], int], due: int) -> bool:
    return count() >= due
