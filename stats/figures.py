"""Key numbers with their company: how sure each is, what the community has, and how it changed in a year."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stats import saying
from stats.numbers import Counts, Numbers
from stats.populations import People
from stats.saying import Said
from stats.times import Times
from stats.uncertainty import Interval, change, count, share

FEW = 20  # cases; of fewer no figure says much


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure lies on its axis, in percent of it. `mark`: the community's own figure."""

    start: float
    width: float
    at: float
    mark: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One key number. `range` None: there is nothing to say yet."""

    code: str
    title: str
    value: Said
    note: str
    range: Range | None
    is_few: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A plain count of the period, with how it changed."""

    code: str
    title: str
    many: int
    change: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the figures of a place are made of."""

    numbers: Numbers
    fix: Times | None
    answer: Times | None
    people: People | None


def figures(here: Known, whole: Known | None) -> list[Figure]:
    """The key numbers of a place beside those of the `whole` community (None: it is the community itself)."""
    return [
        kept_figure(here.numbers.counts, whole.numbers.counts if whole else None),
        time_figure("fix", _("Time until it is fixed"), here.fix, whole.fix if whole else None),
        time_figure("answer", _("Time until the first answer"), here.answer, whole.answer if whole else None),
        _confirmed(here.numbers.counts, whole.numbers.counts if whole else None),
        _opened(here, whole),
    ]


def facts(numbers: Numbers) -> list[Fact]:
    """Counts of the period; what changed is told of its months that are over, against the same a year ago."""
    titles = {
        "opened": _("Reported"),
        "accepted": _("Taken on"),
        "closed": _("Fixed"),
        "confirmed": _("Confirmed by the reporter"),
        "reopened": _("Opened again"),
        "late": _("Promise not kept"),
        "rejected": _("Turned down"),
        "supporters": _("People who joined (where five or more did)"),
    }
    found = [
        Fact(
            code,
            title,
            numbers.counts[code],
            saying.change(change(numbers.before[code], numbers.compared[code])) if numbers.before else "",
        )
        for code, title in titles.items()
    ]
    return [*found, Fact("backlog", _("Open at the end"), numbers.backlog, "")]


def kept_figure(counts: Counts, whole: Counts | None) -> Figure:
    """The share of promises that were kept."""
    return _share(
        "kept",
        _("Answered on time"),
        (counts["kept"], counts["kept"] + counts["late"]),
        (whole["kept"], whole["kept"] + whole["late"]) if whole else None,
    )


def kept_of(counts: Counts) -> Interval | None:
    """The same as an interval, from 0 to 1."""
    return share(counts["kept"], counts["kept"] + counts["late"])


def time_figure(code: str, title: str, here: Times | None, whole: Times | None) -> Figure:
    """A median, with where nine of ten lie."""
    if here is None:
        return Figure(code, title, Said("–", ""), _("Nothing to measure yet."), None, is_few=True)
    note = _("Nine of ten: within %(time)s. Half of all lie below; surely between %(low)s and %(high)s.") % {
        "time": saying.duration(here.ninetieth),
        "low": saying.duration(here.low),
        "high": saying.duration(here.high),
    }
    if whole:
        note += " " + _("In the community %(time)s.") % {"time": saying.duration(whole.median)}
    most = max(here.high, whole.median if whole else 0) * 1.1
    on_axis = _on_axis(Interval(here.median, here.low, here.high), most, whole.median if whole else None)
    said = _of_cases(here.many)
    return Figure(code, title, saying.duration(here.median), f"{note} {said}", on_axis, is_few=here.many < FEW)


def rate(opened: int, people: People | None) -> Interval | None:
    """Reports per 1,000 residents; None where nobody knows how many live there."""
    return count(opened).times(1000 / people.many) if people else None


def _confirmed(counts: Counts, whole: Counts | None) -> Figure:
    return _share(
        "confirmed",
        _("Fixed, and the reporter says so"),
        (counts["confirmed"], counts["closed"]),
        (whole["confirmed"], whole["closed"]) if whole else None,
    )


def _share(code: str, title: str, part: tuple[int, int], whole: tuple[int, int] | None) -> Figure:
    here, community = share(*part), share(*whole) if whole else None
    if here is None:
        return Figure(code, title, Said("–", ""), _("Nothing to measure yet."), None, is_few=True)
    note = _("Probably %(range)s.") % {"range": saying.percents(here)} + " "
    note += _("%(part)s of %(all)s.") % {"part": saying.number(part[0]), "all": saying.number(part[1])}
    if community:
        note += " " + _("In the community %(share)s.") % {"share": saying.percent(community.value)}
    value = Said(saying.number(here.value * 100), "%")
    on_axis = _on_axis(here, 1.0, community.value if community else None)
    return Figure(code, title, value, note, on_axis, is_few=part[1] < FEW)


def _opened(here: Known, whole: Known | None) -> Figure:
    """Per 1,000 residents where that is known, else how many."""
    opened = here.numbers.counts["opened"]
    per_head = rate(opened, here.people)
    if per_head is None or here.people is None:
        seen = count(opened)
        note = _("How many live here is not known, so nothing is told per 1,000 residents.")
        value, on_axis = Said(saying.number(opened), ""), _on_axis(seen, seen.high * 1.1, None)
        return Figure("opened", _("Reports"), value, note, on_axis, is_few=False)
    note = _("Probably %(low)s–%(high)s. %(people)s residents in %(year)s.") % {
        "low": saying.number(per_head.low, 1),
        "high": saying.number(per_head.high, 1),
        "people": saying.number(here.people.many),
        "year": here.people.year,
    }
    community = rate(whole.numbers.counts["opened"], whole.people) if whole else None
    if community:
        note += " " + _("In the community %(rate)s. More is not worse: people may report more.") % {
            "rate": saying.number(community.value, 1)
        }
    most = max(per_head.high, community.value if community else 0) * 1.1
    on_axis = _on_axis(per_head, most, community.value if community else None)
    value = Said(saying.number(per_head.value, 1), "")
    return Figure("opened", _("Reports per 1,000 residents"), value, note, on_axis, is_few=opened < FEW)


def _on_axis(interval: Interval, most: float, mark: float | None) -> Range:
    def at(value: float) -> float:
        return round(max(0.0, min(1.0, value / most)) * 100, 1) if most else 0.0

    low, high = at(interval.low), at(interval.high)
    return Range(low, round(high - low, 1), at(interval.value), None if mark is None else at(mark))


def _of_cases(many: int) -> str:
    return ngettext("Out of %(n)s case.", "Out of %(n)s cases.", many) % {"n": saying.number(many)}


def told_of(figures: Sequence[Figure], code: str) -> Figure:
    """The figure of that code. Raises StopIteration when there is none."""
    return next(figure for figure in figures if figure.code == code)
