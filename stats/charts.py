"""Time series as SVG: bars of what came in and a line of what was done, drawn twice, for wide and for narrow pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

from django.utils.formats import date_format

from stats.numbers import Counts
from stats.periods import Period
from stats.saying import number

LEFT, TOP, FOOT = 44, 16, 30  # px beside the drawing: for the numbers, above, for the months
LETTERS = 52  # px that the name of a month needs


@dataclass(frozen=True, slots=True)
class Bar:
    """px from the top left; `is_part`: its month is not over."""

    x: float
    y: float
    width: float
    height: float
    is_part: bool


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place, px."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing, px. `line`: points as a polyline wants them."""

    name: str
    width: int
    height: int
    left: int
    right: int
    bars: Sequence[Bar]
    line: str
    dots: Sequence[tuple[float, float]]
    lines: Sequence[Label]  # across, with the number that they stand for
    months: Sequence[Label]


def charts(by_month: Sequence[tuple[date, Counts]], period: Period, *, bar: str, line: str) -> list[Chart]:
    """Both drawings of two measures; none of an empty period."""
    if not any(counts[bar] or counts[line] for _month, counts in by_month):
        return []
    sizes = (("wide", 760, 270), ("narrow", 360, 250))
    return [_chart(name, width, height, by_month, period, (bar, line)) for name, width, height in sizes]


def steps(most: int) -> list[int]:
    """Round numbers from 0 to at least `most`, three to six of them."""
    raw = max(1, most) / 4
    size = 10 ** floor(log10(raw))
    step = max(1, round(next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)))
    return [step * place for place in range(ceil(max(1, most) / step) + 1)]


def _chart(
    name: str,
    width: int,
    height: int,
    by_month: Sequence[tuple[date, Counts]],
    period: Period,
    measures: tuple[str, str],
) -> Chart:
    bar, line = measures
    marks = steps(max(max(counts[bar], counts[line]) for _month, counts in by_month))
    floor_y, room = height - FOOT, height - FOOT - TOP
    slot = (width - LEFT - 8) / len(by_month)

    def y_of(many: int) -> float:
        return round(floor_y - room * many / marks[-1], 1)

    def x_of(place: int) -> float:
        return round(LEFT + slot * (place + 0.5), 1)

    thick = round(min(30.0, slot * 0.62), 1)
    every = max(1, ceil(LETTERS / slot))
    dots = [(x_of(place), y_of(counts[line])) for place, (_month, counts) in enumerate(by_month)]
    return Chart(
        name=name,
        width=width,
        height=height,
        left=LEFT,
        right=width - 8,
        bars=[
            Bar(round(x_of(place) - thick / 2, 1), y_of(counts[bar]), thick, round(floor_y - y_of(counts[bar]), 1),
                is_part=period.is_running and month == period.last)
            for place, (month, counts) in enumerate(by_month)
        ],
        line=" ".join(f"{x},{y}" for x, y in dots),
        dots=dots if slot > 14 else [],
        lines=[Label(LEFT - 8, y_of(mark), number(mark)) for mark in marks],
        months=[
            Label(x_of(place), height - 9, _month_name(month, len(by_month)))
            for place, (month, _counts) in enumerate(by_month)
            if (len(by_month) - 1 - place) % every == 0
        ],
    )  # fmt: skip


def _month_name(month: date, many: int) -> str:
    return date_format(month, "M") if many <= 12 else date_format(month, "M y")
