"""What people call a place: addresses found by words, however they are written, and the address nearest to a point."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib.gis.geos import Point
from django.db.models import Q

from geodata.address_sources import Found, Sure, all_sources
from geodata.models import Address, Community, Street
from geodata.replica import reading
from geodata.street_candidates import alike, slipped
from geodata.street_fit import CLOSE, EXACT, LEAST, Fit, fit_of
from geodata.street_words import Sought, sought_in, words_of

MOST = 7  # results of one search: what a phone shows above its keyboard
NEAR_HOUSE = 60  # metres from the point to the house by which it is named
NEAR_STREET = 150  # metres to the street, where no house is near
SHORTEST = 2  # letters to search by
ROOT = 4  # letters that a settlement and its community begin with alike: «Вінниця», «Вінницька громада»
_NUMBERS = 4  # of each street
_NEXT_DOOR, _BESIDE = 6, 2  # numbers that a house may be away from the one that was typed; so many are offered
_WORSE = 0.2  # than the best; what fits worse is not shown
_GOOD = 0.85  # what fits better is not worth a look at every name
_NO_HOUSE = 0.03  # how much less a street is meant that does not have the number

_NEAREST_HOUSE = """
SELECT s.name, s.locality, a.number, ST_X(a.location::geometry), ST_Y(a.location::geometry),
       ST_Distance(a.location, %(point)s::geography)
