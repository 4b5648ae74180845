"""Where addresses come from. geodata has a table of them; an app that knows others registers a source in ready()."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from django.contrib.gis.geos import Point

from geodata.boxes import Corner
from geodata.models import Community


class Sure(StrEnum):
    """How sure it is that somebody meant this."""

    EXACT = "exact"  # named so, and the number exists
    CLOSE = "close"  # a letter or two differ, or the number is another one of the same house
    STREET = "street"  # the street, as the number is not known
    GUESS = "guess"  # the nearest that there is


@dataclass(frozen=True, slots=True)
class Found:
    """One address or street. `place`: (lon, lat); `metres` from the point that was asked about, None without one."""

    label: str
    place: Corner
    sure: Sure
    is_street: bool = False
    former: str = ""  # the former name that was typed, when it was one
    metres: float | None = None
    missing: str = ""  # the number that was typed, when the street is known and its number is not


class Source(Protocol):
    """Further addresses of a community, asked when it has imported none. Called inside the community's scope."""

    def find(self, text: str, *, community: Community, near: Point | None, on: date, limit: int) -> list[Found]:
        """What a person may mean by the text, the likeliest first."""
        ...

    def nearest(self, point: Point, *, community: Community, on: date, within: float) -> Found | None:
        """The house that is nearest to the point (SRID 4326), no farther than so many metres."""
        ...


_sources: list[Source] = []


def register(source: Source) -> None:
    """Adds a source, once."""
    if source not in _sources:
        _sources.append(source)


def all_sources() -> list[Source]:
    """Sources in the order in which they registered."""
    return list(_sources)
