"""Places of Яворин of which people write again and again. Where exactly they are, the registers of the town tell."""

from dataclasses import dataclass
from typing import Final

_ALL: Final = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Spot:
    """One of them. `since`, `until`: days before the last day of the history between which it troubled people."""

    code: str
    kind: str
    where: str  # road, house, park, lamps: what of the town it is
    pick: int  # which of those that fit: a number of its own, so that no two are at one place
    reports: int
    months: tuple[int, ...] = _ALL
    since: int = 0
    until: int = 1100
    within: float = 25.0  # metres between its reports


SPOTS: Final = (
    Spot("flood", "sewage", "road", 3, 34, months=(3, 4, 5, 6, 7, 8, 9, 10, 11)),
    Spot("dump", "dumps", "park", 1, 38),
    Spot("dump-garages", "dumps", "edge", 5, 16, since=150),
    Spot("dark-street", "lamps", "lamps", 2, 40, months=(1, 2, 3, 9, 10, 11, 12), within=220),
    Spot("lift", "lifts", "house", 4, 30),
    Spot("lift-2", "lifts", "house", 17, 14, until=420),
    Spot("pit", "roads", "road", 9, 22, months=(2, 3, 4, 5, 10, 11)),
    Spot("stop", "transport", "road", 14, 20),
    Spot("bins", "waste", "house", 23, 28),
    Spot("bins-2", "waste", "house", 31, 16, until=300),
    Spot("pavement-cars", "parking", "road", 21, 32, since=0),
    Spot("cold-house", "heating", "house", 41, 18, months=(1, 2, 3, 10, 11, 12)),
    Spot("roof", "yards", "house", 52, 14, since=200),
    Spot("leak", "water", "road", 27, 18, since=30, until=500),
    Spot("dogs", "animals", "road", 33, 14, months=(1, 2, 3, 10, 11, 12)),
    Spot("new-leak", "sewage", "road", 38, 12, until=40),  # a cluster of the last weeks
    Spot("new-dark", "lamps", "lamps", 6, 14, until=25, within=120),
)