FROM geodata_address a JOIN geodata_street s ON s.id = a.street_id
WHERE a.community_id = %(community)s AND ST_DWithin(a.location, %(point)s::geography, %(within)s)
ORDER BY a.location <-> %(point)s::geography, a.id LIMIT 1
"""
_NEAREST_STREET = """
SELECT name, locality, '', ST_X(at), ST_Y(at), metres FROM (
    SELECT name, locality, ST_Distance(path, %(point)s::geography) AS metres,
           ST_ClosestPoint(path::geometry, %(point)s::geometry) AS at
    FROM geodata_street
    WHERE community_id = %(community)s AND ST_DWithin(path, %(point)s::geography, %(within)s)
    ORDER BY path <-> %(point)s::geography, id LIMIT 1
) AS nearest
"""


def find_addresses(
    text: str, *, community: Community, on: date, near: Point | None = None, limit: int = MOST
) -> list[Found]:
    """Addresses and streets that the text may mean, the likeliest first; with equal names the nearest to `near`.

    What other sources know is asked when the community has imported no addresses. Call it inside the scope.
    """
    if len(text.strip()) < SHORTEST:
        return []
    found = _own(text, community=community, near=near, limit=limit)
    if Address.objects.filter(community=community).exists():
        return found
    for source in all_sources():
        found += source.find(text, community=community, near=near, on=on, limit=limit)
    return found[:limit]


def find_streets(text: str, *, community: Community) -> list[tuple[Street, bool]]:
    """Streets that the text may name, the likeliest first, each with whether it names it exactly. Call it inside the
    scope."""
    if len(text.strip()) < SHORTEST:
        return []
    ways = _ways(text, community)
    best: dict[int, Fit] = {}
    _look_at(alike(ways, community), ways, best)
    if max((fit.score for fit in best.values()), default=0.0) < _GOOD:
        _look_at(slipped(ways, community), ways, best)
    fits = sorted((fit for fit in best.values() if fit.score >= LEAST), key=lambda fit: (-fit.score, fit.street.pk))
    return [(fit.street, fit.score >= EXACT) for fit in fits[:MOST]]


def nearest_address(point: Point, *, community: Community, on: date) -> Found | None:
    """The house within NEAR_HOUSE metres of the point (SRID 4326), else the street within NEAR_STREET, else None."""
    given = {"point": f"SRID=4326;POINT({point.x!r} {point.y!r})", "community": community.pk}
    house = _nearest(_NEAREST_HOUSE, given | {"within": NEAR_HOUSE})
    if house:
        return house
    if not Address.objects.filter(community=community).exists():
        houses = (one.nearest(point, community=community, on=on, within=NEAR_HOUSE) for one in all_sources())
        if other := min((one for one in houses if one), key=lambda one: one.metres or 0, default=None):
            return other
    return _nearest(_NEAREST_STREET, given | {"within": NEAR_STREET})


def label_of(street: str, locality: str, number: str = "") -> str:
    """“вул. Соборна, 12”, in a community of several settlements “Соснівка, вул. Соборна, 12”."""
    return ", ".join(part for part in (locality, street, number) if part)


def _nearest(query: str, given: dict[str, Any]) -> Found | None:
    with reading().cursor() as cursor:
        cursor.execute(query, given)
        row = cursor.fetchone()
    if row is None:
        return None
    street, locality, number, lon, lat, metres = row
    return Found(
        label_of(street, locality, number), (lon, lat), Sure.GUESS, is_street=not number, metres=round(metres, 1)
    )


def _own(text: str, *, community: Community, near: Point | None, limit: int) -> list[Found]:
    ways = _ways(text, community)
    best: dict[int, Fit] = {}
    _look_at(alike(ways, community), ways, best)
    if max((fit.score for fit in best.values()), default=0.0) < _GOOD:
        _look_at(slipped(ways, community), ways, best)
    fits = [fit for fit in best.values() if fit.score >= LEAST]
    if not fits:
        return []
    top = max(fit.score for fit in fits)
    fits = [fit for fit in fits if fit.score >= top - _WORSE]
    houses = _houses(fits)

    def order(fit: Fit) -> tuple[float, bool, float, str, int]:
        is_missing = fit.number != "" and fit.street.pk not in houses  # «Садова 5» may be a street of that name
        score = fit.score - _NO_HOUSE * is_missing
        return -round(score, 2), is_missing, _away(fit.street.middle, near), fit.street.name, fit.street.pk

    return _results(sorted(fits, key=order), houses)[:limit]


def _ways(text: str, community: Community) -> list[Sought]:
    """The ways to read a text; also without the name of the community, which stands in most addresses."""
    ways = sought_in(text)
    roots = [word[: max(ROOT, len(word) - 3)] for word in words_of(community.name) if len(word) >= ROOT]
    for way in list(ways):
        words = tuple(word for word in way.words if not any(word.startswith(root[: len(word)]) and len(word) >= ROOT
                                                            for root in roots))  # fmt: skip
        if words and words != way.words:
            ways.append(replace(way, words=words))
    return ways


def _look_at(streets: Sequence[Street], ways: Sequence[Sought], best: dict[int, Fit]) -> None:
    """Keeps for each street the way to read the text that fits it best; of equal ones the first."""
    for street in streets:
        for way in ways:
            found = fit_of(street, way)
            known = best.get(street.pk)
            if known is None or found.score > known.score + 0.001:
                best[street.pk] = found


def _results(fits: Sequence[Fit], houses: Mapping[int, Sequence[Address]]) -> list[Found]:
    """Houses of the streets where a number was typed, else the streets.

    A number that a street does not have stands for the street, at the house whose number is next to it, and the houses
    on both sides are offered.
    """
    found: list[Found] = []
    for fit in fits:
        named = Sure.EXACT if fit.score >= EXACT else Sure.CLOSE if fit.score >= CLOSE else Sure.GUESS
        own = houses.get(fit.street.pk, ())
        is_known = any(_is_house(row, fit.number) for row in own)
        beside = [] if is_known or fit is not fits[0] else _beside(fit)
        found += [_house(fit, row, named) for row in own]
        if not is_known:
            middle = beside[0].location if beside else fit.street.middle
            found.append(_found(fit, middle, Sure.STREET if fit.number else named, missing=fit.number))
        found += [_house(fit, row, named) for row in beside if row not in own]
    return found


def _house(fit: Fit, row: Address, named: Sure) -> Found:
    is_other = row.number_key != fit.number and named is Sure.EXACT
    return _found(fit, row.location, Sure.CLOSE if is_other else named, row.number)


def _found(fit: Fit, point: Point, sure: Sure, number: str = "", *, missing: str = "") -> Found:
    label = label_of(fit.street.name, fit.street.locality, number)
    return Found(label, (point.x, point.y), sure, is_street=not number, former=fit.former, missing=missing)


def _is_house(row: Address, number: str) -> bool:
    """True for the number itself and for parts of that house: 12, 12а, 12/3; not for 120."""
    return not row.number_key.removeprefix(number)[:1].isdigit()


def _beside(fit: Fit) -> list[Address]:
    """The houses of the street whose numbers are next to the one that was typed: its own side of the street first."""
    digits = _leading(fit.number)
    if digits is None:
        return []
    near: list[tuple[int, str, Address]] = []
    for row in Address.objects.filter(street=fit.street):
        number = _leading(row.number_key)
        if number is not None and abs(number - digits) <= _NEXT_DOOR:
            near.append((2 * abs(number - digits) + (number - digits) % 2, row.number_key, row))
    return [row for _far, _key, row in sorted(near, key=lambda one: one[:2])[:_BESIDE]]


def _leading(number: str) -> int | None:
    """The number that a key of a house begins with."""
    found = re.match(r"\d+", number)
    return int(found.group()) if found else None


def _houses(fits: Sequence[Fit]) -> dict[int, list[Address]]:
    """By street: the house with the number that was typed, then others whose number begins so."""
    asked = [(fit.street.pk, fit.number) for fit in fits if fit.number]
    found: dict[int, list[Address]] = {}
    if not asked:
        return found
    rows = Address.objects.filter(street__in=[pk for pk, _number in asked])
    numbers = dict(asked)
    first = {number for _pk, number in asked}
    for row in rows.filter(_begins_with(first)):
        if row.number_key.startswith(numbers[row.street_id]):
            found.setdefault(row.street_id, []).append(row)
    return {pk: sorted(own, key=lambda row: _order(row, numbers[pk]))[:_NUMBERS] for pk, own in found.items()}


def _begins_with(numbers: set[str]) -> Q:
    wanted = Q()
    for number in numbers:
        wanted |= Q(number_key__startswith=number)
    return wanted


def _order(row: Address, number: str) -> tuple[int, int, str]:
    """12, then 12а and 12/3, then 120."""
    rest = row.number_key.removeprefix(number)
    return (0 if not rest else 2 if rest[0].isdigit() else 1, len(rest), rest)


def _away(middle: Point, near: Point | None) -> float:
    """Degrees between two points, good enough to tell streets of one name apart; 0 without the second."""
    return float(middle.distance(near)) if near else 0.0
