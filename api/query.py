"""Parameters of addresses that are no filters of a list, read strictly."""

import math
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter

from api.problems import ProblemError, Wrong

Corner = tuple[float, float]  # longitude and latitude, degrees


def place_parameters(*, required: bool) -> list[OpenApiParameter]:
    """`lat` and `lon`, for the schema."""
    latitude = {"type": "number", "minimum": -90, "maximum": 90}
    longitude = {"type": "number", "minimum": -180, "maximum": 180}
    return [
        OpenApiParameter("lat", latitude, required=required, description=gettext_lazy("Latitude, degrees.")),
        OpenApiParameter("lon", longitude, required=required, description=gettext_lazy("Longitude, degrees.")),
    ]


def place_in(given: Mapping[str, str]) -> Corner | None:
    """The place that `lat` and `lon` name; None when neither is there. Raises ProblemError."""
    if "lat" not in given and "lon" not in given:
        return None
    return _degrees(given, "lon", 180), _degrees(given, "lat", 90)


def wanted_place(given: Mapping[str, str]) -> Corner:
    """The same, where a place is needed."""
    return _degrees(given, "lon", 180), _degrees(given, "lat", 90)


def text_in(given: Mapping[str, str], name: str, *, most: int, required: bool = False) -> str:
    """The text, at most so many characters, "" when it is not there. Raises ProblemError."""
    text = given.get(name, "").strip()
    if "\0" in text:
        raise wrong(name, _("A text without the character NUL."))
    if len(text) > most:
        raise wrong(name, _("At most %(most)s characters.") % {"most": most})
    if required and not text:
        raise wrong(name, _("This is needed."))
    return text


def wrong(name: str, words: str) -> ProblemError:
    """To raise: what is wrong with a parameter."""
    return ProblemError("invalid", words, errors=[Wrong(name, "invalid", words)])


def _degrees(given: Mapping[str, str], name: str, most: float) -> float:
    try:
        found = float(given.get(name, ""))
    except ValueError:
        found = math.nan
    if not abs(found) <= most:  # nan too
        words = _("Degrees as a decimal number, from %(least)s to %(most)s.")
        raise wrong(name, words % {"least": -most, "most": most})
    return found
