"""What becomes of a report: who answers, when, how well, and what the resident thinks of it."""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from issues.states import OPEN, State
from issues.workflow import move
from openmap.demo.history.habits import Habit, habit_of
from openmap.demo.history.tale import Act, Shot, Tale
from openmap.demo.history.words import Teller, scene_for
from routing.responsibility import Verdict

WITHDRAWN: Final = 0.022
CONFIRMED, PRAISED = 0.46, 0.5  # of what is done; of those, with words
ADDED: Final = 0.05
MOST_VOICES: Final = 60
LONG_READ: Final = timedelta(days=60)  # people come across a report so long
AROUND_THE_CLOCK: Final = frozenset({"power", "gas", "night"})
URGENT: Final = frozenset({"gas", "manholes", "power", "lifts"})
STATES: Final[Mapping[str, State]] = {
    "accept": State.ACCEPTED, "start": State.IN_PROGRESS, "ask": State.WAITING, "finish": State.DONE,
    "reject": State.REJECTED, "confirm": State.CONFIRMED, "reopen": State.REOPENED, "withdraw": State.WITHDRAWN,
    "refuse": State.NEW, "pass": State.NEW,
}  # fmt: skip

# Who gets it when the one who has it hands it on: the report, who refused so far, when, and whether by choice.
HandOn = Callable[[Tale, frozenset[int], datetime, bool], Verdict | None]


@dataclass(frozen=True, slots=True)
class Town:
    """What a life depends on."""

    zone: ZoneInfo
    now: datetime
    keys: Mapping[int, str]  # id of an organisation → its key
    reached: frozenset[int]  # those with a channel
    queue: int | None  # the one that passes on
    hand_on: HandOn


