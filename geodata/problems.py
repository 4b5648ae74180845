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
    "cut_off": _("the file breaks off in its middle: it was not saved or sent whole; try once more"),
    "not_text": _("the file is not UTF-8 text"),
    "not_json": _("the file is not JSON: line %(line)s, column %(column)s"),
    "bad_json": _("the file is not JSON"),
    "too_deep": _("lists inside lists go too deep"),
    "not_object": _("the file does not hold a GeoJSON object"),
    "no_type": _("this JSON is not GeoJSON: a “type” is missing"),
    "unknown_type": _("“%(type)s” is not a type of GeoJSON"),
    "no_features": _("there are no features in the file"),
    "features_not_list": _("“features” is not a list"),
    "bad_crs": _("the coordinate reference system “%(crs)s” is not understood; name it as EPSG:32635"),
    "inexact_crs": _("no exact way from “%(crs)s” to WGS 84 is known; reproject the file first"),
    "crs_overruled": _("the file declares %(declared)s; %(crs)s was used, as asked"),
    "unknown_format": _("this file cannot be read; what can be is GeoJSON, GeoPackage, zipped Shapefile, KML and KMZ"),
    "unreadable": _("the file cannot be read: %(reason)s"),
    "broken_file": _("the file is damaged: it cannot be read as %(format)s"),
    "too_slow": _("reading the file took too long"),
    "too_many_features": _("there are more than %(limit)s features in the file"),
    "no_crs": _("the file does not say its coordinate reference system: name it (--crs), for example EPSG:6384"),
    "no_layers": _("no layer of the file holds places"),
    "choose_layer": _("the file has several layers, choose one (--layer): %(layers)s"),
    "no_layer": _("there is no layer “%(layer)s”; there is: %(layers)s"),
    "packed": _("the file is packed: unpack it, and give what is in it"),
    "no_rows": _("there is nothing in the file"),
    "crs_at_the_end": _("the file declares its coordinate reference system behind all features: name it (--crs)"),
    "broken_after": _("the file is damaged behind row %(count)s"),
    "virtual_table": _("the GeoPackage holds “%(table)s”, a virtual table; save the layer in a new file"),
    "bare_shapefile": _("a Shapefile is several files: pack .shp, .shx, .dbf and .prj into one zip"),
    "shapefile_part": _("%(file)s is missing beside %(beside)s"),
    "shapefile_counts": _("%(file)s: the index has %(shapes)s shapes and the table %(rows)s rows"),
    "encoding_guessed": _("the table does not say how its text is written; it was read as %(encoding)s"),
    "encoding_overruled": _(
        "the .cpg file says that the table is written in %(declared)s, and it is not; it was read as %(encoding)s"
    ),
    "bad_zip": _("the zip archive is damaged"),
    "zip_encrypted": _("the zip archive is locked with a password"),
    "zip_members": _("the zip archive holds more than %(limit)s files"),
    "zip_path": _("the zip archive holds a file with an unsafe path: %(path)s"),
    "zip_packing": _("%(path)s is packed in a way that is not read; make an ordinary zip"),
    "zip_too_large": _("unpacked, the file has more than %(limit)s MB"),
    "zip_nothing": _("there is no Shapefile, GeoPackage, KML or GeoJSON in the zip archive"),
    "zip_several": _("there are several files in the zip archive; give them one by one: %(files)s"),
    "not_xml": _("the file is not XML: line %(line)s, column %(column)s"),
    "not_kml": _("this XML is not KML: it begins with “%(tag)s”"),
    "xml_entities": _("the XML declares entities of its own, which are not read"),
    "only_links": _("the file only links to another one; save that one and give it"),
    "links_left_out": _("links to other files were not followed"),
    "kml_geometry": _("“%(type)s” is a shape of KML that is not read"),
    "kml_coordinates": _("“%(text)s” is not a longitude and a latitude"),
    "points_left_out": _("points beside the areas were left out: %(count)s"),
    "others_left_out": _("points and lines beside the areas were left out: %(count)s"),
    "nothing_here": _("nothing in the file lies in this community"),
    "no_districts": _("the file holds no districts of this community (admin_level 8, 9 or 10)"),
    "which_level": _("choose the districts by their admin_level (--level): %(levels)s"),
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
    "mixed_geometry": _("points, lines and polygons stand together in one geometry"),
    "unwanted_geometry": _("this is %(type)s; wanted is %(wanted)s"),
    "line_points": _("a line has fewer than two different points"),
    "no_field": _("there is no property “%(field)s”; there is: %(fields)s"),
    "no_fields": _("there is no property “%(field)s”, and no other"),
    "bad_value": _("the property “%(field)s” is not a text or a whole number"),
    "no_value": _("the property “%(field)s” is empty"),
    "long_value": _("the property “%(field)s” has more than %(limit)s characters"),
    "repeated_code": _("feature %(other)s has the same code"),
    # of a community of the country
    "not_in_ukraine": _("it does not lie in Ukraine: %(x)s, %(y)s"),
    "no_unit": _("the code %(code)s is not in the codifier in force; bring it in with import_katottg"),
    "not_a_community": _("the codifier knows %(code)s as “%(category)s”, not as a community"),
    "two_codes": _("the table gives it several codes: %(codes)s; the one of the same name was taken"),
    "which_code": _("the table gives it several codes, and its name does not tell which: %(codes)s"),
    "code_by_name": _("the table has no code for it; found in the codifier by its name"),
    "no_code": _("the table has no code for it, and its name is not one community of the codifier"),
    "other_name": _("the file calls it “%(name)s”"),
    "whole_oblast": _("it stands for a whole oblast: the file does not draw the communities in it"),
    "code_twice": _("feature %(other)s has the same code, %(code)s"),
    "slug_of_unknown": _("/%(slug)s/ is a community without a code: give it %(code)s there if it is the same one"),
    "mostly_shared": _("it and %(other)s claim the same %(share)s %% of the smaller one: too much to settle by a rule"),
    "name_kept": _("it keeps its name here; the codifier has “%(name)s”"),
    # one thing of a register
    "bad_edrpou": _("“%(edrpou)s” is no ЄДРПОУ code: it has eight digits"),
    "unknown_edrpou": _("nobody here has the ЄДРПОУ code %(edrpou)s, and the row gives no name"),
    "keeper_conflict": _("the name “%(keeper)s” and the ЄДРПОУ code %(edrpou)s are of different bodies: %(known)s"),
    "edrpou_digit": _(
        "the last digit of the ЄДРПОУ code %(edrpou)s does not fit the others: look for a slip of the pen"
    ),
    "personal_code": _("this is the tax number of a person, not a ЄДРПОУ code: it was left out and is not kept"),
    "keeper_differs": _(
        "the ЄДРПОУ code %(edrpou)s is that of “%(known)s”, and “%(keeper)s” is quite another name: correct the code "
        "or the name in the file; if the body was renamed, rename the organisation here first"
    ),
    "keeper_spelled": _("the ЄДРПОУ code %(edrpou)s is that of “%(known)s”: “%(keeper)s” was taken for it"),
    "keeper_namesake": _(
        "another “%(keeper)s” has the ЄДРПОУ code %(known)s; this one is named with its code %(edrpou)s"
    ),
    "no_places": _(
        "the file does not say where the things are, and none of this register are known yet: it needs columns with "
        "longitude and latitude, or a file with shapes (GeoJSON, GeoPackage, Shapefile, KML)"
    ),
    "new_without_place": _("nothing with this key is in force, and the file gives it no place"),
    "places_kept": _("without a place in the file, so left where they are: %(count)s"),
    "bad_entrances": _("“%(entrances)s” is not a number of entrances from 1 to 200"),
    "other_kind": _("this register holds things of another kind: %(kind)s"),
    # against what is stored
    "later_version": _("a version that begins on %(day)s exists already"),
    "still_in_force": _("the earlier version ends on %(day)s, after this one would begin"),
    "decided_since": _("these areas began on %(day)s and have decided reports since; choose a later first day"),
    "boundary_too_early": _(
        "these areas begin on %(day)s, and the community’s boundary would change at once: import them without it, and "
        "import them once more with it on that day"
    ),
    "asset_decided_since": _("it began on %(day)s and has decided reports since; choose a later first day"),
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
