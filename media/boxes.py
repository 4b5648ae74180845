"""Boxes that hide faces and plates: where they lie on an upright photo, and how they are painted.

Solid and a little wider than drawn; never a blur or a mosaic, which can be turned back.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from PIL import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom: parts of the upright picture's width and height

MOST_BOXES: Final = 50  # on one photo
LEAST: Final = 0.005  # of the width or height: smaller ones nobody drew on purpose
FILL: Final = (17, 17, 17)
WIDER: Final = 0.04  # of the box's own side, on each side of it
WIDER_PX: Final = 2


class BoxesRefusedError(ValueError):
    """No list of boxes. `code`: "nonsense" or "too_many"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def boxes_in(value: Any) -> list[Box]:
    """Boxes from what a browser sent: lists of four numbers, corners in any order, cut at the edges of the picture.

    Those that nobody could see are left out. Raises BoxesRefusedError.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise BoxesRefusedError("nonsense")
    found = [box for box in map(_box, value) if box[2] - box[0] >= LEAST and box[3] - box[1] >= LEAST]
    if len(found) > MOST_BOXES:
        raise BoxesRefusedError("too_many")
    return found


def boxes_in_text(text: str) -> list[Box]:
    """The same from JSON. Raises BoxesRefusedError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise BoxesRefusedError("nonsense") from fault
    return boxes_in(value)


def _box(value: Any) -> Box:
    try:
        first_x, first_y, second_x, second_y = (_inside(float(number)) for number in value)
    except (TypeError, ValueError, OverflowError) as fault:
        raise BoxesRefusedError("nonsense") from fault
    (left, right), (top, bottom) = sorted((first_x, second_x)), sorted((first_y, second_y))
    return left, top, right, bottom


def _inside(number: float) -> float:
    """0 to 1, to a ten-thousandth: less than a pixel of the largest size that is shown."""
    if not math.isfinite(number):
        raise ValueError("not a number")
    return round(min(max(number, 0.0), 1.0), 4)


def paint(image: Image.Image, boxes: Iterable[Sequence[float]]) -> None:
    """Fills the boxes in the upright picture itself."""
    for box in boxes:
        image.paste(FILL, _pixels(box, image.size))


def _pixels(box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels that a box touches, and some more around it."""
    left, right = _widened(box[0], box[2], size[0])
    top, bottom = _widened(box[1], box[3], size[1])
    return left, top, right, bottom


def _widened(start: float, end: float, length: int) -> tuple[int, int]:
    more = (end - start) * length * WIDER + WIDER_PX
    return max(0, math.floor(start * length - more)), min(length, math.ceil(end * length + more))
