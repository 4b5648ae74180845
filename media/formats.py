"""Kinds of files, told apart by their content; the name and the declared type are never believed."""

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from media.bmff import brands_of
from media.decoders import Format, decoding, noted_exif
from media.heif import AVIF, HEIC
from media.refusals import MAX_PIXELS, PhotoRefused
from media.tiff import TIFF
from media.webp import WEBP

PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
# Of a JPEG. Encoders write about ten, and a decoder goes over the whole picture for each: the largest photo may have
# 20, a smaller one more.
MAX_SCANS: Final = 64
MAX_SCANNED_PIXELS: Final = 20 * MAX_PIXELS

# A marker of a JPEG (ITU T.81, B.1.1.2), with the fill bytes before it; stuffed and restart bytes belong to pixels.
_MARKER: Final = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
_END_OF_IMAGE, _START_OF_SCAN = b"\xd9", b"\xda"

Chunk = tuple[bytes, bytes]  # type and body


def _open_jpeg(data: bytes) -> ImageFile.ImageFile:
    """Raises PhotoRefused "broken" for a small file of so many scans that decoding it would take hours."""
    image = JpegImageFile(BytesIO(data))
    pixels = min(MAX_PIXELS, max(1, image.width * image.height))  # of more, none will be decoded
    if _scans_in(data) > min(MAX_SCANS, MAX_SCANNED_PIXELS // pixels):
        raise PhotoRefused("broken")
    return image


def _scans_in(data: bytes) -> int:
    """How many scans a decoder meets at most, counted up to one too many.

    What a segment holds, the scans of a preview inside EXIF for example, is jumped over when it matters.
    """
    at_most = data.count(b"\xff" + _START_OF_SCAN)  # quick, and enough for nearly every photo
    if at_most <= MAX_SCANNED_PIXELS // MAX_PIXELS:
        return at_most
    scans, position = 0, 2
    while scans <= MAX_SCANS and (marker := _MARKER.search(data, position)) and marker[1] != _END_OF_IMAGE:
        scans += marker[1] == _START_OF_SCAN
        length = int.from_bytes(data[marker.end() : marker.end() + 2])
        position = marker.end() + max(2, length)
    return scans


def _look_over_jpeg(data: bytes, image: ImageFile.ImageFile) -> None:
    """Decodes the brightness at an eighth of the size: every byte is read, few pixels are made."""
    image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
    with decoding():
        image.load()


def _open_png(data: bytes) -> ImageFile.ImageFile:
    return PngImageFile(BytesIO(data))


def _png_exif(data: bytes, image: ImageFile.ImageFile) -> bytes:
    """The eXIf chunk, which may stand after the pixels; reading it decodes nothing."""
    return next((body for kind, body in png_chunks(data) if kind == b"eXIf"), b"")


def _look_over_png(data: bytes, image: ImageFile.ImageFile) -> None:
    """Every chunk is there and matches its checksum; no pixel is made."""
    for _chunk in png_chunks(data):
        pass


# An accepted format is one more row here; nothing else branches on it.
FORMATS: Final = (
    Format("JPEG", lambda data: data.startswith(b"\xff\xd8\xff"), _open_jpeg, noted_exif, _look_over_jpeg),
    Format("PNG", lambda data: data.startswith(PNG_MAGIC), _open_png, _png_exif, _look_over_png),
    WEBP,
    TIFF,
    AVIF,  # before HEIC: a file may name both brands
    HEIC,
)

_CANON_RAW: Final = frozenset({b"crx "})
_STARTS: Final = {
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0\x10\0\0\0CR": "RAW",
    b"8BPS": "PSD",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
}


def format_of(data: bytes) -> Format:
    """The accepted format of these bytes.

    Raises PhotoRefused: "unsupported" for photos in other formats, "not_a_photo" for everything else.
    """
    for known in FORMATS:
        if known.matches(data):
            return known
    other = _name_of_other(data)
    raise PhotoRefused("unsupported", kind=other) if other else PhotoRefused("not_a_photo")


def _name_of_other(data: bytes) -> str:
    """Name of an image format that is not accepted; empty for what is no image."""
    if brands_of(data) & _CANON_RAW:
        return "RAW"
    return next((name for start, name in _STARTS.items() if data.startswith(start)), "")


def png_chunks(data: bytes) -> Iterator[Chunk]:
    """Chunks up to and with IEND, checked as the PNG specification says (section 5.3).

    Raises PhotoRefused: "truncated" when the bytes end earlier, "broken" when a checksum does not match.
    """
    start = len(PNG_MAGIC)
    kind = b""
    while kind != b"IEND":
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if end > len(data):
            raise PhotoRefused("truncated")
        kind, body = data[start + 4 : start + 8], data[start + 8 : end - 4]
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end]):
            raise PhotoRefused("broken")
        yield kind, body
        start = end
