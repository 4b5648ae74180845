"""Keys that stand inside other values, such as those of a message: they follow their rows."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from openmap.moving.belongings import Kind
from openmap.moving.identities import Identities, Row

Change = Callable[[Identities, Any, Row], Any]


def moved(now: Identities, kind: Kind, row: Row) -> Row:
    """The row with the keys that it and all that it names have here. Raises MovingError."""
    own = str(kind.key.column)
    changed = row | {own: now.of(kind.label, row[own])}
    changed |= {column: now.of(label, row[column]) for column, label in kind.references.items() if column in row}
    for column, change in INSIDE.get(kind.label, {}).items():
        if column in row:
            changed[column] = change(now, row[column], row)
    return changed


def _trace(now: Identities, value: Any, row: Row) -> Any:
    """A decision as it was: the keys in it lead to pages of rules, areas and things."""
    if isinstance(value, list):
        return [_trace(now, one, row) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _trace(now, one, row) for name, one in value.items()}
    for name, label in TRACED.items():
        if isinstance(found.get(name), int):
            found[name] = now.perhaps(label, found[name])
    for name, label in TRACED_ROWS.items():
        for one in found[name] if isinstance(found.get(name), list) else [found.get(name)]:
            if isinstance(one, dict) and isinstance(one.get("id"), int):
                one["id"] = now.perhaps(label, one["id"])
    if isinstance(found.get("asset"), int):  # what was asked
        found["asset"] = now.perhaps("routing.Asset", found["asset"])
    if isinstance(found.get("answers"), dict):
        found["answers"] = _answered(now, found["answers"], str(found.get("category")))
    return found


def _payload(now: Identities, value: Any, row: Row) -> Any:
    """A message names its channel, those that were tried before, and the organisation whose it is (routing.channels);
    a photo that is to be read, its report (issues.open311.photos_by_address); what a webhook is told, an event. A key
    that leads to nothing here goes: it would lead to somebody else."""
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for name, label in NAMED[PHOTO if row.get("channel") == PHOTO else ""].items():
        if name in found and (key := now.perhaps(label, found.pop(name))) is not None:
            found[name] = key
    if isinstance(found.get("tried"), list):
        keys = [now.perhaps("routing.Channel", key) for key in found["tried"]]
        found["tried"] = [key for key in keys if key is not None]
    if isinstance(fact := found.get("fact"), dict) and "event" in fact:
        found["fact"] = fact | {"event": now.perhaps("issues.IssueEvent", fact["event"])}
    return found


def _events(now: Identities, value: Any, _row: Row) -> Any:
    return [key for key in (now.perhaps("issues.IssueEvent", one) for one in value or []) if key is not None]


def _answers(now: Identities, value: Any, row: Row) -> Any:
    """An answer of a question about an asset is its key in digits, or the word for none of them."""
    if not isinstance(value, dict):
        return value
    return _answered(now, value, row["category_id"])


def _answered(now: Identities, answers: dict[str, Any], category: int | str) -> dict[str, Any]:
    """`category`: its key there, or its code."""
    found = {}
    for code, answer in answers.items():
        if (category, code) in now.asset_questions and isinstance(answer, str) and answer.isdecimal():
            key = now.perhaps("routing.Asset", int(answer))
            if key is not None:
                found[code] = str(key)
        else:
            found[code] = answer
    return found


PHOTO: Final = "media_url"
NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "": {"channel_id": "routing.Channel", "organisation": "accounts.Organisation"},
    PHOTO: {"subject": "core.Subject", "community": "geodata.Community"},
}
TRACED: Final = {
    "organisation": "accounts.Organisation",
    "rule": "routing.Rule",
    "ruleset": "routing.RuleSet",
    "register_id": "routing.Register",
}
TRACED_ROWS: Final = {"areas": "geodata.Area", "asset": "routing.Asset"}
INSIDE: Final[Mapping[str, Mapping[str, Change]]] = {
    "routing.Decision": {"trace": _trace},
    "routing.Answer": {"became": _events},
    "core.OutboxMessage": {"payload": _payload},
    "issues.Issue": {"answers": _answers},
}
