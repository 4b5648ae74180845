"""Photos made by code: good ones, with and without a place, and every kind of bad one.

The picture is always the same when it hangs upright: red | green above, blue | white below.
"""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 255, 255)
UPRIGHT = [RED, GREEN, BLUE, WHITE]  # top left, top right, bottom left, bottom right
SQUARE = (28.4682, 49.2331)  # lon, lat: the square of an invented town

Rational = tuple[int, int]
Place = tuple[float, float]  # lon, lat
MakeBytes = Callable[..., bytes]

# What a camera held that way stores: the upright picture turned backwards.
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


# Pictures ---------------------------------------------------------------------------------------------------
def picture(width: int = 160, height: int = 120, *, mode: str = "RGB") -> Image.Image:
    """The upright picture of four colours."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image.convert(mode)


def corners(data: bytes) -> list[tuple[int, ...]]:
    """Colours in the middle of the four quarters of an encoded picture: compare with UPRIGHT by `alike`."""
    with Image.open(BytesIO(data)) as image:
        shown = image.convert("RGB")
    x, y = shown.width // 4, shown.height // 4
    spots = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    return [tuple(shown.getpixel(spot)) for spot in spots]  # type: ignore[arg-type]


def alike(seen: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]], *, tolerance: int = 24) -> bool:
    """Whether the colours agree up to what lossy compression does to them."""
    return all(
        abs(one - other) <= tolerance
        for one_colour, other_colour in zip(seen, wanted, strict=True)
        for one, other in zip(one_colour, other_colour, strict=True)
    )


# EXIF, written by hand, so that it can also say what no camera should ---------------------------------------
def sexagesimal(degrees: float) -> list[Rational]:
    """Degrees, minutes and seconds as cameras store them, seconds to 1/10000."""
    ten_thousandths = round(abs(degrees) * 36_000_000)
    whole, rest = divmod(ten_thousandths, 36_000_000)
    minutes, seconds = divmod(rest, 600_000)
    return [(whole, 1), (minutes, 1), (seconds, 10_000)]


def gps(place: Place) -> dict[int, bytes | list[Rational]]:
    """The four GPS fields of a place."""
    lon, lat = place
    return {
        1: b"S\0" if lat < 0 else b"N\0",
        2: sexagesimal(lat),
        3: b"W\0" if lon < 0 else b"E\0",
        4: sexagesimal(lon),
    }


def exif(*, orientation: int | None = None, gps: Mapping[int, bytes | list[Rational]] | None = None) -> bytes:
    """A TIFF structure with an orientation and a GPS directory, as it stands inside JPEG and PNG."""
    fields = int(orientation is not None) + int(gps is not None)
    directory = struct.pack("<H", fields)
    gps_at = 8 + 2 + 12 * fields + 4
    if orientation is not None:
        directory += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    if gps is not None:
        directory += struct.pack("<HHII", 0x8825, 4, 1, gps_at)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + _gps_directory(gps or {}, start=gps_at)


def _gps_directory(fields: Mapping[int, bytes | list[Rational]], *, start: int) -> bytes:
    directory, far = struct.pack("<H", len(fields)), b""
    far_at = start + 2 + 12 * len(fields) + 4
    for tag, value in sorted(fields.items()):
        if isinstance(value, bytes):
            directory += struct.pack("<HHI", tag, 2, len(value)) + value.ljust(4, b"\0")
        else:
            directory += struct.pack("<HHII", tag, 5, len(value), far_at + len(far))
            far += b"".join(struct.pack("<II", *rational) for rational in value)
    return directory + bytes(4) + far


# Good photos ------------------------------------------------------------------------------------------------
def jpeg(
    width: int = 160,
    height: int = 120,
    *,
    orientation: int | None = None,
    place: Place | None = None,
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """A JPEG that looks upright when shown `width` × `height`; `options` go to Pillow."""
    image = picture(width, height, mode=mode)
    turn = STORED_AS[orientation or 1]
    stored = image.transpose(turn) if turn is not None else image
    if (orientation is not None or place is not None) and "exif" not in options:
        options["exif"] = b"Exif\0\0" + exif(orientation=orientation, gps=gps(place) if place else None)
    out = BytesIO()
    stored.save(out, "JPEG", quality=95, subsampling=0, **options)
    return out.getvalue()


def jpeg_with_exif(raw: bytes) -> bytes:
    """A JPEG with exactly these bytes as its EXIF."""
    return jpeg(exif=b"Exif\0\0" + raw)


def jpeg_full_of_notes() -> bytes:
    """EXIF with a place, XMP, a colour profile and a comment: all that must not come out again."""
    return jpeg(
        exif=b"Exif\0\0" + exif(orientation=1, gps=gps(SQUARE)),
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>GPSLatitude secret</x:xmpmeta>",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        comment=b"secret comment",
    )


def png(width: int = 160, height: int = 120, *, place: Place | None = None, mode: str = "RGB") -> bytes:
    """A PNG; with a place, its eXIf chunk stands after the pixels, where it is easily missed."""
    out = BytesIO()
    picture(width, height, mode=mode).save(out, "PNG")
    data = out.getvalue()
    return _before_end(data, png_chunk(b"eXIf", exif(gps=gps(place)))) if place else data


def png_full_of_notes() -> bytes:
    """Text chunks of three kinds, XMP, a profile and eXIf."""
    notes = PngInfo()
    notes.add_text("Author", "secret author")
    notes.add_text("Comment", "secret comment", zip=True)
    notes.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>secret</x:xmpmeta>")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    out = BytesIO()
    picture().save(out, "PNG", pnginfo=notes, icc_profile=profile, exif=exif(gps=gps(SQUARE)))
    return out.getvalue()


def png_see_through() -> bytes:
    """The upright picture with a lower right quarter that is black and wholly transparent."""
    image = picture(mode="RGBA")
    image.paste((0, 0, 0, 0), (image.width // 2, image.height // 2, image.width, image.height))
    return _saved(image, "PNG")


def png_with_palette() -> bytes:
    """256 colours, of which white is transparent."""
    image = picture().quantize(8)
    white = image.getpixel((image.width - 1, image.height - 1))
    return _saved(image, "PNG", transparency=white)


def png_of_16_bits() -> bytes:
    """Grey with 16 bits: black, a third, two thirds, white in the four quarters."""
    image = Image.new("I;16", (160, 120))
    for number, corner in enumerate([(0, 0), (80, 0), (0, 60), (80, 60)]):
        image.paste(number * 21_845, (*corner, corner[0] + 80, corner[1] + 60))
    return _saved(image, "PNG")


def png_animated() -> bytes:
    """Two frames: the upright picture, then black."""
    return _saved(picture(), "PNG", save_all=True, append_images=[Image.new("RGB", (160, 120))])


# Bad photos -------------------------------------------------------------------------------------------------
def truncated_jpeg() -> bytes:
    """The first two thirds of a JPEG."""
    data = jpeg(640, 480)
    return data[: len(data) * 2 // 3]


def truncated_png() -> bytes:
    """The first two thirds of a PNG."""
    data = png(640, 480)
    return data[: len(data) * 2 // 3]


def broken_jpeg() -> bytes:
    """Begins as a JPEG; what follows is no picture."""
    return b"\xff\xd8\xff\xdb" + bytes(range(256)) * 4


def broken_png() -> bytes:
    """A PNG with one byte of its pixels changed, so that a checksum does not match."""
    data = bytearray(png())
    data[data.index(b"IDAT") + 10] ^= 0xFF
    return bytes(data)


def png_broken_inside() -> bytes:
    """Every checksum is right, and the packed pixels are nonsense: only full decoding finds out."""
    header = struct.pack(">IIBBBBB", 160, 120, 8, 2, 0, 0, 0)
    return _png_of((b"IHDR", header), (b"IDAT", zlib.compress(b"\x09" * 160)), (b"IEND", b""))


def bomb() -> bytes:
    """A PNG of a few bytes that claims to be 50,000 × 50,000 px."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return _png_of((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))


