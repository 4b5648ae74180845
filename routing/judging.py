"""What the database found around a point, judged: which rule wins, why the others lost, and who else is near.

Used by routing.responsibility, which asks the database; plain values in, plain values out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DOUBT = 30.0  # metres: nearer than this, another owner makes the decision doubtful
MOST_LOST = 12  # lost rules kept in a trace: so many that cover the point, and so many near it

Row = dict[str, Any]
_RULE = (
    "rule", "lineage", "role", "category", "division", "area_code", "area", "priority", "register", "asks", "within",
    "answers", "weekdays", "hours_from", "hours_to", "valid_from", "valid_to", "organisation", "organisation_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What lies around a point, as the function routing_decide gives it; None stands for an empty list.

    `rules`: those whose place is here or near. `assets`: what the registers of rules hold around the point, and the
    one that the resident chose. `owners`: the organisations that rules and assets name by id.
    """

    fallback: Row | None
    ruleset: int | None
    areas: list[Row] | None
    rules: list[Row] | None
    assets: list[Row] | None
    owners: list[Row] | None


def judge(
    found: Found, *, category: str, answers: Mapping[str, str], excluding: Collection[int] = frozenset()
) -> list[Row]:
    """The rules with what they found and whether they are eligible: those that cover the point first, the strongest
    of each role first; of the others, the nearest."""
    owners = {owner["id"]: owner for owner in found.owners or []}
    assets = [asset | _named(asset["organisation"], owners) for asset in found.assets or []]
    rules = [
        _judged(
            rule | _named(rule["organisation"], owners), assets, category=category, answers=answers, excluding=excluding
        )
        for rule in found.rules or []
    ]
    rules.sort(key=_strength)
    kept: dict[tuple[bool, str], int] = {}
    strongest = []
    for rule in rules:
        group = (rule["covers"], rule["role"])
        kept[group] = kept.get(group, 0) + 1
        if kept[group] <= MOST_LOST + 1:
            strongest.append(rule)
    return strongest


def _named(organisation: int | None, owners: Mapping[int, Row]) -> Row:
    """Its name, and whether it works: of an organisation, or of nobody."""
    owner = owners[organisation] if organisation is not None else {"name": None, "is_active": False}
    return {"organisation_name": owner["name"], "is_active": owner["is_active"]}


def _judged(
    rule: Row, assets: Sequence[Row], *, category: str, answers: Mapping[str, str], excluding: Collection[int]
) -> Row:
    asset, others = _asset_of(rule, assets, excluding=excluding) if rule["register"] and rule["covers"] else (None, [])
    owner = rule
    if rule["organisation"] is None and asset:
        owner = asset
    answers_fit = all(answers.get(question) in fits for question, fits in rule["answers"].items())
    asset_fits = not rule["register"] or asset is not None
    excluded = owner["organisation"] in excluding
    fits = rule["covers"] and answers_fit and rule["hours_fit"] and rule["dates_fit"] and asset_fits
    return rule | {
        "category": category if rule["category"] else None,
        "organisation": owner["organisation"],
        "organisation_name": owner["organisation_name"],
        "is_active": owner["is_active"],
        "excluded": excluded,
        "asset": asset,
        "others": others,
        "answers_fit": answers_fit,
        "asset_fits": asset_fits,
        "eligible": fits and owner["is_active"] and not excluded,
        "precision": _precision(rule),
    }


def _asset_of(rule: Row, assets: Sequence[Row], *, excluding: Collection[int]) -> tuple[Row | None, list[Row]]:
    """(what the rule found in its register, the nearest thing of each other owner within DOUBT metres)."""
    here = [asset for asset in assets if asset["register_id"] == rule["register_id"]]
    if rule["asks"] == "this":
        return next((asset for asset in here if asset["is_chosen"]), None), []
    here = sorted((asset for asset in here if not asset["is_chosen"]), key=lambda one: (one["metres"], one["key"]))
    if rule["asks"] == "inside":
        chosen = next((asset for asset in here if asset["holds"]), None)
    else:
        chosen = here[0] if here and here[0]["metres"] <= rule["within"] else None
    others = []
    for asset in here:
        owner = asset if rule["organisation"] is None else rule
        counts = owner["is_active"] and owner["organisation"] not in excluding
        if asset is not chosen and asset["metres"] <= DOUBT and counts:
            others.append(asset | {name: owner[name] for name in ("organisation", "organisation_name")})
    return chosen, others


def _precision(rule: Row) -> int:
    """Of two rules with one priority the more precise wins: by category, register, area, division, answers, times."""
    has_times = rule["weekdays"] or rule["hours_from"] or rule["valid_from"] or rule["valid_to"]
    conditions = (rule["category"], rule["register"], rule["area_code"], rule["division_id"], rule["answers"],
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
    if winner and winner["asks"] == "this":
        return None
    could = [
        other
        for other in _others(candidates)
        if other["metres"] <= DOUBT and _would_decide(other["rule"], winner, by_asset=other["asset"] is not None)
    ]
    nearest = _nearest(could, organisation)
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
