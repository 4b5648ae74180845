"""What residents and services photographed in Яворин, drawn by code: the same name and seed give the same photo."""

import random
from collections.abc import Callable

from openmap.demo import scenes_of_houses, scenes_of_places, scenes_of_seasons, scenes_of_streets
from openmap.demo.brush import LARGE, MODERATE, Brush

Painter = Callable[[Brush], None]

SCENES: dict[str, Painter] = {
    **scenes_of_streets.SCENES,
    **scenes_of_places.SCENES,
    **scenes_of_houses.SCENES,
    **scenes_of_seasons.SCENES,
}


def photo_of(scene: str, *, seed: str, is_large: bool = True) -> bytes:
    """A JPEG of that scene, different for every seed. Raises KeyError for an unknown scene."""
    brush = Brush(random.Random(f"{scene} {seed}"), LARGE if is_large else MODERATE)  # noqa: S311
    SCENES[scene](brush)
    return brush.photo()
