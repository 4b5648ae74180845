"""What one photo costs: ours against naive Pillow and libvips, in CPU time (user and system), 1600 and 400 px WebP.

    ./misto bench photo [--rounds 5] [--json]

Each round prepares every photo once by every way, in another order, so that a busy machine disturbs all alike. The
database is not used. `photos` (several) is another measurement: the trial of cameras' files.
"""

import logging
import os
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import BytesIO
from statistics import median
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

import pillow_heif
import pyvips
from PIL import Image, ImageFilter, ImageOps

from media.cleaning import LARGE, METHOD, QUALITY, SMALL, clean
from tests.bench._report import Report, at_least, at_most

pillow_heif.register_heif_opener()
logging.getLogger("pyvips").setLevel(logging.CRITICAL)

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF")
TWELVE, FORTY_EIGHT = (4000, 3000), (8000, 6000)
QUICKLY: dict[str, dict[str, Any]] = {"JPEG": {"quality": 90}, "AVIF": {"speed": 10}, "TIFF": {"compression": "jpeg"}}
FASTER_THAN_NAIVE = 1.8
OF_VIPS = 1.1
Way = Callable[[bytes], Sequence[bytes]]


@lru_cache(maxsize=2)
def scene(width: int, height: int) -> Image.Image:
    """Something as busy as a street: noise of several grains, blurred as a lens does."""
    coarse = Image.effect_noise((width // 16, height // 16), 90).resize((width, height), Image.Resampling.BICUBIC)
    fine = Image.effect_noise((width, height), 30).filter(ImageFilter.GaussianBlur(2))
    grey = Image.blend(coarse, fine, 0.3)
    return Image.merge("RGB", (coarse, grey, grey))


def photo(kind: str, size: tuple[int, int]) -> bytes:
    """The scene as a camera would write it, lying on its side where the format can say so."""
    out = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6 if kind == "JPEG" else 1
    scene(*size).save(out, kind, exif=exif, **QUICKLY.get(kind, {}))
    return out.getvalue()


def ours(data: bytes) -> Sequence[bytes]:
    """What a worker does."""
    cleaned = clean(data)
    return cleaned.large, cleaned.small


def naive(data: bytes) -> Sequence[bytes]:
    """Open, turn, resize, save, as every tutorial has it."""
    results = []
    for side in (LARGE, SMALL):
        image = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
        longest = max(image.size)
        image = image.resize((image.width * side // longest, image.height * side // longest), Image.Resampling.LANCZOS)
        out = BytesIO()
        image.save(out, "WEBP", quality=QUALITY)
        results.append(out.getvalue())
    return results


def vips(data: bytes) -> Sequence[bytes]:
    """libvips as its authors advise: a thumbnail while decoding, the small one from the large; as hard WebP as ours."""
    large = pyvips.Image.thumbnail_buffer(data, LARGE, height=LARGE, size="down").copy_memory()
    small = large.thumbnail_image(SMALL, height=SMALL)
    return [image.webpsave_buffer(Q=QUALITY, effort=METHOD, keep="none") for image in (large, small)]


WAYS: dict[str, Way] = {"ours": ours, "naive": naive, "vips": vips}


def cpu_ms(way: Way, data: bytes) -> float:
    """Milliseconds of both processors' work, of all threads."""
    before = os.times()
    way(data)
    after = os.times()
    return 1000 * (after.user - before.user + after.system - before.system)


def vips_reads(data: bytes) -> bool:
    """Whether this libvips was built with a decoder for it (the wheel has none for HEVC)."""
    try:
        vips(data)
    except pyvips.Error:
        return False
    return True


def measure(cases: dict[str, bytes], *, rounds: int) -> dict[str, dict[str, float]]:
    """{case: {way: median CPU ms}}, and the bytes of both sizes."""
    spent: dict[str, dict[str, list[float]]] = {name: {} for name in cases}
    possible = {name: [way for way in WAYS if way != "vips" or vips_reads(data)] for name, data in cases.items()}
    for turn in range(rounds):
        for name, data in cases.items():
            ways = possible[name]
            for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
                spent[name].setdefault(way, []).append(cpu_ms(WAYS[way], data))
    return {name: {way: round(median(all_of)) for way, all_of in ways.items()} for name, ways in spent.items()}


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; a speed is no test."""
    parser = ArgumentParser(description="What one photo costs.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    scale = (options.megapixels / 12) ** 0.5
    usual, huge = ((round(width * scale), round(height * scale)) for width, height in (TWELVE, FORTY_EIGHT))
    cases = {f"{kind}, {options.megapixels:g} MP": photo(kind, usual) for kind in FORMATS}
    cases[f"JPEG, {4 * options.megapixels:g} MP"] = photo("JPEG", huge)
    found = measure(cases, rounds=options.rounds)
    ratios = []
    for name, ms in found.items():
        ratios.append(at_least(f"{name}: naive / ours", ms["naive"] / max(ms["ours"], 1), FASTER_THAN_NAIVE))
        if "vips" in ms:
            ratios.append(at_most(f"{name}: ours / libvips", ms["ours"] / max(ms["vips"], 1), OF_VIPS))
    figures = {name: {f"{way}_cpu_ms": ms.get(way, "–") for way in WAYS} for name, ms in found.items()}
    Report("photo", len(cases), figures, ratios).say(as_json=options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
