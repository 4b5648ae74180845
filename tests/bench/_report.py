"""The form that every measurement has: ratios with goals, a table, and JSON.

{"bench", "rows", "figures", "ratios": [{"name", "value", "goal", "met"}]}
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure that means the same on every machine, or a count that must be exact. `goal` is words: "≥ 0.6"."""

    name: str
    value: float
    goal: str
    met: bool


def at_least(name: str, value: float, goal: float) -> Ratio:
    """The more the better."""
    return Ratio(name, round(value, 3), f"≥ {goal:g}", met=value >= goal)


def at_most(name: str, value: float, goal: float) -> Ratio:
    """The less the better."""
    return Ratio(name, round(value, 3), f"≤ {goal:g}", met=value <= goal)


def exactly(name: str, value: float, goal: float) -> Ratio:
    """Neither more nor less."""
    return Ratio(name, value, f"= {goal:g}", met=value == goal)


@dataclass(frozen=True, slots=True)
class Report:
    """What a measurement found. `rows`: how many things it worked on; `details` are printed, never part of the JSON."""

    bench: str
    rows: int
    figures: Mapping[str, Any]
    ratios: Sequence[Ratio]
    details: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """The JSON, with nothing beside the four names."""
        return {
            "bench": self.bench,
            "rows": self.rows,
            "figures": dict(self.figures),
            "ratios": [asdict(ratio) for ratio in self.ratios],
        }

    def as_table(self) -> str:
        """Figures, then ratios, as Markdown, then the details."""
        parts = [_figures(self.figures), f"Rows: {self.rows:,}."]
        if self.ratios:
            rows = [[r.name, f"{r.value:g}", r.goal, "yes" if r.met else "**no**"] for r in self.ratios]
            parts.append(table(["ratio", "value", "goal", "met"], rows))
        return "\n\n".join([*parts, *self.details])

    def say(self, *, as_json: bool) -> None:
        """Prints the one or the other on standard output."""
        said = json.dumps(self.as_dict(), ensure_ascii=False) if as_json else self.as_table()
        sys.stdout.write(said + "\n")

    @property
    def exit_code(self) -> int:
        """1 when a goal is missed: for trials, whose counts are exact. A speed is no test."""
        return 0 if all(ratio.met for ratio in self.ratios) else 1


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown. Bars inside a cell become strokes."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def _figures(figures: Mapping[str, Any]) -> str:
    """One table of plain figures; one of rows that have the same columns."""
    plain = [(name, value) for name, value in figures.items() if not isinstance(value, Mapping)]
    wide = {name: value for name, value in figures.items() if isinstance(value, Mapping)}
    parts = []
    if plain:
        parts.append(table(["what", "figure"], plain))
    groups: dict[tuple[str, ...], list[list[object]]] = {}
    for name, row in wide.items():
        groups.setdefault(tuple(row), []).append([name, *row.values()])
    parts += [table(["what", *columns], rows) for columns, rows in groups.items()]
    return "\n\n".join(parts)
