"""What an import of communities found and did: lines for a terminal, and every shared ground and gap as a table."""

import csv
from collections.abc import Iterator, Mapping
from typing import TextIO

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from geodata.communities import CommunityPlan
from geodata.communities_ground import Shared
from geodata.import_report import metres, place_text, problem_table

MOST_PLACES = 10  # slivers or gaps listed one by one


def lines(plan: CommunityPlan, names: Mapping[str, str], *, dry_run: bool) -> Iterator[str]:
    """Problems, settled ground, gaps, counts, and whether anything was written. `names`: by code."""
    yield from problem_table(plan.problems)
    yield from _shared_lines(plan, names)
    yield from _gap_lines(plan)
    if plan.undrawn:
        listed = ", ".join(f"{oblast} {count}" for oblast, count in sorted(plan.undrawn.items()))
        yield _("Communities of the codifier without a boundary: %s.") % listed
    yield _("Communities: %(new)s new, %(redrawn)s redrawn, %(same)s unchanged, %(kept)s kept as they are.") % {
        "new": len(plan.created),
        "redrawn": len(plan.redrawn),
        "same": len(plan.unchanged),
        "kept": len(plan.kept),
    }
    if plan.refusals:
        count = len(plan.refusals)
        yield ngettext("%s refusal: nothing was changed.", "%s refusals: nothing was changed.", count) % count
    elif dry_run:
        yield _("A dry run: nothing was changed.")
    elif plan.created or plan.redrawn:
        yield _("Done.")
    else:
        yield _("Nothing to change.")


def write_table(plan: CommunityPlan, names: Mapping[str, str], *, to: TextIO) -> None:
    """Every shared ground with who keeps it, and every gap, as CSV: m², place, width."""
    table = csv.writer(to)
    table.writerow(["what", "kept_by", "kept_by_name", "claimed_by", "claimed_by_name", "m2", "width_m", "lon", "lat"])
    for found in plan.shared:
        kind = "place drawn twice" if found.is_wide else "border drawn twice"
        whose = [found.kept_by, names.get(found.kept_by, ""), found.lost_by, names.get(found.lost_by, "")]
        lon, lat = found.place or ("", "")
        table.writerow([kind, *whose, round(found.square_metres), round(found.width, 1), lon, lat])
    for gap in plan.coverage.holes if plan.coverage else []:
        lon, lat = gap.place or ("", "")
        table.writerow(["gap", "", "", "", "", round(gap.square_metres), "", lon, lat])


def _shared_lines(plan: CommunityPlan, names: Mapping[str, str]) -> Iterator[str]:
    if not plan.shared:
        yield _("No ground is claimed twice.")
        return
    wide = [found for found in plan.shared if found.is_wide]
    narrow = [found for found in plan.shared if not found.is_wide]
    if wide:
        yield _("Places drawn in two communities: %(total)s m² (pairs: %(count)s). Look at each:") % _figures(wide)
        yield from (_shared_line(found, names) for found in wide)
    if narrow:
        yield _("Borders drawn twice: %(total)s m² (pairs: %(count)s)") % _figures(narrow)
        yield from (_shared_line(found, names) for found in narrow[:MOST_PLACES])
    yield _("Ground claimed twice went to the smaller community, or to the one that keeps its boundary.")
    left = sum(overlap.square_metres for overlap in plan.coverage.overlaps) if plan.coverage else 0.0
    if left:
        yield _("Still claimed twice: %s m²") % metres(left)


def _figures(found: list[Shared]) -> dict[str, str | int]:
    return {"total": metres(sum(one.square_metres for one in found)), "count": len(found)}


def _shared_line(found: Shared, names: Mapping[str, str]) -> str:
    return _("  %(m2)s m², %(width)s m wide (%(place)s): %(kept)s keeps it; %(lost)s claimed it too") % {
        "m2": metres(found.square_metres),
        "width": round(found.width),
        "place": place_text(found.place),
        "kept": names.get(found.kept_by, found.kept_by),
        "lost": names.get(found.lost_by, found.lost_by),
    }


def _gap_lines(plan: CommunityPlan) -> Iterator[str]:
    gaps = plan.coverage.holes if plan.coverage else []
    if not gaps:
        return
    total = metres(sum(gap.square_metres for gap in gaps))
    yield _("Gaps between communities, left as they are: %(total)s m² (gaps: %(count)s)") % {
        "total": total,
        "count": len(gaps),
    }
    for gap in gaps[:MOST_PLACES]:
        yield f"  {metres(gap.square_metres)} m² ({place_text(gap.place)})"