def jpeg_of_endless_scans() -> bytes:
    """A progressive JPEG of a few kilobytes whose last scan comes a hundred times: each costs a whole decoding."""
    return jpeg_of_scans(110)


def jpeg_of_scans(count: int, **options: Any) -> bytes:
    """A good progressive JPEG whose last scan is repeated until there are `count`."""
    data = jpeg(progressive=True, **options)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (count - data.count(b"\xff\xda")) + b"\xff\xd9"


def empty() -> bytes:
    """No bytes at all."""
    return b""


def foreign() -> bytes:
    """A document that somebody renamed."""
    return b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + bytes(100)


def gif() -> bytes:
    """The picture in a format that is not accepted."""
    return in_format("GIF")


def in_format(name: str) -> bytes:
    """The picture in another format that Pillow writes: GIF, WEBP, TIFF, AVIF, BMP."""
    return _saved(picture(), name)


# Helpers ----------------------------------------------------------------------------------------------------
def upload(data: bytes | None = None, *, name: str = "яма.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    """The file as a browser sends it; name and kind may lie."""
    return SimpleUploadedFile(name, jpeg() if data is None else data, content_type=kind)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks)


def _before_end(data: bytes, chunk: bytes) -> bytes:
    return data[:-12] + chunk + data[-12:]


def _saved(image: Image.Image, name: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, name, **options)
    return out.getvalue()
