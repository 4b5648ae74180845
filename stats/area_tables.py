"""The areas of a division side by side: a table, and what a map of them is shaded by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from geodata.models import Area
from stats import saying
from stats.areas import code_of
from stats.figures import FEW, kept_of, rate
from stats.numbers import NOTHING, Counts
from stats.populations import People
from stats.shading import Picture, Shaded, picture
from stats.times import Times
from stats.uncertainty import Interval

# What a map may be shaded by, in the order in which it is offered.
SHADINGS: Mapping[str, Any] = {
    "opened": _("Reports"),
    "rate": _("Reports per 1,000 residents"),
    "kept": _("Answered on time"),
    "fix": _("Time until it is fixed"),
}


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area. `kept`, `rate`: with what is probable; None where there is nothing to say."""

    area: Area
    counts: Counts
    kept: Interval | None
    rate: Interval | None
    fix: Times | None
    shade: int = 0
    is_chosen: bool = False

    @property
    def code(self) -> str:
        return code_of(self.area)

    @property
    def promised(self) -> int:
        """Of how many promises the share that was kept is told."""
        return self.counts["kept"] + self.counts["late"]

    @property
    def is_few(self) -> bool:
        """Whether the share says little."""
        return self.promised < FEW

    def value(self, by: str) -> float | None:
        """What the map is shaded by; None where it is too little or not known."""
        if by == "rate":
            return self.rate.value if self.rate and self.counts["opened"] >= FEW else None
        if by == "kept":
            return self.kept.value if self.kept and not self.is_few else None
        if by == "fix":
            return self.fix.median if self.fix and self.fix.many >= FEW else None
        return float(self.counts["opened"])

    def said(self, by: str) -> str:
        """The same in words, for the map."""
        value = self.value(by)
        return "" if value is None else said(value, by)


@dataclass(frozen=True, slots=True)
class AreaTable:
    """Areas by name, with a map shaded by `by`."""

    rows: Sequence[AreaRow]
    by: str
    picture: Picture | None
    offered: Sequence[tuple[str, Any]]

    @property
    def title(self) -> Any:
        return SHADINGS[self.by]

    @property
    def legend(self) -> list[tuple[int, str]]:
        """Shade and words of every class."""
        if self.picture is None:
            return []
        shades = {row.value(self.by): row.shade for row in self.rows}
        found = []
        for one in self.picture.classes:
            low, high = said(one.low, self.by), said(one.high, self.by)
            found.append((shades[one.low], low if low == high else f"{low} – {high}"))
        return found

    @property
    def has_unsaid(self) -> bool:
        return any(row.shade == 0 for row in self.rows)

    @property
    def has_rates(self) -> bool:
        return any(row.rate for row in self.rows)

    @property
    def has_times(self) -> bool:
        return any(row.fix for row in self.rows)


def said(value: float, by: str) -> str:
    """A value as the map and its legend say it."""
    if by == "kept":
        return saying.percent(value)
    if by == "fix":
        return str(saying.duration(value))
    return saying.number(value, 1 if by == "rate" else 0)


def area_table(
    areas: Sequence[Area],
    counts: Mapping[int, Counts],
    *,
    by: str,
    people: Mapping[int | None, People],
    fix: Mapping[int, Times],
    chosen: int | None = None,
) -> AreaTable:
    """The table of these areas (whose divisions are there); `chosen` is outlined on the map.

    Where nothing can be shaded by what was asked for, the map is shaded by how much was reported.
    """
    rows = [_row(area, counts.get(area.pk, NOTHING), people.get(area.pk), fix.get(area.pk)) for area in areas]
    usable = {code: name for code, name in SHADINGS.items() if any(row.value(code) is not None for row in rows)}
    by = by if by in usable else "opened"
    drawn = picture({row.area.pk: Shaded(row.area.name, row.value(by), row.said(by)) for row in rows}, chosen=chosen)
    shades = {shape.area: shape.shade for shape in drawn.shapes} if drawn else {}
    rows = [
        AreaRow(r.area, r.counts, r.kept, r.rate, r.fix, shade=shades.get(r.area.pk, 0), is_chosen=r.area.pk == chosen)
        for r in rows
    ]
    return AreaTable(rows, by, drawn, list(usable.items()))


def _row(area: Area, counts: Counts, people: People | None, fix: Times | None) -> AreaRow:
    return AreaRow(area, counts, kept_of(counts), rate(counts["opened"], people), fix)
