"""The picture of tests.photos in every format that we accept, whole and spoilt in every way."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import pillow_heif
from PIL import Image, ImageCms

from tests import photos
from tests.photos import Place, exif, gps, picture

pillow_heif.register_heif_opener()  # so that Pillow can write it


def encoded(
    kind: str,
    width: int = 160,
    height: int = 120,
    *,
    orientation: int | None = None,
    place: Place | None = None,
    raw_exif: bytes | None = None,
    image: Image.Image | None = None,
    **options: Any,
) -> bytes:
    """A photo that looks upright when shown `width` × `height`, as a camera held in some way would store it."""
    stored = _stored(image or picture(width, height), orientation or 1)
    notes = raw_exif or exif(orientation=orientation, gps=gps(place) if place else None)
    if raw_exif or orientation or place:
        options["exif"] = _tags(notes) if kind == "TIFF" else b"Exif\0\0" + notes
    out = BytesIO()
    stored.save(out, _NAMES.get(kind, kind), **(_BEST[kind] | options))
    return out.getvalue()


def _stored(shown: Image.Image, orientation: int) -> Image.Image:
    turn = photos.STORED_AS[orientation]
    return shown if turn is None else shown.transpose(turn)


# As Pillow calls them, and how to write them without changing colours much.
_NAMES = {"HEIC": "HEIF", "WebP": "WEBP"}
_BEST: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WebP": {"quality": 95},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "HEIC": {"quality": 95, "chroma": 444},
    "TIFF": {},
}
KINDS = tuple(_BEST)


def _tags(raw: bytes) -> Image.Exif:
    """EXIF as fields of a TIFF: it has no block of its own there."""
    tags = Image.Exif()
    tags.load(raw)
    return tags


# Spoilt ------------------------------------------------------------------------------------------------------
def truncated(kind: str) -> bytes:
    """The first two thirds."""
    data = encoded(kind, 640, 480)
    return data[: len(data) * 2 // 3]


def broken(kind: str) -> bytes:
    """Begins as that format; what follows is nonsense."""
    return encoded(kind)[: _HEAD[kind]] + bytes(range(255, 0, -1)) * 8


# How many bytes tell the format.
_HEAD = {"JPEG": 3, "PNG": 8, "WebP": 16, "AVIF": 28, "HEIC": 28, "TIFF": 8}


def bomb(kind: str) -> bytes:
    """A small file that claims to be of some hundred megapixels at least."""
    return _BOMBS[kind]()


def _jpeg_bomb() -> bytes:
    data = bytearray(encoded("JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (60_000).to_bytes(2) * 2
    return bytes(data)


def _webp_bomb() -> bytes:
    """A lossy frame of the largest size that the format has: 16,383 × 16,383 px."""
    data = bytearray(encoded("WebP"))
    size = data.index(b"\x9d\x01\x2a") + 3
    data[size : size + 4] = (0x3FFF).to_bytes(2, "little") * 2
    return bytes(data)


def _boxed_bomb(kind: str) -> bytes:
    data = encoded(kind)
    at = data.index(b"ispe") + 8
    return data[:at] + (60_000).to_bytes(4) * 2 + data[at + 8 :]


def _tiff_bomb() -> bytes:
    """Width and height are the first two fields (256, 257)."""
    data = encoded("TIFF")
    for tag, size in ((256, 160), (257, 120)):
        field = tag.to_bytes(2, "little")
        at = next(
            at
            for at in range(len(data))
            if data[at : at + 2] == field and data[at + 4 : at + 12] == b"\1\0\0\0" + size.to_bytes(4, "little")
        )
        data = data[: at + 8] + (60_000).to_bytes(2, "little") + data[at + 10 :]
    return data


_BOMBS: dict[str, Callable[[], bytes]] = {
    "JPEG": _jpeg_bomb,
    "PNG": photos.bomb,
    "WebP": _webp_bomb,
    "AVIF": lambda: _boxed_bomb("AVIF"),
    "HEIC": lambda: _boxed_bomb("HEIC"),
    "TIFF": _tiff_bomb,
}


# Peculiar ----------------------------------------------------------------------------------------------------
def full_of_notes(kind: str) -> bytes:
    """EXIF with a place, XMP and a colour profile: all that must not come out again."""
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>GPSLatitude secret</x:xmpmeta>"
    options: dict[str, Any] = {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    if kind not in {"PNG", "TIFF"}:
        options["xmp"] = xmp
    return encoded(kind, orientation=1, place=photos.SQUARE, **options)


def of_two_pictures(kind: str) -> bytes:
    """An animation, a sequence or pages: the picture, then black."""
    return encoded(kind, save_all=True, append_images=[Image.new("RGB", (160, 120))])


def contradicting(kind: str, *, turned: int, noted: int) -> bytes:
    """AVIF or HEIC that its container turns as `turned` says, with EXIF that says `noted`.

    No library writes such a file. The HEIC keeps its own note, which is changed; the AVIF gets one under another
    number (0x0113), which is put right.
    """
    if kind == "HEIC":
        return encoded(kind, orientation=turned).replace(_note(0x12, turned), _note(0x12, noted))
    tags = Image.Exif()
    tags[0x0112], tags[0x0113] = turned, noted
    data = encoded(kind, image=_stored(picture(), turned), raw_exif=tags.tobytes()[6:])
    return data.replace(_note(0x13, noted, big=True), _note(0x12, noted, big=True)).replace(
        _note(0x13, noted), _note(0x12, noted)
    )


def notes_of(orientation: int) -> tuple[bytes, bytes]:
    """How EXIF of either byte order says it."""
    return _note(0x12, orientation), _note(0x12, orientation, big=True)


def _note(tag: int, value: int, *, big: bool = False) -> bytes:
    """A field of EXIF: 0x0100 + tag, one short number."""
    order: Literal["big", "little"] = "big" if big else "little"
    return b"".join(number.to_bytes(size, order) for number, size in ((0x100 + tag, 2), (3, 2), (1, 4), (value, 2)))


def wide_profile() -> bytes:
    """The sRGB profile under another name, with red and green exchanged: a very odd display."""
    raw = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = raw.replace("sRGB built-in".encode("utf-16-be"), "odd display!!".encode("utf-16-be"))
    return raw.replace(b"rXYZ", b"tmpX", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tmpX", b"gXYZ", 1)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A file of another kind, renamed."""

    name: str
    data: bytes
    code: str
    kind: str = ""


FOREIGN = [
    Foreign("pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + bytes(100), "not_a_photo"),
    Foreign("svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_a_photo"),
    Foreign("html", b"<!doctype html><script>alert(1)</script>" + bytes(100), "not_a_photo"),
    Foreign("zip", b"PK\3\4" + bytes(100), "not_a_photo"),
    Foreign("film", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100), "not_a_photo"),
    Foreign("gif", photos.gif(), "unsupported", "GIF"),
    Foreign("bmp", photos.in_format("BMP"), "unsupported", "BMP"),
    Foreign("cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(100), "unsupported", "RAW"),
    Foreign("cr3", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100), "unsupported", "RAW"),
    Foreign("psd", b"8BPS\0\1" + bytes(100), "unsupported", "PSD"),
    Foreign("jxl", b"\xff\x0a" + bytes(100), "unsupported", "JPEG XL"),
    Foreign("hevc film", b"\0\0\0\x1cftyphevc\0\0\0\0msf1hevchevx" + b"\0\0\0\x08moov", "unsupported", "HEVC"),
]
