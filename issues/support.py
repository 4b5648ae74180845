"""“This concerns me too”: one voice of a person for a report, and how many there are. Never whose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac

from accounts.models import User
from core.models import ON_THE_MAP
from core.together import AT_ONCE, Writer
from issues.models import Issue, Supporter
from issues.states import OPEN
from notifications.actions import end, follow
from notifications.models import Follow


class JoinRefusedError(ValueError):
    """Nobody can join. `code`: “closed”, “unseen” (strangers do not see the report), “nobody” (no voice) or “too_many”
    (from there, within an hour); for words that are added, “not_joined”, “no_words”, “looked_at_first” (a moderator
    reads everything here before strangers do) or “too_many_words” too."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: an account, or else a digest of a browser or of a confirmed e-mail. False when it is nobody."""

    user: User | None = None
    digest: str = ""

    @classmethod
    def of(cls, *, user: User | None = None, device: str = "", confirmed_email: str = "") -> "Voice":
        """The first of them that is there."""
        if user is not None:
            return cls(user=user)
        return cls(digest=device or (_digest_of(confirmed_email) if confirmed_email else ""))

    def __bool__(self) -> bool:
        return self.user is not None or self.digest != ""


def join(*, issue: Issue, voice: Voice, device: str = "", at: datetime) -> bool:
    """One more voice for an open report; False when it was counted before. Raises JoinRefusedError.

    Somebody who joined in this browser (`device`) and then signed in has one voice, not two.
    """
    if not voice:
        raise JoinRefusedError("nobody")
    with transaction.atomic():
        now = Issue.objects.select_for_update(of=("self",), no_key=True).select_related("subject").get(pk=issue.pk)
        if now.subject.visibility not in ON_THE_MAP:
            raise JoinRefusedError("unseen")
        if now.state not in OPEN:
            raise JoinRefusedError("closed")
        if has_joined(issue, voice) or _signed_in_since(issue, voice, device):
            return False
        _row, is_new = Supporter.objects.get_or_create(
            issue=issue,
            user=voice.user,
            voice=voice.digest,
            defaults={"community_id": issue.community_id, "created_at": at},
        )
    return is_new


def hear(*, issue: Issue, voice: Voice, email: str, language: str = "uk", known: bool = False, at: datetime) -> Follow:
    """News go to whoever joined, once the address is confirmed (`known`: it was, in this browser)."""
    with transaction.atomic():
        row, is_new = follow(
            subject=issue.subject, email=email, role=Follow.Role.SUPPORTER, language=language, known=known, at=at
        )
        if is_new:  # letters that somebody else asked for are not theirs to stop
            _rows_of(issue, voice).filter(is_author=False).update(follow=row)
    return row


def leave(*, issue: Issue, voice: Voice, at: datetime) -> bool:
    """Takes the voice back, and with it the letters that began with it, whatever the state of the report; False when
    there was none. The author's stays."""
    if not voice:
        return False
    with transaction.atomic():
        row = _rows_of(issue, voice).filter(is_author=False).select_related("follow").first()
        if row is None:
            return False
        if row.follow:
            end(row.follow, at=at)
        row.delete()
    return True


def note_author(issue: Issue, voice: Voice, *, at: datetime, write: Writer = AT_ONCE) -> None:
    """The author's own voice, which is not counted among supporters, so that they cannot join themselves."""
    if voice:
        write.create(
            Supporter,
            community_id=issue.community_id,
            issue=issue,
            user=voice.user,
            voice=voice.digest,
            is_author=True,
            created_at=at,
        )


def has_joined(issue: Issue, voice: Voice) -> bool:
    """Whether this voice is counted already, as a supporter's or as the author's."""
    return bool(voice) and _rows_of(issue, voice).exists()


def joined_by(voice: Voice, issues: Collection[int]) -> set[int]:
    """Those of the reports (ids) in which this voice is counted already."""
    if not voice or not issues:
        return set()
    rows = Supporter.objects.filter(issue__in=issues, user=voice.user, voice=voice.digest)
    return set(rows.values_list("issue", flat=True))


def is_author(issue: Issue, voice: Voice) -> bool:
    """Whether this voice wrote the report."""
    return bool(voice) and _rows_of(issue, voice).filter(is_author=True).exists()


def supports(issue: Issue, voice: Voice) -> bool:
    """Whether this voice joined the author."""
    return bool(voice) and _rows_of(issue, voice).filter(is_author=False).exists()


def supporters_of(issue: Issue) -> int:
    """How many people joined the author."""
    return Supporter.objects.filter(issue=issue, is_author=False).count()


def count_of_supporters() -> Coalesce:
    """Expression for a queryset of reports: how many people joined the author."""
    rows = Supporter.objects.filter(issue=OuterRef("pk"), is_author=False).order_by().values("issue")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)


def _rows_of(issue: Issue, voice: Voice) -> QuerySet[Supporter]:
    return Supporter.objects.filter(issue=issue, user=voice.user, voice=voice.digest)


def _signed_in_since(issue: Issue, voice: Voice, device: str) -> bool:
    """Gives the voice of this browser to the account that uses it now; False when the browser has none."""
    if voice.user is None or not device:
        return False
    return Supporter.objects.filter(issue=issue, voice=device).update(user=voice.user, voice="") > 0


def _digest_of(email: str) -> str:
    return salted_hmac("issues.support", email.strip().lower(), algorithm="sha256").hexdigest()
