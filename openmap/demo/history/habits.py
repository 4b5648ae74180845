"""How organisations of Яворин work: one is good, one is slow, one promises; some get better, some worse."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from openmap.demo.city import BODIES


@dataclass(frozen=True, slots=True)
class Habit:
    """Days are medians; shares go from 0 to 1. `gets`: by how much its times change in a year (0.7: a third less)."""

    looks: float = 1.0  # until it accepts
    works: float = 5.0  # from there until it is done
    uneven: float = 0.7  # how far times stray (sigma of a log-normal distribution)
    done: float = 0.9
    rejects: float = 0.05
    refuses: float = 0.04  # “not ours”
    asks: float = 0.04
    promises: float = 0.05  # answers in words, and does nothing for long
    photos: float = 0.45  # of what was done
    comes_back: float = 0.05  # done badly: people open it again
    silent: float = 0.02  # never answers
    gets: float = 1.0


USUAL: Final = Habit()
HABITS: Final[Mapping[str, Habit]] = {
    "light": Habit(0.5, 1.6, 0.5, 0.97, 0.02, 0.03, 0.02, 0.02, 0.75, 0.02, 0.0, 0.85),  # the good one
    "water": Habit(0.6, 3.2, 0.9, 0.9, 0.04, 0.05, 0.03, 0.34, 0.35, 0.12, 0.02, 1.0),  # the one that promises
    "roads": Habit(2.2, 13.0, 0.8, 0.86, 0.08, 0.05, 0.02, 0.12, 0.5, 0.09, 0.04, 0.68),  # slow, and better every year
    "west-roads": Habit(1.4, 9.0, 0.8, 0.88, 0.06, 0.05, 0.03, 0.08, 0.45, 0.07, 0.03, 1.0),
    "waste": Habit(0.4, 1.4, 0.5, 0.96, 0.02, 0.05, 0.02, 0.04, 0.5, 0.06, 0.01, 1.05),
    "west-waste": Habit(0.9, 2.4, 0.7, 0.9, 0.04, 0.05, 0.02, 0.16, 0.25, 0.12, 0.04, 1.3),  # worse every year
    "heat": Habit(0.5, 2.4, 0.9, 0.88, 0.1, 0.06, 0.05, 0.15, 0.15, 0.07, 0.02, 1.0),
    "power": Habit(0.2, 0.7, 0.7, 0.95, 0.03, 0.05, 0.02, 0.03, 0.2, 0.03, 0.01, 0.95),
    "gas": Habit(0.05, 0.2, 0.5, 0.97, 0.03, 0.02, 0.0, 0.0, 0.15, 0.01, 0.0, 1.0),
    "green": Habit(1.0, 5.5, 0.8, 0.9, 0.07, 0.05, 0.05, 0.08, 0.55, 0.04, 0.02, 0.9),
    "lift": Habit(0.15, 2.6, 1.1, 0.9, 0.04, 0.03, 0.02, 0.28, 0.3, 0.16, 0.03, 1.1),  # comes at once, and comes again
    "transport": Habit(1.6, 8.0, 0.8, 0.8, 0.13, 0.03, 0.06, 0.18, 0.3, 0.05, 0.05, 0.9),
    "animals": Habit(0.3, 1.6, 0.7, 0.93, 0.03, 0.02, 0.08, 0.02, 0.5, 0.02, 0.01, 0.9),
    "order": Habit(2.0, 9.0, 0.8, 0.78, 0.12, 0.06, 0.05, 0.12, 0.4, 0.1, 0.07, 1.0),
    "state-roads": Habit(3.0, 18.0, 0.9, 0.72, 0.12, 0.1, 0.03, 0.25, 0.3, 0.06, 0.12, 1.0),
    "manager": Habit(1.5, 7.0, 0.9, 0.84, 0.07, 0.05, 0.05, 0.2, 0.3, 0.11, 0.06, 1.25),
    "sunny": Habit(0.7, 3.5, 0.6, 0.94, 0.04, 0.03, 0.03, 0.05, 0.5, 0.04, 0.01, 0.9),
    "old-town": Habit(1.9, 9.0, 0.9, 0.8, 0.08, 0.06, 0.05, 0.22, 0.25, 0.1, 0.08, 0.8),  # slow, and better every year
    "forest-home": Habit(0.9, 4.5, 0.7, 0.9, 0.05, 0.04, 0.04, 0.08, 0.4, 0.06, 0.02, 1.0),
    "west-home": Habit(1.3, 6.5, 0.9, 0.84, 0.06, 0.05, 0.04, 0.26, 0.2, 0.13, 0.05, 1.2),
    "sunflower": Habit(0.6, 4.0, 0.6, 0.94, 0.03, 0.03, 0.05, 0.05, 0.5, 0.03, 0.01, 1.0),
    "night": Habit(0.04, 0.3, 0.6, 0.95, 0.02, 0.05, 0.0, 0.02, 0.2, 0.05, 0.0, 1.0),
    "council": Habit(2.4, 11.0, 0.8, 0.74, 0.14, 0.0, 0.05, 0.2, 0.2, 0.06, 0.08, 0.85),
}


def habit_of(key: str, *, years_ago: float) -> Habit:
    """How the organisation with this key worked so many years ago."""
    now = HABITS.get(key, USUAL)
    times = now.gets ** (1.5 - years_ago)  # the table tells how it was in the middle
    return replace(now, looks=now.looks * times, works=now.works * times)


def keys_by_name() -> dict[str, str]:
    """Name of an organisation of the demo → its key."""
    return {body.name: body.key for body in BODIES}
