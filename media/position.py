"""The place that a camera wrote into a photo (EXIF 2.32, 4.6.6, "GPS attribute information")."""

import math
import struct
from typing import Final, NamedTuple

from PIL import Image
from PIL.ExifTags import GPS, IFD

# What Pillow raises for EXIF that breaks its own rules.
UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
NOWHERE: Final = 1e-6  # degrees; cameras without a fix write exactly 0, 0


class Position(NamedTuple):
    """Degrees, SRID 4326."""

    lon: float
    lat: float


def read_exif(raw: bytes) -> Image.Exif:
    """EXIF from its bytes; empty when they make no sense, because a bad note does not make a bad photo."""
    exif = Image.Exif()
    try:
        exif.load(raw)
    except UNREADABLE:
        return Image.Exif()
    return exif


def position_of(exif: Image.Exif) -> Position | None:
    """Where the photo was taken; None when the camera did not say, or what it said cannot be true.

    Not believed: 0, 0; a zero denominator; no hemisphere; degrees beyond the globe.
    """
    try:
        gps = exif.get_ifd(IFD.GPSInfo)
        lat = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), hemispheres="NS", limit=90)
        lon = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), hemispheres="EW", limit=180)
    except UNREADABLE:
        return None
    if lon is None or lat is None or (abs(lon) < NOWHERE and abs(lat) < NOWHERE):
        return None
    return Position(lon, lat)


def _degrees(parts: object, reference: object, *, hemispheres: str, limit: int) -> float | None:
    """Degrees from degrees, minutes, seconds; the second of `hemispheres` is negative. None for nonsense."""
    if isinstance(reference, bytes):
        reference = reference.decode("ascii", "replace")
    letter = str(reference or "").strip("\0 ").upper()[:1]
    if not letter or letter not in hemispheres:
        return None
    values = [float(part) for part in parts] if isinstance(parts, tuple) else [float(parts)]  # type: ignore[arg-type]
    if not 1 <= len(values) <= 3 or not all(math.isfinite(value) and value >= 0 for value in values):
        return None
    total = sum(value / 60.0**power for power, value in enumerate(values))
    if total > limit:
        return None
    return -total if letter == hemispheres[1] else total