class Life:
    """Lets one report live; acts that would lie in the future are left out."""

    def __init__(self, tale: Tale, town: Town, teller: Teller, chance: random.Random, *, seed: str) -> None:
        self._tale, self._town, self._teller, self._chance, self._seed = tale, town, teller, chance, seed
        self._at, self._state, self._who = tale.at, State.NEW, tale.verdict.organisation if tale.verdict else None
        self._refused: frozenset[int] = frozenset()

    def live(self) -> list[Act]:
        """Everything that has happened by now."""
        if self._who is None or self._who not in self._town.reached:
            return []
        if self._chance.random() < WITHDRAWN:
            return self._only(self._withdraw)
        self._go(self._to_whom_it_concerns)
        return self._tale.acts

    def _go(self, step: Callable[[], None]) -> None:
        with suppress(_TooLateError):
            step()

    def _only(self, step: Callable[[], None]) -> list[Act]:
        self._go(step)
        return self._tale.acts

    def _to_whom_it_concerns(self) -> None:
        """Handed on until somebody keeps it, then worked on."""
        for _step in range(3):
            if self._who == self._town.queue:
                if not self._pass_on():
                    break
            elif not (self._chance.random() < self._habit().refuses and self._refuse()):
                break
        self._work()
        if self._state == State.DONE:
            self._opinion()

    def _work(self) -> None:
        habit, chance = self._habit(), self._chance
        if chance.random() < habit.silent:
            return
        if chance.random() < ADDED:
            self._add()
        if chance.random() < habit.rejects:
            self._wait(habit.looks * 2)
            self._act("reject", self._answer("reject"))
            if chance.random() < 0.08:
                self._wait(1.5, office=False)
                self._act("reopen", self._common("objects"))
                self._act_after(habit.works, "accept", self._common("sorry"))
            return
        if chance.random() < habit.asks:
            self._ask()
        self._wait(habit.looks)
        if chance.random() < 0.82:
            self._act("accept", self._answer("accept") if chance.random() < 0.55 else "")
        if chance.random() < habit.promises:
            self._promise()
        if chance.random() > habit.done and not self._is_old():
            return
        if chance.random() < 0.55:
            self._wait(habit.works * 0.4)
            self._act("start", self._answer("start") if chance.random() < 0.7 else "")
        self._wait(habit.works * 0.8)
        self._finish()

    def _is_old(self) -> bool:
        """Most of what is years old was done at last, or written off; a little lies there for ever."""
        return self._town.now - self._tale.at > timedelta(days=200) and self._chance.random() < 0.75

    def _promise(self) -> None:
        for _again in range(self._chance.choice((1, 1, 2))):
            self._wait(self._habit().works * 0.8)
            self._act("reply", self._common("promise"))
        self._wait(self._habit().works * 1.5)

    def _ask(self) -> None:
        self._wait(self._habit().looks)
        self._act("ask", self._answer("ask"))
        if self._chance.random() < 0.8:
            self._wait(0.6, office=False)
            self._act("add", self._answer("told"))
        elif self._is_old():
            self._wait(20)
            self._act("reject", self._common("no_answer"))
            raise _TooLateError

    def _add(self) -> None:
        self._wait(1.2, office=False)
        self._act("add", self._common("added"))

    def _finish(self) -> None:
        shot = None
        scene = scene_for(self._tale.kind, "mended", self._tale.opening, self._chance)
        if scene and self._chance.random() < self._habit().photos:
            shot = Shot(scene, f"{self._seed} done {len(self._tale.acts)}")
        self._act("finish", self._answer("finish"), shot)

    def _opinion(self) -> None:
        habit, chance = self._habit(), self._chance
        if chance.random() < habit.comes_back:
            self._wait(3.0, office=False)
            self._act("reopen", self._common("reopen"))
            self._wait(habit.works * 0.7)
            if chance.random() < 0.6:
                self._act("accept", self._common("sorry"))
                self._wait(habit.works * 0.7)
            if chance.random() < 0.9:
                self._finish()
        if self._state == State.DONE and chance.random() < CONFIRMED:
            self._wait(0.9, office=False)
            self._act("confirm", self._common("praise") if chance.random() < PRAISED else "")

    def _withdraw(self) -> None:
        self._wait(0.7, office=False)
        self._act("withdraw", self._common("withdraw"))

    def _refuse(self) -> bool:
        self._wait(self._habit().looks)
        assert self._who is not None
        refused = self._refused | {self._who}
        verdict = self._town.hand_on(self._tale, refused, self._at, False)
        if verdict is None or verdict.organisation is None or verdict.organisation not in self._town.reached:
            return False
        self._act("refuse", self._answer("refuse"), verdict=verdict)
        self._who, self._refused = verdict.organisation, refused
        return True

    def _pass_on(self) -> bool:
        """The duty queue finds somebody, if not at once; or does it itself."""
        if self._chance.random() < 0.25:
            return False
        self._wait(self._habit().looks)
        verdict = self._town.hand_on(self._tale, self._refused, self._at, True)
        if verdict is None or verdict.organisation is None:
            return False
        self._act("pass", self._common("pass"), verdict=verdict)
        self._who = verdict.organisation
        return True

    def _habit(self) -> Habit:
        years_ago = (self._town.now - self._tale.at) / timedelta(days=365)
        return habit_of(self._town.keys.get(self._who or 0, ""), years_ago=years_ago)

    def _answer(self, do: str) -> str:
        tale = self._tale
        return self._teller.answer(tale.kind, do, tale.opening, street=tale.place.street, chance=self._chance)

    def _common(self, what: str) -> str:
        return self._teller.common(what, street=self._tale.place.street, chance=self._chance)

    def _act_after(self, days: float, do: str, words: str) -> None:
        self._wait(days)
        self._act(do, words)

    def _act(self, do: str, words: str = "", shot: Shot | None = None, verdict: Verdict | None = None) -> None:
        """Appends it, unless it is still to come."""
        if self._at >= self._town.now:
            raise _TooLateError
        to = STATES.get(do)
        if do not in ("refuse", "pass") and to is not None and move(self._state, to) is None:
            return  # it is so already
        self._tale.acts.append(Act(self._at, do, words, shot, verdict))
        if do == "add" and self._state == State.WAITING:
            self._state = State.ACCEPTED
        self._state = STATES.get(do, self._state)

    def _wait(self, days: float, *, office: bool = True) -> None:
        """Some time passes, about so many days; an office works from eight to five, Monday to Friday."""
        if self._tale.kind in URGENT and office:
            days *= 0.4
        habit = self._habit()
        passed = timedelta(days=min(days * self._chance.lognormvariate(0, habit.uneven), 240.0))
        at = self._at + max(passed, timedelta(minutes=self._chance.randint(12, 70)))
        around = self._town.keys.get(self._who or 0, "") in AROUND_THE_CLOCK
        self._at = at if office and around else self._by_day(at, office=office)

    def _by_day(self, at: datetime, *, office: bool) -> datetime:
        first, last = (8, 17) if office else (7, 23)
        local = at.astimezone(self._town.zone)
        day = local.date()
        clock = local.time()
        if clock.hour >= last or clock.hour < first or (office and day.weekday() >= 5):
            if clock.hour >= last:
                day += timedelta(days=1)
            while office and day.weekday() >= 5:
                day += timedelta(days=1)
            clock = time(first + int(self._chance.random() ** 1.5 * (last - first)), self._chance.randrange(60))
        moment = datetime.combine(day, clock, self._town.zone)
        return max(moment, self._at + timedelta(minutes=5))


class _TooLateError(Exception):
    """What comes next lies in the future, or never happened."""


def joins(tale: Tale, chance: random.Random, *, now: datetime, is_spot: bool) -> list[datetime]:
    """When others said that it concerns them too: while it was open and everybody saw it."""
    if tale.repeats is not None or any(act.do == "publish" for act in tale.acts):
        return []
    closing = (act.at for act in tale.acts if act.do == "hide" or STATES.get(act.do, State.NEW) not in OPEN)
    span = (min(next(closing, now), tale.at + LONG_READ) - tale.at) / 2
    most = chance.paretovariate(1.15 if is_spot else 1.5) - 1
    many = int(min(MOST_VOICES, most)) + (chance.randint(0, 4) if is_spot else 0)
    return sorted(tale.at + span * chance.random() for _one in range(many)) if span > timedelta(hours=1) else []
