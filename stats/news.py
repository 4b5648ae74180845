"""What is unusual this week in a community: each kind in each area and each organisation, named."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from accounts.models import Organisation
from core.counters import Counters
from geodata.models import Area, Community
from routing.models import Category
from stats.case_arrays import begun, weeks_of
from stats.flat import Whole
from stats.unusual import A_YEAR, AROUND, BEFORE, FEWEST_BEFORE, Weeks, season_of, unusual

EVERYWHERE, IN_AREA, BY_ORGANISATION = 0, 1, 2
Key = tuple[int, int, int]  # where, the area or organisation (0: everywhere), the category (0: all)


@dataclass(frozen=True, slots=True)
class Piece:
    """A count that stands out: of a kind (None: all), in an area or at an organisation (both None: everywhere)."""

    category: Category | None
    area: Area | None
    organisation: Organisation | None
    weeks: Weeks


@dataclass(frozen=True, slots=True)
class News:
    """The week from `since` to the day before `until`, compared with `before` weeks; None looked at: too short a
    history."""

    since: date
    until: date
    before: int
    looked_at: int | None
    pieces: list[Piece]

    @property
    def last_day(self) -> date:
        """The last of its seven days."""
        return self.until - timedelta(days=1)

    @property
    def by_kind(self) -> list[list[Piece]]:
        """The pieces of each kind together, for they often tell of the same; the least likely first."""
        found: dict[int, list[Piece]] = defaultdict(list)
        for piece in self.pieces:
            found[piece.category.pk if piece.category else 0].append(piece)
        return list(found.values())


def news_of(counters: Counters, community: Community, *, today: date) -> News:
    """What stands out in the seven days before `today`. Call it inside the scope."""
    since = today - timedelta(days=7)
    first = begun(counters, community.pk)
    before = min((since - first).days // 7, BEFORE) if first else 0
    if before < FEWEST_BEFORE:
        return News(since, today, before, None, [])
    weeks = series_of(counters, community, until=today, many=before + 1)
    areas = {area.pk: area for area in Area.objects.on(today).select_related("division").defer("boundary")}
    weeks = {key: counts for key, counts in weeks.items() if key[0] != IN_AREA or key[1] in areas}
    found = unusual(weeks, _seasons(counters, community, weeks, today=today))
    categories = {category.pk: category for category in Category.objects.filter(pk__in={key[2] for key in found})}
    served = {key[1] for key in found if key[0] == BY_ORGANISATION}
    organisations = Organisation.objects.in_bulk(served)
    pieces = [
        Piece(
            categories.get(category),
            areas[place] if where == IN_AREA else None,
            organisations[place] if where == BY_ORGANISATION else None,
            one,
        )
        for (where, place, category), one in found.items()
    ]
    return News(since, today, before, len(weeks), pieces)


def series_of(counters: Counters, community: Community, *, until: date, many: int) -> dict[Key, Whole]:
    """Counts of the `many` weeks before `until`, of everything that had any."""
    found: dict[Key, Whole] = defaultdict(lambda: np.zeros(many, dtype=np.int64))
    for category, organisation, areas, week, cases in weeks_of(counters, community.pk, until=until, many=many):
        places = [(EVERYWHERE, 0), *((IN_AREA, area) for area in areas)]
        places += [(BY_ORGANISATION, organisation)] if organisation else []
        for where, place in places:
            for kind in (0, category):
                found[where, place, kind][week] += cases
    return dict(found)


def _seasons(counters: Counters, community: Community, weeks: dict[Key, Whole], *, today: date) -> dict[Key, float]:
    """How each kind changed at this time a year ago, in the whole community: parts of it would be too few."""
    until = today - timedelta(weeks=A_YEAR - AROUND)
    year_ago = series_of(counters, community, until=until, many=BEFORE + AROUND + 1)
    factor = {kind: season_of(counts) for (where, _place, kind), counts in year_ago.items() if where == EVERYWHERE}
    return {key: factor.get(key[2], 1.0) for key in weeks}
