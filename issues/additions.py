"""What somebody who joined a report adds to it: words and photos that those who must answer get and everybody reads.

They stay the supporter's: the author may not take them away, moderators redact and hide them as any others.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from core.models import ON_THE_MAP
from geodata.models import Community
from issues.events import append_event
from issues.models import Issue, IssueEvent, IssueSettings
from issues.moves import is_said, locked, tell_organisations, touch
from issues.states import OPEN
from issues.support import JoinRefusedError, Voice, supports
from media.actions import attach
from media.models import Photo

Kind, By = IssueEvent.Kind, IssueEvent.By


def add_by_supporter(*, issue: Issue, voice: Voice, text: str = "", photos: Sequence[Photo] = (), at: datetime) -> bool:
    """Adds words or photos in the name of whoever joined; False when these very ones were added a moment ago.

    Raises JoinRefusedError.
    """
    if not text and not photos:
        raise JoinRefusedError("no_words")
    with transaction.atomic():
        issue = locked(issue.subject_id)
        if code := _refusal(issue, voice):
            raise JoinRefusedError(code)
        new = attach(photos=photos, subject=issue.subject, role=Photo.Role.PROBLEM, at=at)
        if not new and (not text or is_said(issue, by=By.SUPPORTER, organisation=None, text=text, at=at)):
            return False
        event = append_event(issue, Kind.ADDED, by=By.SUPPORTER, at=at, text=text)
        event.photos.add(*new)
        touch(issue, at=at)
        tell_organisations(issue, text=text, at=at, news="supporter")
    return True


def takes_additions(community: Community) -> bool:
    """False where a moderator looks at everything before strangers do: words of strangers would pass that by."""
    return not IssueSettings.objects.filter(community=community, hold_new=True).exists()


def photos_of_supporters(issue: Issue) -> "QuerySet[Photo]":
    """Photos that others than the author added to the report."""
    added = IssueEvent.objects.filter(issue=issue, by=By.SUPPORTER, photos__isnull=False)
    return Photo.objects.filter(pk__in=added.values("photos"))


def _refusal(issue: Issue, voice: Voice) -> str:
    """Why nothing can be added, as JoinRefusedError names it; "" when nothing is in the way."""
    if issue.subject.visibility not in ON_THE_MAP:
        return "unseen"
    if issue.state not in OPEN:
        return "closed"
    if not supports(issue, voice):
        return "not_joined"
    return "" if takes_additions(issue.community) else "looked_at_first"
