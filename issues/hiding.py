"""Boxes over faces and plates drawn without JavaScript: two taps name two corners, or the edges are typed.

Everything that is drawn so far travels in the form itself: fields whose names begin with `hide_`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from issues.tapmap import number
from media.boxes import MOST_BOXES, Box, BoxesRefusedError, boxes_in

Given = Mapping[str, Any]  # what a form sent
Corner = tuple[float, float]  # parts of the upright picture's width and height

PREFIX: Final = "hide_"
STAGES: Final = {"hide_wide": 672, "hide_small": 312}  # names of the image buttons; px that their longer side may have
EDGES: Final = ("left", "top", "right", "bottom")


class Stage(NamedTuple):
    """One image button; browsers send px of the size at which it stands on the page."""

    name: str
    width: int
    height: int


class Shown(NamedTuple):
    """A box as the page names and draws it: parts of a thousand, written with a point in every language."""

    number: int
    words: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn so far. `corner`: the first of two, tapped already; `trouble`: why the last wish failed."""

    boxes: tuple[Box, ...] = ()
    corner: Corner | None = None
    trouble: str = ""

    @property
    def shown(self) -> list[Shown]:
        """The boxes, for the page."""
        return [_shown(number, box) for number, box in enumerate(self.boxes, start=1)]

    @property
    def as_json(self) -> str:
        return json.dumps(self.boxes)

    @property
    def corner_shown(self) -> tuple[str, str] | None:
        """Where the first corner is marked: parts of a thousand."""
        return (f"{1000 * self.corner[0]:.1f}", f"{1000 * self.corner[1]:.1f}") if self.corner else None

    @property
    def corner_text(self) -> str:
        return f"{self.corner[0]:.4f} {self.corner[1]:.4f}" if self.corner else ""


def stages_for(width: int, height: int) -> list[Stage]:
    """The image buttons for an upright picture of that size, px."""
    longest = max(width, height, 1)
    return [
        Stage(name, max(1, round(width * side / longest)), max(1, round(height * side / longest)))
        for name, side in STAGES.items()
    ]


def drawing_after(given: Given, *, do: str, stages: list[Stage]) -> Drawing:
    """What is drawn after this tap or button."""
    drawing = drawing_in(given)
    if tap := _tapped(given, stages):
        return _with_corner(drawing, tap)
    if do == "hide_again":
        return replace(drawing, corner=None)
    if do == "hide_typed":
        return _with_typed(drawing, given)
    if do.startswith("hide_less:"):
        gone = int(number(do.removeprefix("hide_less:")))
        return replace(drawing, boxes=tuple(box for at, box in enumerate(drawing.boxes, start=1) if at != gone))
    return drawing


def drawing_in(given: Given) -> Drawing:
    """What the form carries; nothing when that is nonsense."""
    try:
        boxes = tuple(boxes_in(json.loads(given.get("hide_boxes", "[]"))))
    except (ValueError, RecursionError):
        boxes = ()
    parts = str(given.get("hide_corner", "")).split()
    corner = (_part(parts[0]), _part(parts[1])) if len(parts) == 2 else None
    return Drawing(boxes, corner)


def is_tap(given: Given) -> bool:
    """Whether one of the image buttons was pressed."""
    return any(f"{name}.x" in given for name in STAGES)


def _tapped(given: Given, stages: list[Stage]) -> Corner | None:
    for name, width, height in stages:
        if f"{name}.x" in given and f"{name}.y" in given:
            return _part(number(given[f"{name}.x"]) / width), _part(number(given[f"{name}.y"]) / height)
    return None


def _part(value: Any) -> float:
    return min(max(number(value), 0.0), 1.0)


def _with_corner(drawing: Drawing, tap: Corner) -> Drawing:
    if drawing.corner is None:
        return replace(drawing, corner=tap)
    return _with_box(replace(drawing, corner=None), (*drawing.corner, *tap))


def _with_typed(drawing: Drawing, given: Given) -> Drawing:
    left, top, right, bottom = (number(str(given.get(f"hide_{edge}", "")).replace(",", ".")) / 100 for edge in EDGES)
    return _with_box(drawing, (left, top, right, bottom))


def _with_box(drawing: Drawing, box: Box) -> Drawing:
    if len(drawing.boxes) >= MOST_BOXES:
        return replace(drawing, trouble=_("No more than 50 places can be hidden on one photo."))
    try:
        [found] = boxes_in([box])
    except (BoxesRefusedError, ValueError):
        return replace(drawing, trouble=_("That place has no size: name two different corners."))
    return replace(drawing, boxes=(*drawing.boxes, found))


def _shown(place: int, box: Box) -> Shown:
    left, top, right, bottom = box
    words = _("Place %(number)s: %(left)s%% from the left, %(top)s%% from the top") % {
        "number": place,
        "left": round(100 * left),
        "top": round(100 * top),
    }
    x, y, width, height = (f"{1000 * part:.1f}" for part in (left, top, right - left, bottom - top))
    return Shown(place, words, x, y, width, height)
