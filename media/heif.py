"""AVIF and HEIC: one container, two codecs. The turns of the container count, the note in EXIF does not
(ISO/IEC 23008-12, 6.5.10 and A.2.1), so no photo is turned twice. Of a sequence the main picture is the photo."""

from io import BytesIO
from typing import Final

import pillow_heif
from PIL import ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from pillow_heif.as_plugin import HeifImageFile

from media.bmff import brands_of, layout_of
from media.decoders import Format, noted_exif, orientation_in, upright
from media.refusals import MAX_PIXELS, PhotoRefused

MOST_PIXELS_IN_ALL: Final = 4 * MAX_PIXELS  # the picture, the tiles that it is made of, its mask and previews

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_ANY: Final = frozenset({b"mif1", b"mif2", b"msf1"})  # the container, with a codec that it does not name

pillow_heif.options.THUMBNAILS = False  # the photo itself, not a preview that may show something else
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def _is_avif(data: bytes) -> bool:
    return bool(brands_of(data) & _AVIF)


def _is_heic(data: bytes) -> bool:
    return bool(brands_of(data) & (_HEIC | _ANY))


def _check_boxes(data: bytes, *, needs_items: bool) -> None:
    """Before any library reads the file. Raises PhotoRefused."""
    layout = layout_of(data)
    if any(end > len(data) for _, end in layout.extents):
        raise PhotoRefused("truncated")
    if layout.pixels > MOST_PIXELS_IN_ALL:
        raise PhotoRefused("too_many_pixels")
    if needs_items and not layout.has_items:
        raise PhotoRefused("unsupported", kind="HEVC")


def _open_avif(data: bytes) -> ImageFile.ImageFile:
    _check_boxes(data, needs_items=False)
    return AvifImageFile(BytesIO(data))


def _open_heic(data: bytes) -> ImageFile.ImageFile:
    """A film of HEVC without a picture of its own is none."""
    _check_boxes(data, needs_items=True)
    image: ImageFile.ImageFile = HeifImageFile(BytesIO(data))  # type: ignore[no-untyped-call]
    return image


def _look_over(data: bytes, image: ImageFile.ImageFile) -> None:
    """The boxes were looked over when the file was opened."""


# Pillow writes the turns of the container into the EXIF of an AVIF; libheif turns a HEIC as it decodes it.
AVIF: Final = Format("AVIF", _is_avif, _open_avif, noted_exif, _look_over, orientation_in)
HEIC: Final = Format("HEIC", _is_heic, _open_heic, noted_exif, _look_over, upright)
