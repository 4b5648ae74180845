"""What the database found around a point, judged: which rule wins, why the others lost, and who else is near.

Used by routing.responsibility, which asks the database; plain values in, plain values out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

NEAR = 100.0  # metres: owners whose area is this near are named in the trace
DOUBT = 30.0  # metres: nearer than this, another owner makes the decision doubtful
TOUCHING = 1.0  # metres: two drawn borders that are no farther apart are one on the ground
IMPORTED = "@import"  # in a trace in place of the name of who chose: the file of another system
MOST_LOST = 12  # lost rules kept in a trace: so many that cover the point, and so many near it

Row = dict[str, Any]
_RULE = (
    "rule", "lineage", "role", "category", "division", "area_code", "area", "priority", "register", "asks", "within",
    "answers", "weekdays", "hours_from", "hours_to", "valid_from", "valid_to", "organisation", "organisation_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What lies around a point, as the function routing_decide gives it.

    `areas`: those that cover the point or are near, with the metres to their border. `rules`: those whose place may be
    here or near. `assets`: what the registers of rules hold around the point; `chosen`: the one that the resident
    chose. `owners`: the organisations that all of these name by id.
    """

    inside: bool
    elsewhere: dict[str, str] | None  # slug, name and name_en of the community that a point outside is in
    ruleset: int | None
    fallback: int | None
    areas: list[Row]
    rules: list[Row]
    assets: list[Row]
    chosen: Row | None
    owners: dict[int, Row]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Found":
        """Reads the document; what it found nothing of is null there."""
        chosen = document["chosen"]
        return cls(
            inside=document["inside"],
            elsewhere=document["elsewhere"],
            ruleset=document["ruleset"],
            fallback=document["fallback"],
            areas=document["areas"] or [],
            rules=document["rules"] or [],
            assets=document["assets"] or [],
            chosen=chosen and chosen | {"metres": 0, "edge": None},
            owners={owner["id"]: owner for owner in document["owners"] or []},
        )


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule is held against. `moment`: by the community's clock; `on`: the day whose dates hold."""

    category: str
    answers: Mapping[str, str]
    moment: datetime
    on: date
    excluding: Collection[int] = frozenset()


def judge(found: Found, case: Case) -> list[Row]:
    """The rules with what they found and whether they are eligible: those that cover the point first, the strongest
    of each role first; of the others, the nearest."""
    areas: dict[int, list[Row]] = {}
    for area in found.areas:
        areas.setdefault(area["division_id"], []).append(area)
    clock, on = case.moment.time().isoformat(), case.on.isoformat()
    rules = []
    for rule in found.rules:
        place = _place_of(rule, areas)
        if place is not None:
            rules.append(_judged(rule, place, found, case, clock=clock, on=on))
    rules.sort(key=_strength)
    kept: dict[tuple[bool, str], int] = {}
    strongest = []
    for rule in rules:
        group = (rule["covers"], rule["role"])
        kept[group] = kept.get(group, 0) + 1
        if kept[group] <= MOST_LOST + 1:
            strongest.append(rule)
    return strongest


_EVERYWHERE: Row = {"division": None, "area": None, "area_id": None, "covers": True, "metres": 0, "edge": None}


def _place_of(rule: Row, areas: Mapping[int, Sequence[Row]]) -> Row | None:
    """Where the rule holds: the whole community, or the area of its division that is here or nearest. None: far away.

    `metres`: to that place, 0 within it; `edge`: from within it to its border.
    """
    if rule["division_id"] is None:
        return _EVERYWHERE
    fits = [area for area in areas.get(rule["division_id"], ()) if rule["area_code"] in ("", area["code"])]
    here = [area for area in fits if area["covers"]]
    if here:  # of several the first by its code; the rule holds until the last of them ends
        area = min(here, key=lambda one: one["code"])
        return _placed(area, metres=0, edge=max(one["metres"] for one in here))
    near = [area for area in fits if area["metres"] <= NEAR]
    if not near:
        return None
    area = min(near, key=lambda one: (one["metres"], one["code"]))
    return _placed(area, metres=area["metres"], edge=None)


def _placed(area: Row, *, metres: float, edge: float | None) -> Row:
    return {
        "division": area["division"],
        "area": area["name"],
        "area_id": area["id"],
        "covers": area["covers"],
        "metres": metres,
        "edge": edge,
    }


_NOBODY: Row = {"name": None, "is_active": False}


