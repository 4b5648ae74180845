"""Those whom a duplicate concerns go along to its original: counted there once a person, and told its news."""

from datetime import datetime

from django.db.models import Q

from core.models import ON_THE_MAP
from issues.models import Issue, Supporter
from issues.states import State
from notifications.actions import end, follow
from notifications.models import Follow


def is_original(found: Issue | None, *, of: Issue) -> bool:
    """Another report of the same community that is not a duplicate itself."""
    return (
        found is not None
        and found.pk != of.pk
        and found.community_id == of.community_id
        and found.state != State.DUPLICATE
    )


def carry_supporters(duplicate: Issue, *, to: Issue, at: datetime) -> None:
    """The voices of a duplicate, its author's too, count for the original, inside the caller's transaction.

    A person whose voice is there already stays one: the database says so (supporter_user_once, supporter_voice_once),
    whoever joins at this moment. Confirmed addresses follow the original, and its first letter tells them so; of one
    that strangers do not see nobody hears.
    """
    voices = Supporter.objects.filter(issue=duplicate)
    Supporter.objects.bulk_create(
        [
            Supporter(
                community_id=to.community_id,
                issue=to,
                user_id=row.user_id,
                voice=row.voice,
                carried_from=duplicate,
                created_at=at,
            )
            for row in voices
        ],
        ignore_conflicts=True,
    )
    if to.subject.visibility in ON_THE_MAP:
        _carry_letters(duplicate, to=to, at=at)


def _carry_letters(duplicate: Issue, *, to: Issue, at: datetime) -> None:
    voices = Supporter.objects.filter(issue=duplicate)
    for letters in Follow.objects.confirmed().filter(subject=duplicate.subject_id).order_by("pk"):
        row, is_new = follow(
            subject=to.subject,
            email=letters.email,
            role=Follow.Role.SUPPORTER,
            language=letters.language,
            known=True,
            at=at,
        )
        is_authors = letters.role == Follow.Role.AUTHOR
        voice = voices.filter(Q(is_author=True) if is_authors else Q(follow=letters)).first()
        if is_new and voice:  # whoever takes the voice back there gets no more letters
            carried = Supporter.objects.filter(issue=to, user=voice.user_id, voice=voice.voice, is_author=False)
            carried.update(follow=row)


def take_supporters_back(issue: Issue, *, at: datetime) -> None:
    """The report is no duplicate after all: its voices leave the one to which they were carried, and so do the letters
    that began with it."""
    carried = Supporter.objects.filter(carried_from=issue)
    for row in carried.filter(follow__isnull=False).select_related("follow"):
        if row.follow:
            end(row.follow, at=at)
    carried.delete()
