"""WebP (RFC 9649). Of an animation the first frame is the photo."""

from io import BytesIO
from typing import Final

from PIL import ImageFile
from PIL.WebPImagePlugin import WebPImageFile

from media.decoders import Format, noted_exif
from media.refusals import PhotoRefused

_HEADER: Final = 12  # "RIFF", the length of what follows the first eight bytes, "WEBP"


def webp_chunks(data: bytes) -> list[bytes]:
    """Types of the chunks of a WebP file (section 2.3). Raises ValueError for anything else."""
    if not _matches(data) or len(data) != _length(data):
        raise ValueError("Not a whole WebP file.")
    kinds, start = [], _HEADER
    while start < len(data):
        kinds.append(data[start : start + 4])
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        start += 8 + size + size % 2
    if start != len(data):
        raise ValueError("A chunk goes beyond the end of the file.")
    return kinds


def _matches(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _length(data: bytes) -> int:
    """Bytes that the file says it has."""
    return 8 + int.from_bytes(data[4:8], "little")


def _open(data: bytes) -> ImageFile.ImageFile:
    """Raises PhotoRefused "truncated" for a file shorter than it says: the library would only call it strange."""
    if len(data) < _length(data):
        raise PhotoRefused("truncated")
    return WebPImageFile(BytesIO(data))


def _look_over(data: bytes, image: ImageFile.ImageFile) -> None:
    """The chunks fill the file to its end; no pixel is made."""
    try:
        webp_chunks(data[: _length(data)])  # what stands after the end is nobody's
    except ValueError as fault:
        raise PhotoRefused("broken") from fault


WEBP: Final = Format("WebP", _matches, _open, noted_exif, _look_over)