def _judged(rule: Row, place: Row, found: Found, case: Case, *, clock: str, on: str) -> Row:
    asks, covers = rule["asks"], place["covers"]
    asset, others = _asset_of(rule, found, excluding=case.excluding) if asks and covers else (None, [])
    organisation = rule["organisation"]
    if organisation is None and asset:
        organisation = asset["organisation"]
    owner = found.owners.get(organisation, _NOBODY) if organisation is not None else _NOBODY
    answers_fit = all(case.answers.get(question) in fits for question, fits in rule["answers"].items())
    hours_fit = _hours_fit(rule, clock=clock, weekday=case.moment.isoweekday())
    dates_fit = (rule["valid_from"] or on) <= on and (rule["valid_to"] is None or rule["valid_to"] > on)
    asset_fits = not asks or asset is not None
    excluded = organisation in case.excluding
    fits = covers and answers_fit and hours_fit and dates_fit and asset_fits
    return {
        **rule,
        **place,
        "category": case.category if rule["category_id"] else None,
        "organisation": organisation,
        "organisation_name": owner["name"],
        "is_active": owner["is_active"],
        "excluded": excluded,
        "asset": asset,
        "by_choice": asset is not None and asset is found.chosen,
        "others": others,
        "answers_fit": answers_fit,
        "hours_fit": hours_fit,
        "dates_fit": dates_fit,
        "asset_fits": asset_fits,
        "eligible": fits and owner["is_active"] and not excluded,
        "precision": _precision(rule),
    }


def _hours_fit(rule: Row, *, clock: str, weekday: int) -> bool:
    """Days and hours of the calendar day of the moment; hours over midnight hold at both ends of each of its days."""
    if rule["weekdays"] and weekday not in rule["weekdays"]:
        return False
    start, end = rule["hours_from"], rule["hours_to"]
    if start is None:
        return True
    return bool(start <= clock < end if start < end else clock >= start or clock < end)


def _asset_of(rule: Row, found: Found, *, excluding: Collection[int]) -> tuple[Row | None, list[Row]]:
    """(what the rule found in its register, the nearest things of others within DOUBT metres).

    What the resident chose from the register is what they mean, wherever the point lies.
    """
    if found.chosen and found.chosen["register_id"] == rule["register_id"]:
        return found.chosen, []
    if rule["asks"] == "this":
        return None, []
    here = [asset for asset in found.assets if asset["register_id"] == rule["register_id"]]
    here.sort(key=lambda one: (one["metres"], one["key"]))
    if rule["asks"] == "inside":
        asset = next((asset for asset in here if asset["holds"]), None)
    else:
        asset = here[0] if here and here[0]["metres"] <= rule["within"] else None
    others = []
    for other in here:
        organisation = other["organisation"] if rule["organisation"] is None else rule["organisation"]
        owner = found.owners.get(organisation, _NOBODY)
        counts = owner["is_active"] and organisation not in excluding
        if other is not asset and other["metres"] <= DOUBT and counts:
            others.append(other | {"organisation": organisation, "organisation_name": owner["name"]})
    return asset, others


def _precision(rule: Row) -> int:
    """Of two rules with one priority the more precise wins: by category, register, area, division, answers, times."""
    has_times = rule["weekdays"] or rule["hours_from"] or rule["valid_from"] or rule["valid_to"]
    conditions = (rule["category_id"], rule["register_id"], rule["area_code"], rule["division_id"], rule["answers"],
                  has_times)  # fmt: skip
    return sum(worth for worth, holds in zip((32, 16, 8, 4, 2, 1), conditions, strict=True) if holds)


def _strength(rule: Row) -> tuple[Any, ...]:
    is_informed = rule["role"] != "responsible"
    return (not rule["covers"], is_informed, not rule["eligible"], rule["metres"], -rule["priority"],
            -rule["precision"], rule["rule"])  # fmt: skip


def summary(rule: Row) -> Row:
    """A rule as a trace keeps it: its conditions, and the asset that it found."""
    found = rule["asset"]
    asset = None
    if found:
        asset = {name: found[name] for name in ("id", "key", "name", "number")} | {"metres": round(found["metres"], 1)}
    return {name: rule[name] for name in _RULE} | {"asset": asset}


def lost(rule: Row, winner: Row | None) -> Row:
    """Why a rule did not win: outside_area, no_asset, no_keeper, answers, hours, dates, organisation_inactive,
    handed_back, lower_priority, less_precise, newer, or already_told for one who would be informed twice."""
    conditions = (
        ("outside_area", rule["covers"]),
        ("answers", rule["answers_fit"]),
        ("hours", rule["hours_fit"]),
        ("dates", rule["dates_fit"]),
        ("no_asset", rule["asset_fits"]),
        ("no_keeper", rule["organisation"] is not None),
        ("organisation_inactive", rule["is_active"]),
        ("handed_back", not rule["excluded"]),
        ("already_told", rule["role"] == "responsible"),
        ("lower_priority", not winner or rule["priority"] >= winner["priority"]),
        ("less_precise", not winner or rule["precision"] >= winner["precision"]),
    )
    reason = next((reason for reason, holds in conditions if not holds), "newer")
    return summary(rule) | {"reason": reason, "metres": round(rule["metres"], 1)}


