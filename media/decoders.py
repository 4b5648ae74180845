"""What the program must know of a format to accept it, and what a decoder's faults are called."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageFile
from PIL.ExifTags import Base

from media.position import UNREADABLE
from media.refusals import PhotoRefused


def orientation_in(exif: Image.Exif) -> int:
    """1 to 8 (EXIF 2.32, tag 0x0112); 1, upright, when the camera wrote something else."""
    value = exif.get(Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def upright(exif: Image.Exif) -> int:
    """For formats whose decoder turns the picture itself: what EXIF says was followed already, or never counted."""
    return 1


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is accepted: how it is recognised, opened without decoding, asked for EXIF, looked over.

    `look_over` is quick and uses the opened image up; it raises PhotoRefused for a plainly damaged file.
    `orientation` reads from EXIF how the decoded picture must be turned.
    """

    name: str
    matches: Callable[[bytes], bool]
    open: Callable[[bytes], ImageFile.ImageFile]
    raw_exif: Callable[[bytes, ImageFile.ImageFile], bytes]
    look_over: Callable[[bytes, ImageFile.ImageFile], None]
    orientation: Callable[[Image.Exif], int] = orientation_in


def noted_exif(data: bytes, image: ImageFile.ImageFile) -> bytes:
    """EXIF that the library found when it opened the file."""
    return bytes(image.info.get("exif") or b"")


@contextmanager
def decoding() -> Iterator[None]:
    """Turns whatever a decoder raises into PhotoRefused "truncated", "too_many_pixels" or "broken"."""
    try:
        yield
    except Image.DecompressionBombError as fault:
        raise PhotoRefused("too_many_pixels") from fault
    except (*UNREADABLE, zlib.error, MemoryError, RuntimeError) as fault:
        raise PhotoRefused("truncated" if "truncated" in str(fault).lower() else "broken") from fault
