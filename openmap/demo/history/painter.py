"""Draws and cleans photos in a process of its own: no database, no settings, pixels only."""

import os
from collections.abc import Sequence
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread

from media.cleaning import Cleaned, clean
from openmap.demo.scenes import photo_of

Ready = tuple[bytes, Cleaned]  # the file as the phone made it, and what may be shown of it
Boxes = tuple[tuple[float, float, float, float], ...]
Order = tuple[str, str, bool, Boxes]  # scene, seed, whether it is a large photo, what is hidden on it


def paint(orders: Sequence[Order]) -> list[Ready]:
    """Photos in the order in which they were asked for."""
    return [_paint(*order) for order in orders]


def _paint(scene: str, seed: str, is_large: bool, boxes: Boxes) -> Ready:
    data = photo_of(scene, seed=seed, is_large=is_large)
    return data, clean(data, boxes=boxes)


def end_with_parent() -> None:
    """A painter whose parent was killed has nobody to paint for."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_wait, args=(parent.sentinel,), daemon=True).start()


def _wait(sentinel: int) -> None:
    wait([sentinel])
    os._exit(0)
