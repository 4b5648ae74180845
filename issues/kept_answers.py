"""Answers to what other categories asked: a form carries them along as hidden fields, so that nothing typed is lost."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from issues.questions import PREFIX
from routing.models import Question

KEPT = "kept:"  # of the names of hidden fields: kept:<code of the category>:<name of the field>
OF_A_REGISTER = ("asset", "entrance", "flat")
MOST = 60  # of them; more than all categories ask together is nobody's typing
MOST_CHARACTERS = 1000  # of each, as a text may have


def apply_to(data: MutableMapping[str, Any]) -> None:
    """Puts the answers of the chosen category into their fields, and those of the one before aside.

    An answer of the one before stays where a question of the chosen one has the same code and takes it.
    """
    before, now = str(data.get("asked", "")), str(data.get("category", ""))
    if before and now and before != now:
        for name in [name for name in data if _is_answer(name)]:
            if data[name]:
                data[f"{KEPT}{before}:{name}"] = data[name]
            if not _fits(now, name, str(data[name])):
                data[name] = ""
    for name in [name for name in data if name.startswith(f"{KEPT}{now}:")]:
        field = name.removeprefix(f"{KEPT}{now}:")
        if now and before != now and _is_answer(field):
            data[field] = data[name]


def carried(data: Mapping[str, Any], category: str) -> list[tuple[str, str]]:
    """(name, value) of the hidden fields that a form with this category shows again."""
    found = [
        (name, str(data[name])[:MOST_CHARACTERS])
        for name in data
        if name.startswith(KEPT) and not name.startswith(f"{KEPT}{category}:") and len(name) < 150
    ]
    return found[:MOST]


def _is_answer(name: str) -> bool:
    return name.startswith(PREFIX) or name in OF_A_REGISTER


def _fits(category: str, name: str, value: str) -> bool:
    """Whether the category asks under that name for a choice that has this answer."""
    if not name.startswith(PREFIX):
        return False
    asked = Question.objects.filter(category__code=category, code=name.removeprefix(PREFIX)).first()
    return asked is not None and value in asked.codes
