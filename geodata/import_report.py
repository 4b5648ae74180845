"""The outcome of an import as lines of text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from geodata.address_import import Count
from geodata.area_plan import AreaPlan
from geodata.coverage import Coverage, Gap
from geodata.problems import OUTCOMES, Place, Problem

MOST_PLACES = 10  # overlaps or gaps listed one by one


def lines(plan: AreaPlan, *, dry_run: bool) -> Iterator[str]:
    """Problems as a table, overlaps and gaps with their m², then the counts and whether anything was written."""
    yield from problem_table(plan.problems)
    if plan.coverage:
        yield from _coverage_lines(plan.coverage)
    yield _("Areas: %(new)s new, %(versions)s new versions, %(corrected)s corrected, %(same)s unchanged.") % {
        "new": len(plan.created),
        "versions": len(plan.replaced),
        "corrected": len(plan.corrected) + len(plan.renamed),
        "same": len(plan.unchanged),
    }
    if plan.missing:
        codes = ", ".join(area.code for area in plan.missing)
        kind = _("Not in the file, ended: %s.") if plan.closed else _("Not in the file, still in force: %s.")
        yield kind % codes
    if plan.refusals:
        count = len(plan.refusals)
        yield ngettext("%s refusal: nothing was changed.", "%s refusals: nothing was changed.", count) % count
    elif dry_run:
        yield _("A dry run: nothing was changed.")
    else:
        yield _("Done.")


def count_line(what: str, count: Count) -> str:
    """What became of rows of one kind."""
    return _("%(what)s: %(new)s new, %(changed)s changed, %(same)s unchanged, %(removed)s removed.") % {
        "what": what, "new": count.new, "changed": count.changed, "same": count.same, "removed": count.removed,
    }  # fmt: skip


def problem_table(problems: Sequence[Problem]) -> Iterator[str]:
    """One row for each problem: feature, code, outcome, place, reason. Nothing for no problems."""
    if not problems:
        return
    head = (_("feature"), _("code"), _("outcome"), _("place (lon, lat)"), _("reason"))
    rows = [
        (
            str(problem.feature or "–"),
            problem.code or "–",
            str(OUTCOMES[problem.outcome]),
            place_text(problem.place),
            problem.text,
        )
        for problem in problems
    ]
    yield from table([head, *rows])
    yield ""


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines with their columns under each other."""
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _coverage_lines(found: Coverage) -> Iterator[str]:
    if not (found.overlaps or found.holes or found.uncovered or found.outside):
        yield _("No overlaps and no gaps.")
    if found.overlaps:
        total = sum(overlap.square_metres for overlap in found.overlaps)
        yield _("Overlaps: %(total)s m² (pairs: %(count)s)") % {
            "count": len(found.overlaps),
            "total": metres(total),
        }
        for overlap in found.overlaps[:MOST_PLACES]:
            codes = " + ".join(overlap.codes)
            yield f"  {codes}: {metres(overlap.square_metres)} m² ({place_text(overlap.place)})"
    yield from _gap_lines(_("Holes between areas: %(total)s m² (holes: %(count)s)"), found.holes)
    yield from _gap_lines(_("Not covered by any area: %(total)s m² (parts: %(count)s)"), found.uncovered)
    yield from _gap_lines(_("Outside the community's boundary: %(total)s m² (parts: %(count)s)"), found.outside)


def _gap_lines(words: str, gaps: Sequence[Gap]) -> Iterator[str]:
    if not gaps:
        return
    yield words % {"count": len(gaps), "total": metres(sum(gap.square_metres for gap in gaps))}
    for gap in gaps[:MOST_PLACES]:
        yield f"  {metres(gap.square_metres)} m² ({place_text(gap.place)})"


def metres(value: float) -> str:
    """Whole metres in groups of three, apart by a space that does not break."""
    return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def place_text(place: Place | None) -> str:
    """Longitude and latitude to about a metre, or a dash."""
    return f"{place[0]:.5f}, {place[1]:.5f}" if place else "–"
