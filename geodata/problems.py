"""What may be wrong with a file of areas: codes and figures, put into words only when somebody reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

Place = tuple[float, float]  # longitude, latitude


class Outcome(StrEnum):
    """What became of the feature: one refusal refuses the whole file."""

    REFUSED = "refused"
    REPAIRED = "repaired"
    NOTED = "noted"


OUTCOMES = {
    Outcome.REFUSED: _("refused"),
    Outcome.REPAIRED: _("repaired"),
    Outcome.NOTED: _("noted"),
}

REASONS = {
    # the file
    "too_large": _("the file has more than %(limit)s MB"),
    "not_text": _("the file is not UTF-8 text"),
    "not_json": _("the file is not JSON: line %(line)s, column %(column)s"),
    "bad_json": _("the file is not JSON"),
    "too_deep": _("lists inside lists go too deep"),
    "not_object": _("the file does not hold a GeoJSON object"),
    "unknown_type": _("“%(type)s” is not a type of GeoJSON"),
    "no_features": _("there are no features in the file"),
    "features_not_list": _("“features” is not a list"),
    "bad_crs": _("the coordinate reference system “%(crs)s” is not understood; name it as EPSG:32635"),
    "inexact_crs": _("no exact way from “%(crs)s” to WGS 84 is known; reproject the file first"),
    "crs_overruled": _("the file declares %(declared)s; %(crs)s was used, as asked"),
    # one feature
    "not_feature": _("this is not a feature"),
    "no_geometry": _("there is no geometry"),
    "not_geometry": _("the geometry is not a GeoJSON object"),
    "wrong_geometry": _("an area needs a polygon; this is %(type)s"),
    "left_out": _("points and lines beside the polygons were left out"),
    "bad_coordinates": _("the coordinates of this %(type)s are not built as GeoJSON asks"),
    "not_finite": _("a coordinate is not a finite number"),
    "empty": _("the geometry is empty"),
    "too_few_points": _("a ring has fewer than three different points"),
    "closed": _("an open ring was closed"),
    "flattened": _("heights were dropped"),
    "outside_world": _("%(x)s, %(y)s is not a longitude and a latitude"),
    "swapped": _("%(x)s, %(y)s: latitude seems to stand before longitude"),
    "projected": _("%(x)s, %(y)s looks like metres: name the coordinate reference system with --crs"),
    "crs_range": _("the coordinates do not fit the coordinate reference system"),
    "antimeridian": _("the polygon seems to cross the 180th meridian; split it there"),
    "far_away": _("it lies %(km)s km from the community"),
    "self_crossing": _("%(what)s; made valid, %(before)s m² became %(after)s m²"),
    "too_much_repair": _("%(what)s; valid it would have %(after)s m², not %(before)s: too much to guess"),
    "no_area": _("the polygon has no area"),
    "no_field": _("there is no property “%(field)s”; there is: %(fields)s"),
    "no_fields": _("there is no property “%(field)s”, and no other"),
    "bad_value": _("the property “%(field)s” is not a text or a whole number"),
    "no_value": _("the property “%(field)s” is empty"),
    "long_value": _("the property “%(field)s” has more than %(limit)s characters"),
    "repeated_code": _("feature %(other)s has the same code"),
    # against what is stored
    "later_version": _("a version that begins on %(day)s exists already"),
    "still_in_force": _("the earlier version ends on %(day)s, after this one would begin"),
    "began_that_day": _("it began on that very day and cannot be closed"),
    "stored_meanwhile": _("somebody changed these areas at the same moment; try again"),
}


# What shapely finds wrong with a polygon.
FAULTS = {
    "Self-intersection": _("the boundary crosses itself"),
    "Ring Self-intersection": _("the boundary touches itself"),
    "Hole lies outside shell": _("a hole lies outside its polygon"),
    "Holes are nested": _("a hole lies inside a hole"),
    "Interior is disconnected": _("a hole cuts the polygon apart"),
    "Nested shells": _("a part lies inside another part"),
    "Duplicate Rings": _("a ring is there twice"),
}
INVALID = _("the polygon is not valid")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found. `feature` counts from 1; 0 speaks of the file or of what is stored."""

    kind: str  # a key of REASONS
    outcome: Outcome = Outcome.REFUSED
    feature: int = 0
    code: str = ""
    name: str = ""
    place: Place | None = None
    details: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reason in the language of the reader."""
        details = dict(self.details)
        if "what" in details:
            details["what"] = str(FAULTS.get(str(details["what"]), INVALID))
        return str(REASONS[self.kind]) % details

    def of(self, feature: int, code: str = "", name: str = "") -> "Problem":
        """The same problem, said of this feature."""
        return replace(self, feature=feature, code=code, name=name)


class RefusedError(Exception):
    """Nothing can be done with this file or feature; `problem` says why."""

    def __init__(self, kind: str, *, place: Place | None = None, **details: str | int | float) -> None:
        self.problem = Problem(kind, place=place, details=details)
        super().__init__(kind)
