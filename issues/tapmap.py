"""The drawn map that is tapped without JavaScript: which view of it is shown, and which place a tap names."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from geodata.boxes import BadBoxError, Box, Corner, box_around, parse_box, point_at, zoomed
from geodata.models import Community

IMAGE_WIDTH, IMAGE_HEIGHT = 800, 560  # px
# Names of the image buttons and the width in px at which they stand on the page: browsers send pixels of that.
TAPPED = {"tap": 640, "tap_small": 320}
CLOSE_ZOOM = 16
CLOSER = 0.4  # how much of each side a tap keeps

Given = Mapping[str, Any]  # what a form sent


class View(NamedTuple):
    """Where a map looks: its middle (longitude, latitude) and its zoom."""

    centre: Corner
    zoom: float


def image_sizes() -> list[tuple[str, int, int]]:
    """(name, width, height) of each image button, px."""
    return [(name, width, width * IMAGE_HEIGHT // IMAGE_WIDTH) for name, width in TAPPED.items()]


def tapped(given: Given) -> tuple[float, float] | None:
    """The pixel of the IMAGE_WIDTH × IMAGE_HEIGHT picture that was tapped, or None."""
    for name, width in TAPPED.items():
        if f"{name}.x" in given and f"{name}.y" in given:
            scale = IMAGE_WIDTH / width
            x, y = number(given[f"{name}.x"]) * scale, number(given[f"{name}.y"]) * scale
            return min(max(x, 0.0), IMAGE_WIDTH), min(max(y, 0.0), IMAGE_HEIGHT)
    return None


def place_tapped(given: Given, community: Community) -> Corner | None:
    """Longitude and latitude of the tap, or None."""
    pixel = tapped(given)
    if pixel is None:
        return None
    return point_at(shown_box(given.get("tap_box", ""), community), *pixel, IMAGE_WIDTH, IMAGE_HEIGHT)


def box_to_show(given: Given, place: Corner | None, community: Community, view: View | None = None) -> str:
    """The view to show next: the community, or closer around the chosen place."""
    if view:
        return str(box_around(view.centre, view.zoom, IMAGE_WIDTH, IMAGE_HEIGHT))
    shown = shown_box(given.get("tap_box", ""), community)
    do = given.get("do", "")
    if tapped(given) or do == "zoom_in":
        return str(zoomed(shown, CLOSER, place))
    if do == "zoom_out":
        return str(zoomed(shown, 1 / CLOSER, place))
    if place and "tap_box" not in given:
        return str(box_around(place, CLOSE_ZOOM, IMAGE_WIDTH, IMAGE_HEIGHT))
    return str(shown)


def shown_box(text: str, community: Community) -> Box:
    """The box that the form says it showed; the whole community when it says none."""
    try:
        return parse_box(text)
    except BadBoxError:
        if bounds := community.bounds():
            return Box(*bounds)
        return box_around((community.centre.x, community.centre.y), community.zoom, IMAGE_WIDTH, IMAGE_HEIGHT)


def number(text: Any) -> float:
    """The finite number that the text is, else 0."""
    try:
        found = float(text or 0)
    except (TypeError, ValueError):
        return 0.0
    return found if isfinite(found) else 0.0
