"""A small brush for drawn stand-ins of photographs: 400 × 300 units, y down."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from openmap.demo.curves import XY, smooth

WIDTH, HEIGHT = 400, 300  # units of a scene
QUALITY: Final = 86


@dataclass(frozen=True, slots=True)
class Film:
    """How large a photo is: px per unit while it is drawn, then px of the finished one; how it is softened, px."""

    scale: float
    size: tuple[int, int]
    blur: float


LARGE: Final = Film(3.2, (960, 720), 0.6)
MODERATE: Final = Film(1.1, (400, 300), 0.0)  # for photos by the thousand


class Brush:
    """Draws in units of the scene."""

    def __init__(self, chance: random.Random, film: Film = LARGE) -> None:
        self.chance, self._film = chance, film
        self.image = Image.new("RGB", (round(WIDTH * film.scale), round(HEIGHT * film.scale)), "#888888")
        self._draw = ImageDraw.Draw(self.image, "RGBA")

    def polygon(self, fill: str, *corners: XY) -> None:
        self._draw.polygon(self._px(corners), fill=fill)

    def shape(self, fill: str, *points: XY) -> None:
        """A smooth closed shape through the points."""
        self._draw.polygon(self._px(smooth(points, closed=True)), fill=fill)

    def box(self, fill: str, left: float, top: float, width: float, height: float) -> None:
        self.polygon(fill, (left, top), (left + width, top), (left + width, top + height), (left, top + height))

    def disc(self, fill: str, x: float, y: float, wide: float, high: float | None = None) -> None:
        """An ellipse with these half axes."""
        high = wide if high is None else high
        self._draw.ellipse(self._px([(x - wide, y - high), (x + wide, y + high)]), fill=fill)

    def ring(self, colour: str, x: float, y: float, wide: float, high: float, width: float) -> None:
        box = self._px([(x - wide, y - high), (x + wide, y + high)])
        self._draw.ellipse(box, outline=colour, width=round(width * self._film.scale))

    def stroke(self, colour: str, width: float, *points: XY, bent: bool = False) -> None:
        """A line with round ends; `bent` makes it smooth."""
        path = smooth(points) if bent else list(points)
        self._draw.line(self._px(path), fill=colour, width=round(width * self._film.scale), joint="curve")
        for x, y in (path[0], path[-1]):
            self.disc(colour, x, y, width / 2)

    def fade(self, top: str, bottom: str, until: float = HEIGHT) -> None:
        """A sky that changes from one colour to another."""
        column = Image.new("RGB", (1, 2))
        column.putpixel((0, 0), _rgb(top))
        column.putpixel((0, 1), _rgb(bottom))
        size = (self.image.width, round(until * self._film.scale))
        self.image.paste(column.resize(size, Image.Resampling.BICUBIC), (0, 0))

    def crumbs(self, colours: Sequence[str], count: int, top: float, bottom: float, largest: float = 2) -> None:
        """Pebbles, specks and leaves."""
        for _ in range(count):
            colour, size = self.chance.choice(colours), self.chance.uniform(0.5, largest)
            self.disc(colour, self.chance.uniform(0, WIDTH), self.chance.uniform(top, bottom), size)

    def _px(self, points: Sequence[XY]) -> list[XY]:
        scale = self._film.scale
        return [(x * scale, y * scale) for x, y in points]

    def near(self, value: float, most: float) -> float:
        """The value, moved at random by up to `most`."""
        return value + self.chance.uniform(-most, most)

    def photo(self) -> bytes:
        """The scene as a camera would have it: framed by hand, in the light of that day, with grain; a JPEG."""
        chance, image = self.chance, self.image
        margin = chance.uniform(0.0, 0.07)
        left, top = (chance.uniform(0, margin) * side for side in image.size)
        frame = (left, top, left + image.width * (1 - margin), top + image.height * (1 - margin))
        soft = Image.Resampling.BICUBIC if self._film.blur else Image.Resampling.BILINEAR
        image = image.resize(self._film.size, soft, box=frame)
        if chance.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        image = ImageEnhance.Brightness(image).enhance(chance.uniform(0.9, 1.08))
        image = ImageEnhance.Color(image).enhance(chance.uniform(0.8, 1.1))
        image = Image.blend(image, _grain(chance, self._film.size), 0.05)
        out = BytesIO()
        if self._film.blur:
            image = image.filter(ImageFilter.GaussianBlur(self._film.blur))
        image.save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


def _grain(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    small = (size[0] // 4, size[1] // 4)
    noise = Image.frombytes("L", small, chance.randbytes(small[0] * small[1]))
    return noise.resize(size, Image.Resampling.NEAREST).convert("RGB")


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue
