"""The whole installation in numbers: communities, people with accounts, things by kind and state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import caches

from accounts.models import User
from core.counters import all_counters
from geodata.layers import GROUPS, Layer, all_layers
from geodata.models import Community
from stats.asking import ask

KEPT = 60  # seconds
_KEY = "stats.platform"
FEWEST_PEOPLE = 5  # fewer are not told: one more or less could be somebody

# All of a counted layer, by family of states: the coarsest squares, and what waits to be folded into them.
_THINGS = """
SELECT sg, sum(n)::bigint FROM (
    SELECT sg, n FROM geodata_cell WHERE layer = %s AND category = 0 AND c < 1 << 17
    UNION ALL SELECT sg, d FROM geodata_cell_delta WHERE layer = %s) told GROUP BY sg HAVING sum(n) > 0
"""
# Community by community: the key of the months begins with it.
_SUMS = """
SELECT coalesce(sum(opened), 0)::bigint, coalesce(sum(closed), 0)::bigint, count(opened) FROM geodata_community c
CROSS JOIN LATERAL (
    SELECT sum(opened) AS opened, sum(closed) AS closed FROM stats_month
    WHERE source = %s AND community = c.id AND kind = 0 AND place = 0 AND category = 0) told
"""


@dataclass(frozen=True, slots=True)
class Things:
    """One kind of thing. `states`: name of a family of states and how many."""

    name: str
    title: Any
    icon: str
    total: int
    states: Sequence[tuple[str, Any, int]]


@dataclass(frozen=True, slots=True)
class Platform:
    """`people` None: too few to be told. `active`: communities in which anything was reported; `fixed`: reports."""

    communities: int
    active: int
    people: int | None
    reported: int
    fixed: int
    things: Sequence[Things]


def platform() -> Platform:
    """The numbers of the whole installation, as they were a minute ago at most."""
    told: Platform | None = caches["answers"].get(_KEY)
    if told is None:
        told = _read()
        caches["answers"].set(_KEY, told, timeout=KEPT)
    return told


def _read() -> Platform:
    people = User.objects.filter(is_active=True).count()
    ((reported, fixed, active),) = ask(_SUMS, all_counters()[0].number)
    things = [_things(layer) for layer in all_layers() if layer.counted]
    return Platform(
        communities=Community.objects.count(),
        active=active,
        people=people if people >= FEWEST_PEOPLE else None,
        reported=reported,
        fixed=fixed,
        things=[one for one in things if one.total],
    )


def as_json(told: Platform) -> dict[str, Any]:
    """The same for programs."""
    return {
        "communities": told.communities,
        "communities_with_reports": told.active,
        "people": told.people,
        "reported": told.reported,
        "fixed": told.fixed,
        "things": {
            one.name: {"total": one.total, "states": {code: many for code, _name, many in one.states}}
            for one in told.things
        },
    }


def _things(layer: Layer) -> Things:
    assert layer.counted
    by_group = dict(ask(_THINGS, layer.counted.number, layer.counted.number))
    names = dict(layer.groups)
    states = [(code, names[code], by_group.get(place, 0)) for place, code in enumerate(GROUPS) if code in names]
    return Things(layer.name, layer.title, layer.icon, sum(by_group.values()), states)
