"""TIFF 6.0 and BigTIFF. Of several pages the first is the photo."""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from media.decoders import Format, upright
from media.refusals import PhotoRefused

_STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DNG_VERSION: Final = 50706
# Where the pixels are: offsets of strips or tiles, and how many bytes each has.
_PLACES: Final = ((273, 279), (324, 325))


def _matches(data: bytes) -> bool:
    return data.startswith(_STARTS) and data[8:10] != b"CR"  # a raw file of Canon


def _open(data: bytes) -> ImageFile.ImageFile:
    """Raises PhotoRefused "unsupported" for what a sensor saw: its first page is a preview of a thumb's size."""
    image = TiffImageFile(BytesIO(data))
    if _DNG_VERSION in image.tag_v2:
        raise PhotoRefused("unsupported", kind="RAW")
    return image


def _exif(data: bytes, image: ImageFile.ImageFile) -> bytes:
    """EXIF is itself a TIFF: the file is its own."""
    return data


def _look_over(data: bytes, image: ImageFile.ImageFile) -> None:
    """Every strip lies inside the file; no pixel is made."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    for where, how_long in _PLACES:
        ends = [
            at + length for at, length in zip(_numbers(tags.get(where)), _numbers(tags.get(how_long)), strict=False)
        ]
        if ends and max(ends) > len(data):
            raise PhotoRefused("truncated")


def _numbers(value: object) -> Sequence[int]:
    values = value if isinstance(value, tuple) else (value,)
    return [number for number in values if isinstance(number, int)]


# Pillow turns the picture as it decodes it.
TIFF: Final = Format("TIFF", _matches, _open, _exif, _look_over, upright)
