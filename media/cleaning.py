"""A photo as it comes → what may be shown. Pure: bytes in, bytes out; no database, no storage.

`inspect` is quick and runs while the person waits; `clean` decodes everything and runs in a worker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final, Protocol

from PIL import Image, ImageCms, ImageFile

from media.boxes import paint
from media.decoders import Format, decoding
from media.formats import format_of
from media.position import UNREADABLE, Position, position_of, read_exif
from media.refusals import MAX_BYTES, MAX_PIXELS, PhotoRefused
from media.webp import webp_chunks

LARGE: Final = 1600  # px, the long side
SMALL: Final = 400
QUALITY: Final = 80
METHOD: Final = 2  # 8 % more bytes than the best method for two thirds of its time
REDUCING_GAP: Final = 1.25  # as near to the wanted size as a JPEG is decoded: a box filter first, Lanczos after it
WHITE: Final = (255, 255, 255)

# Orientation (EXIF 2.32, tag 0x0112) → the turn that makes the picture upright.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Readable(Protocol):
    """An uploaded or an open file."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that looks like a good photo. Width and height are px as stored: not turned yet."""

    format: str
    width: int
    height: int
    position: Position | None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Two WebP files without metadata; width and height are of the large one, px."""

    large: bytes
    small: bytes
    width: int
    height: int


def read_limited(file: Readable) -> bytes:
    """The content of the file. Raises PhotoRefused "too_big" past 20 MB, without reading more than that."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise PhotoRefused("too_big")
    return data


def inspect(data: bytes) -> Inspected:
    """What the file is, told from its content, with the place where it was taken (degrees, SRID 4326).

    Quick: it finds what is plainly damaged and leaves the rest to `clean`. Raises PhotoRefused.
    """
    known, image = _open(data)
    width, height = image.size
    position = position_of(read_exif(known.raw_exif(data, image)))
    known.look_over(data, image)
    return Inspected(known.name, width, height, position)


def clean(data: bytes, *, boxes: Iterable[Sequence[float]] = ()) -> Cleaned:
    """Both sizes, upright, in sRGB on white, with nothing in them but pixels; never larger than the photo.

    `boxes` are painted over (see media.boxes) before anything is written.

    Raises PhotoRefused; "unclean" means that our own result did not pass the last look.
    """
    known, image = _open(data)
    turn = _TURNS.get(known.orientation(read_exif(known.raw_exif(data, image))))
    with decoding():
        target = _fit(image.size, LARGE)
        if target != image.size:
            image.draft(None, target)
        plain = _plain(image)
        if plain.size != target:
            plain = plain.resize(target, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
        plain = _in_srgb(_on_white(plain), image.info.get("icc_profile"))
        large = plain.transpose(turn) if turn is not None else plain
        paint(large, boxes)
        target = _fit(large.size, SMALL)
        small = large.resize(target, Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    written = _webp(large)
    return Cleaned(written, written if target == large.size else _webp(small), large.width, large.height)


def _open(data: bytes) -> tuple[Format, ImageFile.ImageFile]:
    """The photo with its header read and no pixel decoded, so that a decompression bomb stops here."""
    if not data:
        raise PhotoRefused("empty")
    if len(data) > MAX_BYTES:
        raise PhotoRefused("too_big")
    known = format_of(data)
    with decoding():
        image = known.open(data)
    if image.width * image.height > MAX_PIXELS:
        raise PhotoRefused("too_many_pixels")
    if not (image.width and image.height):
        raise PhotoRefused("broken")
    return known, image


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The same proportions with a long side of at most `side` px.

    Rounded down: a decoder asked for one pixel more than half of its picture would decode all of it.
    """
    longest = max(size)
    if longest <= side:
        return size
    return max(1, size[0] * side // longest), max(1, size[1] * side // longest)


def _plain(image: Image.Image) -> Image.Image:
    """Decoded, in a mode that can be resized well: L, RGB, CMYK, or RGBA when something is transparent."""
    image.load()
    if image.mode.startswith("I;16"):  # Pillow's own conversion would make nearly all of it white
        return image.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    if image.mode in {"I", "F"}:
        return _stretched(image)
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return ImageCms.profileToProfile(image, lab, _srgb(), outputMode="RGB") or image
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    fits = image.mode == wanted or (wanted == "RGB" and image.mode in {"L", "CMYK"})
    return image if fits else image.convert(wanted)


def _stretched(image: Image.Image) -> Image.Image:
    """Grey of 32 bits, whole numbers or fractions of any unit: the darkest is black, the lightest white."""
    darkest, lightest = image.getextrema()
    span = (lightest - darkest) or 1  # type: ignore[operator]
    scale, shift = 255 / span, -darkest * 255 / span  # type: ignore[operator]
    return image.convert("F").point(lambda grey: grey * scale + shift).convert("L")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, WHITE)
    paper.paste(image, mask=image.getchannel("A"))
    return paper


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _in_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """RGB as any screen shows it. A profile that does not fit the picture is ignored."""
    if icc_profile:
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
            if not ImageCms.getProfileDescription(profile).startswith("sRGB"):
                image = ImageCms.profileToProfile(image, profile, _srgb(), outputMode="RGB") or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")


def _webp(image: Image.Image) -> bytes:
    """Pixels copied to a fresh image, so that no note comes along; written, then looked at once more."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = BytesIO()
    bare.save(out, "WEBP", quality=QUALITY, method=METHOD)
    _check_nothing_but_pixels(out.getvalue(), size=image.size)
    return out.getvalue()


def _check_nothing_but_pixels(data: bytes, *, size: tuple[int, int]) -> None:
    """The file has one chunk, a lossy picture, and decodes to that size. Raises PhotoRefused "unclean"."""
    try:
        with Image.open(BytesIO(data), formats=["WEBP"]) as image:
            image.load()
            decoded = image.size
        kinds = webp_chunks(data)
    except UNREADABLE as fault:
        raise PhotoRefused("unclean") from fault
    if kinds != [b"VP8 "] or decoded != size:
        raise PhotoRefused("unclean")
