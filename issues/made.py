"""What is known of a report that is just being made, before the database has its rows: letters about it ask here."""

from dataclasses import dataclass

from core.models import Token
from geodata.models import Area
from media.models import Photo


@dataclass(frozen=True, slots=True)
class Made:
    """The right behind the author's secret link, the areas of its day (code and name) in their order, its photos."""

    token: Token
    areas: tuple[Area, ...]
    photos: tuple[Photo, ...]
