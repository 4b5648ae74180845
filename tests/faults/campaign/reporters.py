"""Residents who report at a steady rate, and ask again with the same key until they hear that it was taken."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from tests.faults.campaign.browser import NO_ANSWER, resident_at
from tests.faults.campaign.town import SLUG, kind, place
from tests.faults.campaign.turns import Turns

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 5.0  # seconds before one asks again
LEAVES_EMAIL: Final = 2  # every second resident


@dataclass(slots=True)
class Told:
    """One report: when it was first sent, when it was accepted, and as which number."""

    resident: int
    offered_at: float
    tries: int = 0
    accepted_at: float = 0.0
    number: int = 0
    url: str = ""  # path of the author's page


@dataclass
class Reporters:
    """Everybody who reports. `on_accepted` is called with each report that was accepted."""

    url: str
    seed: int
    turns: Turns
    on_accepted: Callable[[Told], None]
    told: list[Told] = field(default_factory=list)
    failed: list[tuple[float, int]] = field(default_factory=list)  # (moment, status) of tries that brought no yes
    strange: list[str] = field(default_factory=list)  # what no fault explains

    def plan(self, count: int, *, rate: float, begin: float) -> None:
        """`count` reports, `rate` of them a second."""
        for resident in range(count):
            self.turns.at(begin + resident / rate, partial(self._begin, resident))

    def accepted(self) -> list[Told]:
        """Those of which the service said that it has them."""
        return [one for one in self.told if one.accepted_at]

    def _begin(self, resident: int) -> None:
        one = Told(resident, time.time())
        self.told.append(one)
        self._try(one)

    def _try(self, one: Told) -> None:
        one.tries += 1
        browser = resident_at(self.url, one.resident)
        answer = browser.send(f"/{SLUG}/report/", self._form(one), key=self._key(one))
        if answer.status == 201:
            one.accepted_at, one.number, one.url = time.time(), int(answer.body["number"]), str(answer.body["url"])
            self.on_accepted(one)
            return
        self.failed.append((time.time(), answer.status))
        if NO_ANSWER < answer.status < 500:
            self.strange.append(f"report {one.resident}: {answer.status} {answer.body}")
            return
        pause = min(FIRST_PAUSE * 2 ** (one.tries - 1), LONGEST_PAUSE)
        self.turns.after(pause, partial(self._try, one))

    def _key(self, one: Told) -> str:
        return str(UUID(int=random.Random(f"{self.seed} {one.resident}").getrandbits(128), version=4))

    def _form(self, one: Told) -> dict[str, str]:
        lon, lat = place(one.resident)
        leaves_email = one.resident % LEAVES_EMAIL == 0
        return {
            "lon": f"{lon:.6f}",
            "lat": f"{lat:.6f}",
            "category": kind(one.resident),
            "text": text_of(one.resident),
            "email": f"resident-{one.resident}@example.net" if leaves_email else "",
            "unseen": "on",
            "do": "send",
        }


def text_of(resident: int) -> str:
    """The words by which their report is known again."""
    return f"Заявка мешканця {resident}."
