"""Look-alikes: what is known already near the place of a new report, best first.

How much one is like the other is a number from 0 to 1: half for the same category, up to 0.3 for the place, up to 0.2
for the words (docs/decisions/0018 tells how the numbers were chosen).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point

from core.models import STRANGER
from geodata.layers import all_layers
from geodata.models import Community
from geodata.near import Near, things_near
from issues.layer import ISSUES
from issues.models import Issue
from issues.states import OPEN, State
from issues.support import Voice, count_of_supporters, joined_by
from issues.wordforms import likeness
from routing.models import Asset, Category

MOST = 3  # shown at once
ENOUGH = 0.65
HOUSE = 150  # metres: reports about one house stand at its doors, in its yard, on its street
RECENT = timedelta(days=14)  # so long a closed report is still worth a look
LOOKED_AT = 30  # of the nearest
WORTH_A_LOOK = OPEN | {State.DONE, State.CONFIRMED, State.REJECTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """One thing to show. `number` is None for what is no report: works, an outage."""

    key: str  # “issues-42”
    row: Mapping[str, Any]  # of its layer
    metres: int | None  # None for a blurred place
    likeness: float
    number: int | None = None
    people: int = 0  # the author and those who joined
    can_join: bool = False  # open, and this voice is not counted yet
    has_joined: bool = False

    @property
    def ends_at(self) -> datetime | None:
        """When works or an outage end, if that is known."""
        moment: datetime | None = self.row["ends_at"]
        return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known so far of a report that somebody is writing."""

    category: Category
    point: Point  # SRID 4326
    text: str = ""
    asset: Asset | None = None


def look_alikes(draft: Draft, *, community: Community, at: datetime, voice: Voice | None = None) -> list[LookAlike]:
    """At most MOST things that strangers see and that are like the draft, best first; never the true place of a blurred
    one. Must be called inside the community's scope."""
    reach = draft.category.near_metres
    found = things_near(
        [layer for layer in all_layers() if layer.groups],  # a lamp, which has no states, is nothing that happened
        draft.point,
        metres=max(reach, HOUSE) if draft.asset else reach,
        community_id=community.pk,
        at=at,
        today=community.day_of(at),
        closed_since=at - RECENT,
        limit=LOOKED_AT,
    )
    reports = _reports(found)
    judged = [_judged(near, reports.get(near.row["id"]), draft) for near in found]
    likely = [one for one in judged if one is not None and one.likeness >= ENOUGH]
    best = sorted(likely, key=lambda one: (-one.likeness, one.metres or 0, one.key))[:MOST]
    mine = joined_by(voice, {one.row["id"] for one in best if one.number}) if voice else set()
    return [
        replace(one, can_join=False, has_joined=True) if one.row["id"] in mine and one.number else one for one in best
    ]


def _reports(found: list[Near]) -> dict[int, Issue]:
    ids = [near.row["id"] for near in found if near.row["layer"] == ISSUES.name]
    if not ids:
        return {}
    rows = Issue.objects.visible_to(STRANGER).filter(pk__in=ids, state__in=WORTH_A_LOOK)
    return {
        row.pk: row
        for row in rows.select_related("asset", "category", "subject").annotate(joined=count_of_supporters())
    }


def _judged(near: Near, report: Issue | None, draft: Draft) -> LookAlike | None:
    if near.row["layer"] != ISSUES.name:
        return _known(near, draft)
    if report is None:
        return None
    return LookAlike(
        key=near.key,
        row=near.row,
        metres=None if report.is_blurred else round(near.metres),
        likeness=likeness_of(report, draft, metres=near.metres),
        number=report.number,
        people=1 + report.joined,  # type: ignore[attr-defined]  # annotated above
        can_join=report.is_open,
    )


def _known(near: Near, draft: Draft) -> LookAlike | None:
    """Works and outages explain what residents see around them: problems of the kinds that they name (`concerns`), of
    every kind when they name none."""
    concerns = near.row.get("concerns", ())
    if near.metres > draft.category.near_metres or (concerns and draft.category.code not in concerns):
        return None
    metres = round(near.metres)
    return LookAlike(key=near.key, row=near.row, metres=metres, likeness=ENOUGH + 0.3 * _nearness(near.metres, draft))


def likeness_of(report: Issue, draft: Draft, *, metres: float) -> float:
    """0 to 1. A report of another category is like the draft only when place and words both say so; a closed one must
    be nearer."""
    is_same = report.category_id == draft.category.pk
    place = 1.0 if _same_asset(report, draft) else _nearness(metres, draft)
    words = likeness(report.text, draft.text)
    if not is_same:
        return 0.1 + 0.3 * place + 0.5 * words
    return 0.5 + 0.3 * place + 0.2 * words - (0.0 if report.is_open else 0.1)


def _nearness(metres: float, draft: Draft) -> float:
    """1 at the very place, 0 at the reach of the category and beyond."""
    return max(1 - metres / draft.category.near_metres, 0.0)


def _same_asset(report: Issue, draft: Draft) -> bool:
    """Whether both are about one house, lamp…; nothing is said of the house of a blurred report."""
    if report.asset is None or draft.asset is None or report.is_blurred:
        return False
    return (report.asset.register_id, report.asset.key) == (draft.asset.register_id, draft.asset.key)
