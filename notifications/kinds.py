"""What can be followed. Upper apps register their kind of subject: its name, its page, what is told first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.models import Subject
from notifications.models import Follow


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of subject."""

    # In the language of the moment, for the letter to an address that may be a stranger's: nothing that people wrote.
    called: Callable[[Subject], str]
    path: Callable[[Subject], str]  # of the public page
    welcome: Callable[..., None]  # (follow=, at=): writes the first letter, with what happened before it was confirmed
    over: Callable[[datetime], QuerySet[Subject]]  # those of which nobody will hear any more, at that moment


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Adds the kind of the subjects of that name, once. Raises ValueError when another has the name."""
    if _kinds.setdefault(name, kind) is not kind:
        raise ValueError(f"A kind called {name!r} is registered already.")


def kind_of(subject: Subject) -> Kind:
    """The kind of this subject. Raises KeyError for one that nobody can follow."""
    return _kinds[subject.kind]


def all_kinds() -> list[Kind]:
    """Kinds in the order in which they registered."""
    return list(_kinds.values())


def welcome(follow: Follow, *, at: datetime) -> None:
    """Writes the first letter to an address that was just confirmed."""
    kind_of(follow.subject).welcome(follow=follow, at=at)
