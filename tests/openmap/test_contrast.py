"""Tokens keep their contrast in both schemes and at every hue of a community (WCAG 2.2: 1.4.3 and 1.4.11)."""

import math
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

TEXT, MARK = 4.5, 3.0
STATES = ["wait", "work", "done", "shut", "late"]
ON_TEXT = [
    ("ink", "bg"), ("ink", "surface"), ("ink", "surface-2"), ("ink", "surface-3"),
    ("ink-2", "bg"), ("ink-2", "surface"), ("ink-2", "surface-2"), ("ink-2", "surface-3"),
    ("ink-3", "bg"), ("ink-3", "surface"), ("ink-3", "surface-2"),
    *((state, f"{state}-soft") for state in STATES),
    *((state, "surface") for state in STATES),
    *(("on-state", state) for state in STATES),
    *(("ink", f"{state}-soft") for state in STATES),
]  # fmt: skip
ON_MARKS = [(state, f"map-{ground}") for state in STATES for ground in ("land", "park", "water", "built")]

Scheme = dict[str, str]


def schemes() -> dict[str, Scheme]:
    """Values of tokens in the light and the dark scheme."""
    file = finders.find("openmap/css/tokens.css")
    assert file
    light, dark = Path(file).read_text(encoding="utf-8").split("@media screen and (prefers-color-scheme: dark)")
    read = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{3,6}|oklch\([^;]+\));")
    day = dict(read.findall(light))
    return {"light": day, "dark": day | dict(read.findall(dark))}


def luminance(color: str, hue: float = 0) -> float:
    """Relative luminance (0…1) of `#rgb`, `#rrggbb` or of an accent in oklch at that hue."""
    if color.startswith("#"):
        digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    else:
        lightness, chroma = color.removeprefix("oklch(").split()[:2]
        red, green, blue = linear_rgb(float(lightness), float(chroma.replace("var(--accent-c)", ".135")), hue)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Linear sRGB of an Oklch colour, clipped to the gamut. Matrices: Björn Ottosson, “A perceptual color space”."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return (min(max(red, 0), 1), min(max(green, 0), 1), min(max(blue, 0), 1))


def contrast(scheme: Scheme, one: str, other: str, hue: float = 0) -> float:
    lighter, darker = sorted((luminance(scheme[one], hue), luminance(scheme[other], hue)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_is_readable_on_its_ground(name: str) -> None:
    scheme = schemes()[name]
    weak = {pair: contrast(scheme, *pair) for pair in ON_TEXT if contrast(scheme, *pair) < TEXT}
    assert weak == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_marks_stand_out_on_the_base_map(name: str) -> None:
    scheme = schemes()[name]
    weak = {pair: contrast(scheme, *pair) for pair in ON_MARKS if contrast(scheme, *pair) < MARK}
    assert weak == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_borders_of_fields_can_be_seen(name: str) -> None:
    scheme = schemes()[name]
    assert contrast(scheme, "line-strong", "surface") >= MARK
    assert contrast(scheme, "line-strong", "bg") >= MARK


@pytest.mark.parametrize("name", ["light", "dark"])
def test_accent_is_readable_at_every_hue(name: str) -> None:
    scheme = schemes()[name]
    pairs = [("accent", "surface"), ("accent", "bg"), ("accent", "accent-soft"), ("on-accent", "accent")]
    weak = [(pair, hue) for pair in pairs for hue in range(0, 360, 8) if contrast(scheme, *pair, hue) < TEXT]
    assert weak == []


def test_black_on_white_is_the_greatest_contrast() -> None:
    assert contrast({"ink": "#000", "paper": "#ffffff"}, "ink", "paper") == pytest.approx(21)
