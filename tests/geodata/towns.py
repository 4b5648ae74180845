"""Towns that hypothesis draws: reports on a lattice, what happens to them, and counting them by hand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from hypothesis import strategies as st

from core.models import Visibility
from geodata.boxes import Box
from geodata.squares import Squares, place_in_grid
from issues.blur import blurred
from issues.models import Issue
from issues.states import GROUPS as GROUP_OF
from issues.states import State
from routing.models import Category

WEST, SOUTH = 28.46, 49.22
STEP = 0.001  # degrees between drawn points
FIRST_DAY = datetime(2025, 1, 1, 12, tzinfo=UTC)
STATES = [State.NEW, State.IN_PROGRESS, State.DONE, State.REJECTED]
VISIBILITIES = [Visibility.PUBLIC] * 4 + [Visibility.COARSE, Visibility.HELD, Visibility.HIDDEN]


@dataclass(frozen=True)
class Dot:
    """One drawn report."""

    right: int
    up: int
    state: State
    visibility: Visibility
    kind: int  # which of the categories
    day: int  # since FIRST_DAY

    @property
    def place(self) -> tuple[float, float]:
        return WEST + self.right * STEP, SOUTH + self.up * STEP

    @property
    def point(self) -> Point:
        return Point(*self.place, srid=4326)

    @property
    def at(self) -> datetime:
        return FIRST_DAY + timedelta(days=self.day)


dots = st.builds(
    Dot,
    right=st.integers(0, 12),
    up=st.integers(0, 12),
    state=st.sampled_from(STATES),
    visibility=st.sampled_from(VISIBILITIES),
    kind=st.integers(0, 1),
    day=st.integers(0, 600),
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """A box whose edges run between the drawn points."""
    west, south = draw(st.integers(-1, 10)), draw(st.integers(-1, 10))
    width, height = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    half = STEP / 2
    left, bottom = WEST + west * STEP + half, SOUTH + south * STEP + half
    return Box(left, bottom, left + width * STEP, bottom + height * STEP)


@dataclass(frozen=True, slots=True)
class Seen:
    """What strangers know of a report, told by its rows one by one."""

    pk: int
    x: int
    y: int
    group: str
    category: str
    at: datetime


def seen_by_strangers(categories: Iterable[Category]) -> list[Seen]:
    """Brute force over all reports of the open scope: their public places, in Python."""
    codes = {category.pk: category for category in categories}
    found = []
    for issue in Issue.objects.select_related("subject", "category"):
        if issue.subject.visibility not in (Visibility.PUBLIC, Visibility.COARSE):
            continue
        place = issue.location.coords
        if issue.subject.visibility == Visibility.COARSE or issue.category.is_sensitive:
            place = blurred(*place)
        code = codes[issue.category_id].code
        found.append(Seen(issue.pk, *place_in_grid(*place), str(GROUP_OF[State(issue.state)]), code, issue.created_at))
    return found


def in_squares(seen: Iterable[Seen], squares: Squares) -> Counter[tuple[int, int]]:
    """How many stand in each of the squares."""
    left, right, top, bottom = squares.edges
    return Counter(
        (one.x >> squares.shift, one.y >> squares.shift)
        for one in seen
        if left <= one.x <= right and top <= one.y <= bottom
    )


def in_box(seen: Iterable[Seen], box: Box) -> list[Seen]:
    """Those inside the box."""
    (left, top), (right, bottom) = place_in_grid(box.west, box.north), place_in_grid(box.east, box.south)
    return [one for one in seen if left <= one.x <= right and top <= one.y <= bottom]


def counts_of(answer: dict[str, Any]) -> Counter[int]:
    """How many marks stand for how many things."""
    return Counter(feature["properties"].get("count", 1) for feature in answer["features"])
