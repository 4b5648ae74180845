"""The preview of an import of areas in words and on a map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from geodata import area_preview
from geodata.area_preview import problem_from_json
from geodata.import_report import metres, place_text
from geodata.models import Community
from geodata.problems import OUTCOMES
from openmap.admin_maps import GeoMap, collection, feature

CHANGES = {
    area_preview.CREATED: _("new areas"),
    area_preview.REPLACED: _("new versions: the boundary changes"),
    area_preview.CORRECTED: _("corrected: they began that very day"),
    area_preview.RENAMED: _("renamed"),
    area_preview.UNCHANGED: _("unchanged"),
    area_preview.KEPT: _("not in the file, stay as they are"),
    area_preview.CLOSED: _("not in the file, end"),
}
BOUNDARIES = {"old": _("the boundary until now"), "new": _("the boundary from then on")}
GROUND = {
    "overlaps": _("Overlap"),
    "holes": _("Hole between areas"),
    "uncovered": _("Not covered by any area"),
    "outside": _("Outside the community’s boundary"),
}
# Where the words of geodata.problems name an option of the command, a page names its field.
ON_A_PAGE = {
    "choose_layer": _(
        "The file has several layers: choose the one with the areas, or all together where that is offered."
    ),
    "no_crs": _("The file does not say its reference system: name it below, for example EPSG:6384."),
    "projected": _("%(x)s, %(y)s looks like metres: name the reference system of the file."),
}
ORDER = {"area": 0, "new": 1, "old": 2}  # dashes over the lines that they share
SAME = (area_preview.UNCHANGED, area_preview.KEPT, area_preview.RENAMED)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table, with the place to which the map flies."""

    cells: tuple[str, ...]
    place: str  # "28.46000, 49.22000", or a dash
    fly: str = ""  # "28.46,49.22", or nothing


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says of a preview."""

    counts: list[tuple[str, int]]
    changes: int  # areas that would be written
    problems: list[Line]  # outcome, feature, code, reason
    more_problems: int
    ground: list[Line]  # what, codes, m²
    totals: list[tuple[str, int, str]]  # what, how many, m²


def in_words(found: Mapping[str, Any]) -> Words:
    """A preview, or the counts of what was written, in the language of the reader."""
    counts: dict[str, int] = found["counts"]
    problems, coverage = found.get("problems", []), found.get("coverage") or {}
    written = (count for what, count in counts.items() if what not in (area_preview.UNCHANGED, area_preview.KEPT))
    return Words(
        counts=[(str(words), counts[what]) for what, words in CHANGES.items() if counts[what]],
        changes=sum(written),
        problems=[problem_line(kept) for kept in problems],
        more_problems=found.get("problem_count", 0) - len(problems),
        ground=list(_ground(coverage)),
        totals=[
            (str(words), coverage[what]["count"], metres(coverage[what]["metres"]))
            for what, words in GROUND.items()
            if what in coverage and coverage[what]["count"]
        ],
    )


def problem_in_words(kept: dict[str, Any]) -> str:
    """The reason, as a page says it."""
    if kept["kind"] in ON_A_PAGE:
        words: str = str(ON_A_PAGE[kept["kind"]]) % kept["details"]
        return words
    return problem_from_json(kept).text


def preview_map(community: Community, found: Mapping[str, Any]) -> GeoMap:
    """Old boundaries, new ones, and places to look at."""
    drawn = [
        (ORDER[look := "area" if shape["what"] in SAME else shape["side"]], look, shape) for shape in found["shapes"]
    ]
    shapes = [
        feature(shape["geometry"], look=look, label=shape["name"], about=f"{shape['code']} · {_about(shape)}")
        for _order, look, shape in sorted(drawn, key=lambda one: one[0])
    ]
    places = [(kept["place"], problem_in_words(kept)) for kept in found["problems"]]
    for what, part in (found["coverage"] or {}).items():
        places += [(row["place"], f"{GROUND[what]}: {metres(row['metres'])} m²") for row in part["rows"]]
    shapes += [
        feature({"type": "Point", "coordinates": place}, look="problem", label=words)
        for place, words in places
        if place and _is_on_earth(place)
    ]
    return GeoMap(
        "import-map", str(_("Map of the preview: old boundaries, new ones, problems")), community, collection(shapes)
    )


def _about(shape: Mapping[str, Any]) -> str:
    if shape["what"] in (area_preview.REPLACED, area_preview.CORRECTED):
        return str(BOUNDARIES[shape["side"]])
    return str(CHANGES[shape["what"]])


def problem_line(kept: dict[str, Any]) -> Line:
    """A problem as a line of the table: outcome, feature, code, reason."""
    problem = problem_from_json(kept)
    words = (str(OUTCOMES[problem.outcome]), str(problem.feature or "–"), problem.code or "–", problem_in_words(kept))
    return _line(words, kept["place"])


def _ground(coverage: Mapping[str, Any]) -> Iterator[Line]:
    for what, part in coverage.items():
        for row in part["rows"]:
            codes = " + ".join(row.get("codes", [])) or "–"
            yield _line((str(GROUND[what]), codes, metres(row["metres"])), row["place"])


def _line(cells: tuple[str, ...], place: list[float] | None) -> Line:
    if not place:
        return Line(cells, "–")
    fly = f"{place[0]:.6f},{place[1]:.6f}" if _is_on_earth(place) else ""
    return Line(cells, place_text((place[0], place[1])), fly)


def _is_on_earth(place: list[float]) -> bool:
    """False for what only looks like a place: metres, swapped axes beyond a pole."""
    return abs(place[0]) <= 180 and abs(place[1]) <= 90
