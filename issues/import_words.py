"""What an import did, or would do, in words: for a command and for a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues.import_reasons import EXAMPLE, reason_of, warning_of
from issues.importing import Summary
from issues.states import State

MOST_SHOWN = 12  # organisations


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the report. `count`: how many rows it speaks of; None for words alone. `depth`: 0 begins a part."""

    text: str
    count: int | None = None
    depth: int = 0


def lines_of(summary: Summary, report: Mapping[str, Any]) -> list[Line]:
    """The whole report, part after part."""
    return [
        *_outcome(summary),
        *_made(summary),
        *_rejected(summary, report),
        *_unknown(report),
        *_warnings(report),
        *_states(summary),
        *_organisations(summary),
    ]


def _outcome(summary: Summary) -> Iterator[Line]:
    yield Line(_("Brought in: %(count)s") % {"count": summary.imported})
    yield Line(_("Here already: %(count)s") % {"count": summary.repeated})


def _made(summary: Summary) -> Iterator[Line]:
    for code, name in summary.categories:
        yield Line(_("New category: %(code)s, %(name)s") % {"code": code, "name": name})
    for name in summary.made:
        yield Line(_("New organisation: %(name)s") % {"name": name})


def _rejected(summary: Summary, report: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(_("Rejected: %(count)s") % {"count": summary.rejected.total()})
    for code, count in summary.rejected.most_common():
        lines = report.get("lines", {}).get(code, [])
        yield Line(reason_of(code, **EXAMPLE) + _rows(lines), count, 1)


def _unknown(report: Mapping[str, Any]) -> Iterator[Line]:
    parts = {
        "category": _("Categories of the file that nobody knows here"),
        "status": _("Statuses of the file that the mapping does not name"),
        "organisation": _("Organisations of the file that nobody knows here"),
        "organisations": _("Names that several organisations have here"),
        "organisation_code": _("What is no ЄДРПОУ code"),
    }
    for part, words in report.get("unknown", {}).items():
        yield Line(parts[part])
        for said, count in words:
            yield Line(said or _("(nothing)"), count, 1)
        if (more := report["unknown_count"][part] - len(words)) > 0:
            yield Line(_("And %(count)s more.") % {"count": more}, None, 1)


def _warnings(report: Mapping[str, Any]) -> Iterator[Line]:
    warnings, notes = report.get("warnings", []), report.get("notes", [])
    if warnings or notes:
        yield Line(_("Worth a second look"))
    for note in notes:
        yield Line(note, None, 1)
    for one in warnings:
        yield Line(warning_of(one["code"], **one["details"]) + _rows(one["lines"]), one["count"], 1)


def _states(summary: Summary) -> Iterator[Line]:
    if summary.states:
        yield Line(_("By state"))
        for state, count in summary.states.most_common():
            yield Line(str(State(state).label), count, 1)


def _organisations(summary: Summary) -> Iterator[Line]:
    if summary.organisations:
        yield Line(_("By who answers"))
        for name, count in summary.organisations.most_common(MOST_SHOWN):
            yield Line(name or _("nobody"), count, 1)
        if (more := len(summary.organisations) - MOST_SHOWN) > 0:
            yield Line(_("And %(count)s more.") % {"count": more}, None, 1)
        if summary.by_queue:
            yield Line(_("of them in the duty queue, because no rule names anybody"), summary.by_queue, 1)


def _rows(lines: list[int]) -> str:
    """Where to look; nothing for what no row is named of."""
    if not lines:
        return ""
    numbers = ", ".join(map(str, lines))
    return " " + ngettext("(row %(numbers)s)", "(rows %(numbers)s …)", len(lines)) % {"numbers": numbers}
