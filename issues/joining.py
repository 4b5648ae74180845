"""Joining, hearing and adding within the limits of whoever does it, by a browser or by a program: all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from issues.additions import add_by_supporter
from issues.join_limits import may_add, may_ask, may_join
from issues.models import Issue
from issues.support import JoinRefusedError, Voice, hear, join
from media.models import Photo
from notifications.models import Follow


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who speaks, and what limits count: a `device` (accounts.devices), a `network` (accounts.networks) and a `program`
    (of a client of the API), or ""."""

    voice: Voice
    device: str = ""
    network: str = ""
    program: str = ""


def join_as(who: Joiner, issue: Issue, *, at: datetime) -> bool:
    """One more voice; False when it was counted before. Raises JoinRefusedError."""
    with transaction.atomic():
        is_new = join(issue=issue, voice=who.voice, device=who.device, at=at)
        if is_new and not may_join(community=issue.community, device=who.device, network=who.network, at=at):
            raise JoinRefusedError("too_many")
    return is_new


def hear_as(who: Joiner, issue: Issue, *, email: str, language: str, known: bool = False, at: datetime) -> Follow:
    """News of the report go to that address, as soon as it is confirmed (`known`: it was, in this browser).

    Raises JoinRefusedError when very many were asked from there.
    """
    with transaction.atomic():
        asks = {"device": who.device, "network": who.network, "program": who.program}
        if not known and not may_ask(community=issue.community, **asks, at=at):
            raise JoinRefusedError("too_many_letters")
        return hear(issue=issue, voice=who.voice, email=email, language=language, known=known, at=at)


def add_as(who: Joiner, issue: Issue, *, text: str, photos: Sequence[Photo] = (), at: datetime) -> bool:
    """Words or photos of whoever joined; False when these very ones were added a moment ago. Raises
    JoinRefusedError."""
    with transaction.atomic():
        added = add_by_supporter(issue=issue, voice=who.voice, text=text, photos=photos, at=at)
        if added and not may_add(community=issue.community, device=who.device, network=who.network, at=at):
            raise JoinRefusedError("too_many_words")
    return added
