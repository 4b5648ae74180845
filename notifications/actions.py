"""Following and no longer following: an address gets nothing but one question until its owner says yes by a link."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac

from core.models import Lane, OutboxMessage, Subject, Token
from core.outbox import Letter, enqueue, forget_recipient
from core.together import AT_ONCE, Writer
from core.tokens import issue_token, placeholder_for
from notifications import letters
from notifications.kinds import all_kinds, welcome
from notifications.models import MOST_ASKED, AskedToday, Follow

PURPOSE = "follow"
LIFETIME = timedelta(days=3 * 365)
UNCONFIRMED_FOR = timedelta(days=14)  # so long an address that said nothing is kept

AUDIENCES = {
    Follow.Role.AUTHOR: OutboxMessage.Audience.AUTHOR,
    Follow.Role.SUPPORTER: OutboxMessage.Audience.PUBLIC,
}

# One more letter, unless the address got as many today: no row comes back then.
COUNT_LETTER = """
INSERT INTO notifications_askedtoday AS asked (digest, day, letters) VALUES (%s, %s, 1)
ON CONFLICT (digest, day) DO UPDATE SET letters = asked.letters + 1 WHERE asked.letters < %s
RETURNING letters
"""


def follow(
    *, subject: Subject, email: str, role: Follow.Role, language: str = "uk", known: bool = False, at: datetime
) -> tuple[Follow, bool]:
    """(the follow of this address, whether it began now). `known`: the owner of the address confirmed it before, on the
    device that asks; then letters begin at once. Otherwise one letter asks for it."""
    with transaction.atomic():
        row, is_new = _row(subject, email=email.strip(), role=role, language=language, at=at)
        if row.confirmed_at is None:
            if known:
                confirm(row, at=at)
            else:
                ask(row, at=at)
    return row, is_new


def begin(
    *,
    subject: Subject,
    email: str,
    role: Follow.Role,
    language: str,
    confirmed_at: datetime | None,
    at: datetime,
    write: Writer,
) -> Follow:
    """The first follow of a subject that is just being made, and that nobody can follow yet. No letter is written."""
    token = issue_token(subject=subject, purpose=PURPOSE, at=at, expires_at=at + LIFETIME, write=write)
    return write.create(
        Follow,
        community=subject.community,
        subject=subject,
        email=email.strip(),
        role=role,
        language=language,
        token=token,
        created_at=at,
        confirmed_at=confirmed_at,
    )


def ask(row: Follow, *, at: datetime, write: Writer = AT_ONCE) -> bool:
    """The one letter that goes to an address before it is confirmed: it asks for that, and holds nothing that anybody
    typed. False when the address got as many today as it may."""
    with transaction.atomic(savepoint=False):
        if not row.email or row.confirmed_at or not _may_ask(row.email, at=at):
            return False
        letter = letters.question(row, link=link_of(row))
        _enqueue(row, letter, lane=Lane.URGENT, at=at, writer=write)
    return True


def confirm(row: Follow, *, at: datetime) -> bool:
    """The owner of the address wants letters: the first one tells what happened so far. False when it was so before."""
    with transaction.atomic():
        changed = Follow.objects.standing().filter(pk=row.pk, confirmed_at=None).update(confirmed_at=at)
        row.refresh_from_db()
        if changed:
            welcome(row, at=at)
    return changed > 0


def end(row: Follow, *, at: datetime) -> bool:
    """No more letters: the address is erased, here and in the outbox, and what waits is not sent. False when it had
    ended."""
    with transaction.atomic():
        now = Follow.objects.select_for_update().standing().filter(pk=row.pk).first()
        if now is None:
            return False
        forget_recipient(subject=now.subject, recipient=now.email, audience=AUDIENCES[Follow.Role(now.role)], at=at)
        now.email, now.ended_at = "", at
        now.save(update_fields=["email", "ended_at"])
    row.refresh_from_db()
    return True


def write(
    row: Follow, letter: Letter, *, at: datetime, lane: Lane = Lane.DELIVERY, writer: Writer = AT_ONCE
) -> OutboxMessage | None:
    """A letter with news; None for whoever has not confirmed or wants no more. Whether the subject may be told of is
    asked again when the letter is sent."""
    return _enqueue(row, letter, lane=lane, at=at, writer=writer) if row.is_confirmed else None


def link_of(row: Follow) -> str:
    """Address of the page on which one confirms and stops, with a placeholder for its secret."""
    path = reverse("follow", args=[row.community.slug, "SECRET"]).replace("SECRET", placeholder_for(row.token))
    return f"{settings.SITE_URL}{path}"


def forget(*, at: datetime) -> int:
    """Drops addresses that said nothing for UNCONFIRMED_FOR, those of what is over, and old counts; returns how many
    addresses. Spans communities: call it with scopes disabled."""
    AskedToday.objects.filter(day__lt=(at - timedelta(days=2)).date()).delete()
    standing = Follow.objects.standing().select_related("subject")
    silent = standing.filter(confirmed_at=None, created_at__lt=at - UNCONFIRMED_FOR)
    over = [standing.filter(subject__in=kind.over(at)) for kind in all_kinds()]
    return sum(end(row, at=at) for rows in (silent, *over) for row in rows)


def _row(subject: Subject, *, email: str, role: Follow.Role, language: str, at: datetime) -> tuple[Follow, bool]:
    known = Follow.objects.standing().filter(subject=subject)
    found = known.filter(email__iexact=email).first()
    if found is not None:
        return found, False
    token = issue_token(subject=subject, purpose=PURPOSE, at=at, expires_at=at + LIFETIME)
    Follow.objects.bulk_create(
        [
            Follow(
                community_id=subject.community_id,
                subject=subject,
                email=email,
                role=role,
                language=language,
                token=token,
                created_at=at,
            )
        ],
        ignore_conflicts=True,
    )
    row = known.get(email__iexact=email)
    if row.token_id == token.pk:
        return row, True
    Token.objects.filter(pk=token.pk).delete()  # somebody began at the same moment
    return row, False


def _may_ask(email: str, *, at: datetime) -> bool:
    digest = salted_hmac("notifications.asked", email.lower(), algorithm="sha256").hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(COUNT_LETTER, [digest, at.date(), MOST_ASKED])
        return cursor.fetchone() is not None


def _enqueue(row: Follow, letter: Letter, *, lane: Lane, at: datetime, writer: Writer = AT_ONCE) -> OutboxMessage:
    audience = AUDIENCES[Follow.Role(row.role)]
    return enqueue(
        subject=row.subject, lane=lane, audience=audience, recipient=row.email, letter=letter, at=at, write=writer
    )
