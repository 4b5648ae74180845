"""What happened with one report, from its first words to its last: to be written in bulk or told through the doors."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from django.contrib.gis.geos import Point

from openmap.demo.history.words import Phrase
from routing.models import Asset
from routing.responsibility import Verdict

_NAMES = UUID("5f0c9d0e-5f1a-4b7e-9d53-6a0c1c5b7a11")


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo that is yet to be drawn."""

    scene: str
    seed: str

    @property
    def name(self) -> str:
        """What the phone called the file."""
        return f"IMG_{uuid5(_NAMES, f'{self.scene} {self.seed}').int % 9000 + 1000}.jpg"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was. `point`: SRID 4326. `asset`: what a resident chose of the category's register."""

    point: Point
    address: str
    street: str
    asset: Asset | None = None
    entrance: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happened to a report.

    `do`: accept, start, ask, finish, reject, reply, refuse, pass (the organisation); confirm, reopen, withdraw, add
    (the reporter); publish, hide, duplicate (a moderator). `verdict`: who got it after it was handed on.
    """

    at: datetime
    do: str
    words: str = ""
    shot: Shot | None = None
    verdict: Verdict | None = None


@dataclass(slots=True)
class Tale:
    """One report. `joined`: when others said that it concerns them too."""

    kind: str  # code of a category
    at: datetime
    place: Place
    words: str
    opening: Phrase  # of the words: what they are about
    shot: Shot | None = None
    answers: dict[str, str] = field(default_factory=dict)
    name: str = ""  # of the reporter, when everybody may see it
    joined: list[datetime] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    verdict: Verdict | None = None  # who got it first
    repeats: "Tale | None" = None
