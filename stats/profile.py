"""Everything that a page of one place shows: an area, an organisation, a kind of problem, the community."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from accounts.models import Organisation
from geodata.models import Community, local_name
from routing.models import Category
from stats.case_sql import ANSWER, FIX
from stats.charts import Chart, charts
from stats.figures import Fact, Figure, Known, facts, figures
from stats.numbers import Counts, Numbers, Place, by_category, numbers
from stats.periods import Period
from stats.populations import People
from stats.times import Times, times_by_category, times_of


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a kind of problem, an organisation, an area."""

    code: str
    name: str
    counts: Counts
    fix: Times | None = None
    icon: str = ""
    share: float = 0.0  # of the longest line, in percent


@dataclass(frozen=True, slots=True)
class Profile:
    """What a page shows of a place in a period."""

    numbers: Numbers
    figures: Sequence[Figure]
    facts: Sequence[Fact]
    charts: Sequence[Chart]
    fix: Times | None

    @property
    def is_empty(self) -> bool:
        return self.numbers.total == 0


def known(place: Place, period: Period, people: People | None) -> Known:
    """What the figures of a place are made of."""
    told = numbers(place, period)
    return Known(
        numbers=told,
        fix=times_of(place, FIX, period, total=told.total),
        answer=times_of(place, ANSWER, period, total=told.total),
        people=people,
    )


def profile(here: Known, whole: Known | None, period: Period) -> Profile:
    """The profile of a place beside the `whole` community; None: it is the community."""
    return Profile(
        numbers=here.numbers,
        figures=figures(here, whole),
        facts=facts(here.numbers),
        charts=charts(here.numbers.by_month, period, bar="opened", line="closed"),
        fix=here.fix,
    )


def category_rows(place: Place, period: Period, community: Community) -> list[Row]:
    """Kinds of problems with anything in the period, those with most reports first."""
    counts, fix = by_category(place, period), times_by_category(place, FIX, period)
    language = get_language() or ""
    known_kinds = Category.objects.filter(community=community, pk__in=counts)
    names = {kind.pk: (kind.code, local_name(kind, language), kind.icon) for kind in known_kinds}
    return rows_of(counts, {key: names[key] for key in counts if key in names}, fix=fix)


def organisation_rows(counts: Mapping[int, Counts], *, nobody: str) -> list[Row]:
    """Organisations with anything in the period, those with most reports first; `nobody` names what none has."""
    found = Organisation.objects.filter(pk__in=counts)
    names = {one.pk: (str(one.pk), one.name, "building") for one in found} | {0: ("", nobody, "")}
    return rows_of(counts, {key: names[key] for key in counts if key in names})


def rows_of(
    counts: Mapping[int, Counts],
    names: Mapping[int, tuple[str, str, str]],
    *,
    fix: Mapping[int, Times] | None = None,
) -> list[Row]:
    """Lines with code, name and icon, in the order of how much was reported."""
    most = max((one["opened"] for one in counts.values()), default=0)
    lines = [
        Row(code, name, counts[key], (fix or {}).get(key), icon, round(counts[key]["opened"] / max(1, most) * 100, 1))
        for key, (code, name, icon) in names.items()
        if any(counts[key].values())
    ]
    return sorted(lines, key=lambda row: (-row.counts["opened"], row.name))