def informed(rules: Sequence[Row], responsible: int | None) -> list[Row]:
    """The rule that informs each organisation, other than the one that must answer: the strongest, each once."""
    first: dict[int, Row] = {}
    for rule in rules:
        if rule["role"] == "informed" and rule["eligible"] and rule["organisation"] != responsible:
            first.setdefault(rule["organisation"], rule)
    return list(first.values())


def nearest_other(candidates: Sequence[Row], organisation: int | None) -> Row | None:
    """The nearest owner that is somebody else."""
    return _nearest(_others(candidates), organisation)


def doubt(candidates: Sequence[Row], winner: Row | None, organisation: int | None) -> Row | None:
    """The nearest other owner within DOUBT metres whose rule would decide, if the point lay there.

    Nobody doubts what the resident chose from a register.
    """
    if winner and winner["by_choice"]:
        return None
    could = [
        other
        for other in _others(candidates)
        if other["metres"] <= DOUBT and _would_decide(other["rule"], winner, by_asset=other["asset"] is not None)
    ]
    nearest = _nearest([*could, *_beyond(candidates, winner)], organisation)
    return nearest | {"confirmed": False} if nearest else None


def _others(candidates: Sequence[Row]) -> list[Row]:
    """Owners around the point: of areas that it is not in, and of assets that did not decide."""
    found = []
    for rule in candidates:
        place = {"rule": rule, "organisation": rule["organisation"], "organisation_name": rule["organisation_name"]}
        if not rule["covers"] and rule["is_active"]:
            found.append(place | {"area": rule["area"], "asset": None, "metres": round(rule["metres"], 1)})
        for other in rule["others"]:
            label = ", ".join(part for part in (other["name"], other["number"]) if part) or other["key"]
            owner = {name: other[name] for name in ("organisation", "organisation_name")}
            found.append(place | owner | {"area": None, "asset": label, "metres": round(other["metres"], 1)})
    return found


def _beyond(candidates: Sequence[Row], winner: Row | None) -> list[Row]:
    """Who would answer within DOUBT metres across the border of the winner's own area or house, when no neighbour's
    begins there.

    The limit of “the nearest within so many metres” is no border on the ground.
    """
    if winner is None:
        return []
    found = []
    if winner["edge"] is not None and winner["edge"] <= DOUBT:
        neighbours = (
            rule["metres"] for rule in candidates if not rule["covers"] and rule["division_id"] == winner["division_id"]
        )
        rest = (rule for rule in candidates if rule["area_id"] != winner["area_id"])
        found += _across(winner["edge"], neighbours, rest)
    asset = winner["asset"]
    if asset and asset["edge"] is not None and asset["edge"] <= DOUBT:
        neighbours = (other["metres"] for other in winner["others"])
        rest = (rule for rule in candidates if not rule["asset"] or rule["asset"]["id"] != asset["id"])
        found += _across(asset["edge"], neighbours, rest)
    return found


def _across(edge: float, neighbours: Iterable[float], rest: Iterable[Row]) -> list[Row]:
    """The strongest of the rest, `edge` metres away, unless a neighbour begins where the border is."""
    if any(metres <= edge + TOUCHING for metres in neighbours):
        return []
    rule = next((rule for rule in rest if rule["eligible"]), None)
    if rule is None:
        return []
    owner = {name: rule[name] for name in ("organisation", "organisation_name")}
    return [owner | {"rule": rule, "area": None, "asset": None, "metres": round(edge, 1)}]


def _nearest(others: Sequence[Row], organisation: int | None) -> Row | None:
    strangers = [other for other in others if other["organisation"] not in (organisation, None)]
    if not strangers:
        return None
    nearest = min(strangers, key=lambda other: (other["metres"], other["rule"]["rule"], other["asset"] or ""))
    return {name: nearest[name] for name in ("organisation", "organisation_name", "area", "asset", "metres")}


def _would_decide(rule: Row, winner: Row | None, *, by_asset: bool) -> bool:
    """Whether the rule, were its place here, would beat the winner, or end it by taking its place."""
    if not (rule["answers_fit"] and rule["hours_fit"] and rule["dates_fit"]) or (rule["excluded"] and not by_asset):
        return False
    if rule["register"] and not by_asset and not rule["organisation"]:
        return False
    if winner is None or rule is winner:
        return True
    same_division = rule["division_id"] is not None and rule["division_id"] == winner["division_id"]
    same_register = rule["register_id"] is not None and rule["register_id"] == winner["register_id"]
    if same_division or same_register:
        return True
    rank = (rule["priority"], rule["precision"], -rule["rule"])
    return bool(rank > (winner["priority"], winner["precision"], -winner["rule"]))
