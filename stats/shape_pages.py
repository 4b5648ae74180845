"""Puts together what the page of a drawn shape shows and what its downloads hold. Knows nothing of HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils.translation import get_language

from core.counters import MEASURES
from geodata.models import local_name
from routing.models import Category
from stats.asked import Asked
from stats.charts import charts
from stats.drawn import Drawn
from stats.figures import Known, facts, figures
from stats.numbers import Counts, numbers_of
from stats.profile import Profile, Row, known, rows_of
from stats.shape_numbers import ShapeNumbers, shape_numbers
from stats.times import Times

Names = Mapping[int, tuple[str, str, str]]  # key of a kind → code, name, icon
CSV_COLUMNS = ("part", "key", "name", *MEASURES, "backlog", "fix_cases", "fix_median_s", "fix_p90_s", "times_error")


@dataclass(frozen=True, slots=True)
class ShapePage:
    """What a page shows of a shape: totals and months are in the profile. `answer` is not kept for shapes."""

    drawn: Drawn
    profile: Profile
    categories: Sequence[Row]


def counted(asked: Asked, drawn: Drawn) -> ShapeNumbers:
    """The numbers of a shape."""
    return shape_numbers(drawn.shape, asked.period, counters=asked.counters, community_id=asked.community.pk)


def shape_page(asked: Asked, drawn: Drawn) -> ShapePage:
    """A shape beside the community."""
    found = counted(asked, drawn)
    here = Known(numbers_of(found.months, asked.period), found.fix, answer=None, people=None)
    whole = known(asked.whole, asked.period, None)
    told = here.numbers
    return ShapePage(
        drawn=drawn,
        profile=Profile(
            numbers=told,
            figures=[figure for figure in figures(here, whole) if figure.code != "answer"],
            facts=facts(told),
            charts=charts(told.by_month, asked.period, bar="opened", line="closed"),
            fix=found.fix,
        ),
        categories=rows_of(found.categories, _names(asked, found)),
    )


def as_document(asked: Asked, drawn: Drawn) -> dict[str, Any]:
    """Everything for JSON: the shape, totals, kinds, months, times."""
    found = counted(asked, drawn)
    names = _names(asked, found)
    told = numbers_of(found.months, asked.period)
    return {
        "title": drawn.title,
        "square_metres": round(drawn.square_metres, 1),
        "shape": shapely.geometry.mapping(drawn.shape),
        "period": {"first": asked.period.first, "last": asked.period.last, "up_to": asked.period.until},
        "totals": {**told.counts, "backlog": told.backlog},
        "by_category": [
            {"category": names[key][0], "name": names[key][1], **counts}
            for key, counts in found.categories.items()
            if key in names
        ],
        "by_month": [{"month": f"{month:%Y-%m}", **counts} for month, counts in told.by_month],
        "times": _times(found.fix),
    }


def as_feature(asked: Asked, drawn: Drawn) -> dict[str, Any]:
    """The shape with its totals, RFC 7946."""
    document = as_document(asked, drawn)
    return {
        "type": "Feature",
        "geometry": document["shape"],
        "properties": {
            "title": document["title"],
            "square_metres": document["square_metres"],
            **{f"period_{name}": value for name, value in document["period"].items()},
            **document["totals"],
            **document["times"],
        },
    }


def as_rows(asked: Asked, drawn: Drawn) -> Iterator[Sequence[Any]]:
    """Lines of a table with CSV_COLUMNS: the total, then each kind, then each month."""
    document = as_document(asked, drawn)
    times = list(document["times"].values())
    totals = document["totals"]
    yield ("total", "", drawn.title, *(totals[measure] for measure in MEASURES), totals["backlog"], *times)
    empty = [None] * (len(times) + 1)
    for row in document["by_category"]:
        yield ("category", row["category"], row["name"], *(row[measure] for measure in MEASURES), *empty)
    for row in document["by_month"]:
        yield ("month", row["month"], "", *(row[measure] for measure in MEASURES), *empty)


def _times(fix: Times | None) -> dict[str, Any]:
    if fix is None:
        return {"fix_cases": 0, "fix_median_s": None, "fix_p90_s": None, "times_error": None}
    return {
        "fix_cases": fix.many,
        "fix_median_s": round(fix.median),
        "fix_p90_s": round(fix.ninetieth),
        "times_error": round(fix.error, 4),
    }


def _names(asked: Asked, found: ShapeNumbers) -> Names:
    language = get_language() or ""
    kinds = Category.objects.filter(community=asked.community, pk__in=_happened(found.categories))
    return {kind.pk: (kind.code, local_name(kind, language), kind.icon) for kind in kinds}


def _happened(categories: Mapping[int, Counts]) -> list[int]:
    return [key for key, counts in categories.items() if any(counts.values())]
