"""The preview of an import of a register in words and on a map."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from geodata.models import Community
from openmap.admin_maps import GeoMap, collection, feature
from openmap.area_preview_words import Line, problem_line
from routing import register_preview

CHANGES = {
    register_preview.CREATED: _("new"),
    register_preview.REPLACED: _("new versions: something changes"),
    register_preview.CORRECTED: _("corrected: they began that very day"),
    register_preview.UNCHANGED: _("unchanged"),
    register_preview.KEPT: _("not in the file, stay as they are"),
    register_preview.CLOSED: _("not in the file, end"),
}
LOOKS = {register_preview.CREATED: "new"}
SAME = (register_preview.UNCHANGED, register_preview.KEPT)


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says of a preview."""

    counts: list[tuple[str, int]]
    changes: int  # things that would be written
    keepers: Mapping[str, Any]
    problems: list[Line]
    more_problems: int
    shown: int  # shapes on the map


def in_words(found: Mapping[str, Any]) -> Words:
    """A preview, or the counts of what was written, in the language of the reader."""
    counts: dict[str, int] = found["counts"]
    problems = found.get("problems", [])
    return Words(
        counts=[(str(words), counts[what]) for what, words in CHANGES.items() if counts[what]],
        changes=sum(count for what, count in counts.items() if what not in SAME),
        keepers=found["keepers"],
        problems=[problem_line(kept) for kept in problems],
        more_problems=found.get("problem_count", 0) - len(problems),
        shown=len(found.get("shapes", [])),
    )


def preview_map(community: Community, found: Mapping[str, Any]) -> GeoMap:
    """What is new, what changes, and places to look at."""
    shapes = [
        feature(
            shape["geometry"],
            look=LOOKS.get(shape["what"], "changed"),
            label=shape["label"],
            about=" · ".join(filter(None, (str(CHANGES[shape["what"]]), shape["keeper"]))),
        )
        for shape in found["shapes"]
    ]
    shapes += [
        feature({"type": "Point", "coordinates": kept["place"]}, look="problem", label=problem_line(kept).cells[-1])
        for kept in found["problems"]
        if problem_line(kept).fly
    ]
    return GeoMap(
        "register-import-map",
        str(_("Map of the preview: new things, changed ones, problems")),
        community,
        collection(shapes),
    )
