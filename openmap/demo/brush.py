"""A small brush for drawn stand-ins of photographs: 400 × 300 units, y down."""

import random
from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from openmap.demo.curves import XY, smooth

WIDTH, HEIGHT = 400, 300  # units of a scene
SCALE: Final = 3.2  # px per unit while it is drawn
SIZE: Final = (960, 720)  # px of the finished photo
QUALITY: Final = 86


class Brush:
    """Draws in units of the scene."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.image = Image.new("RGB", (round(WIDTH * SCALE), round(HEIGHT * SCALE)), "#888888")
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def polygon(self, fill: str, *corners: XY) -> None:
        self._draw.polygon(_px(corners), fill=fill)

    def shape(self, fill: str, *points: XY) -> None:
        """A smooth closed shape through the points."""
        self._draw.polygon(_px(smooth(points, closed=True)), fill=fill)

    def box(self, fill: str, left: float, top: float, width: float, height: float) -> None:
        self.polygon(fill, (left, top), (left + width, top), (left + width, top + height), (left, top + height))

    def disc(self, fill: str, x: float, y: float, wide: float, high: float | None = None) -> None:
        """An ellipse with these half axes."""
        high = wide if high is None else high
        self._draw.ellipse(_px([(x - wide, y - high), (x + wide, y + high)]), fill=fill)

    def ring(self, colour: str, x: float, y: float, wide: float, high: float, width: float) -> None:
        box = _px([(x - wide, y - high), (x + wide, y + high)])
        self._draw.ellipse(box, outline=colour, width=round(width * SCALE))

    def stroke(self, colour: str, width: float, *points: XY, bent: bool = False) -> None:
        """A line with round ends; `bent` makes it smooth."""
        path = smooth(points) if bent else list(points)
        self._draw.line(_px(path), fill=colour, width=round(width * SCALE), joint="curve")
        for x, y in (path[0], path[-1]):
            self.disc(colour, x, y, width / 2)

    def fade(self, top: str, bottom: str, until: float = HEIGHT) -> None:
        """A sky that changes from one colour to another."""
        column = Image.new("RGB", (1, 2))
        column.putpixel((0, 0), _rgb(top))
        column.putpixel((0, 1), _rgb(bottom))
        size = (self.image.width, round(until * SCALE))
        self.image.paste(column.resize(size, Image.Resampling.BICUBIC), (0, 0))

    def crumbs(self, colours: Sequence[str], count: int, top: float, bottom: float, largest: float = 2) -> None:
        """Pebbles, specks and leaves."""
        for _ in range(count):
            colour, size = self.chance.choice(colours), self.chance.uniform(0.5, largest)
            self.disc(colour, self.chance.uniform(0, WIDTH), self.chance.uniform(top, bottom), size)

    def near(self, value: float, most: float) -> float:
        """The value, moved at random by up to `most`."""
        return value + self.chance.uniform(-most, most)

    def photo(self) -> bytes:
        """The scene as a camera would have it: framed by hand, in the light of that day, with grain; a JPEG."""
        chance, image = self.chance, self.image
        margin = chance.uniform(0.0, 0.07)
        left, top = (chance.uniform(0, margin) * side for side in image.size)
        frame = (left, top, left + image.width * (1 - margin), top + image.height * (1 - margin))
        image = image.resize(SIZE, Image.Resampling.BICUBIC, box=frame)
        if chance.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        image = ImageEnhance.Brightness(image).enhance(chance.uniform(0.9, 1.08))
        image = ImageEnhance.Color(image).enhance(chance.uniform(0.8, 1.1))
        image = Image.blend(image, _grain(chance), 0.05)
        out = BytesIO()
        image.filter(ImageFilter.GaussianBlur(0.6)).save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


def _grain(chance: random.Random) -> Image.Image:
    small = (SIZE[0] // 4, SIZE[1] // 4)
    noise = Image.frombytes("L", small, chance.randbytes(small[0] * small[1]))
    return noise.resize(SIZE, Image.Resampling.NEAREST).convert("RGB")


def _px(points: Sequence[XY]) -> list[XY]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
