"""What programs can hear of. Upper apps register the events of their kind of subject, and what is told of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Told = Callable[[Mapping[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Family:
    """Events about one kind of subject."""

    names: Mapping[str, Any]  # “report.created” → what it means, a lazy text
    told: Told  # the fact that the database wrote → what strangers may know of it now; None: nothing any more


_families: dict[str, Family] = {}


def register(family: Family) -> None:
    """Adds a family, once. Raises ValueError when another has one of its names."""
    for name in family.names:
        if _families.setdefault(name, family) is not family:
            raise ValueError(f"An event called {name!r} is registered already.")


def names() -> dict[str, Any]:
    """Every event that programs can hear of, and what it means."""
    return {name: family.names[name] for name, family in _families.items()}


def told(name: str, fact: Mapping[str, Any]) -> dict[str, Any] | None:
    """What strangers may know of it now; None when that is nothing, or nobody knows such events any more."""
    family = _families.get(name)
    return family.told(fact) if family else None
