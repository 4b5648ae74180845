"""What happens to some of the reports while the faults go on, so that several messages about one thing leave.

Every eighth author adds words twice. The next ones confirm their address by the link of their letter; the organisation
that got their report accepts it, and finishes it, by the link of its own. Who hears no answer does not press again.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Final

from tests.faults.campaign.browser import Browser, resident_at
from tests.faults.campaign.ledger import Entry
from tests.faults.campaign.reporters import Told
from tests.faults.campaign.turns import Turns

EVERY: Final = 8
ADDS, IS_ANSWERED = 1, 2  # of each eight residents
PAUSE: Final = 2.0  # seconds between two acts about one thing


@dataclass
class Actors:
    """Everybody who acts on a report that was accepted."""

    url: str
    turns: Turns
    done: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, int] = field(default_factory=dict)
    _pressed: set[str] = field(default_factory=set)
    _turn: Lock = field(default_factory=Lock)

    def on_accepted(self, one: Told) -> None:
        """The author adds words, twice, one after the other."""
        if one.resident % EVERY == ADDS:
            steps = [(one.url, {"do": "reply", "text": f"Додаю {time} раз."}) for time in ("перший", "другий")]
            self._plan(resident_at(self.url, one.resident), "author adds words", steps)

    def on_letters(self, book: str, entries: list[Entry]) -> None:
        """New entries of a ledger: links in them are pressed, each once."""
        begin = self._seen.get(book, 0)
        self._seen[book] = len(entries)
        for entry in entries[begin:]:
            for link in entry.links:
                self._press(entry.recipient, link)

    def _press(self, recipient: str, link: str) -> None:
        with self._turn:
            if link in self._pressed:
                return
            self._pressed.add(link)
            number = len(self._pressed)
        if "/follow/" in link and recipient.startswith("resident-"):
            resident = int(recipient.removeprefix("resident-").partition("@")[0])
            if resident % EVERY == IS_ANSWERED:
                self._plan(resident_at(self.url, resident), "address confirmed", [(link, {"do": "confirm"})])
        elif "/answer/" in link and number % 4 == 0:
            steps = [(link, {"do": "accept"}), (link, {"do": "finish", "text": "Зроблено."})]
            self._plan(Browser(self.url, "10.250.0.1"), "organisation answers", steps)

    def _plan(self, browser: Browser, what: str, steps: list[tuple[str, dict[str, str]]]) -> None:
        self.turns.after(PAUSE, partial(self._act, browser, what, steps))

    def _act(self, browser: Browser, what: str, steps: list[tuple[str, dict[str, str]]]) -> None:
        path, form = steps[0]
        status = browser.send(path, form).status
        with self._turn:
            told = self.done if status == 302 else self.refused if 0 < status < 500 else self.unanswered
            told[what] += 1
        if status == 302 and steps[1:]:
            self._plan(browser, what, steps[1:])
