"""E-mail of those who follow: what they answer, and what their mail servers say."""

import re
from datetime import datetime
from typing import Final

from core.incoming import Outcome, Reader, Settle, Verdict
from core.letter_parts import Written
from core.models import Failure, OutboxMessage, Token
from notifications.actions import end
from notifications.models import Follow

# RFC 3463, and 5.1.10 of RFC 7505: no such mailbox, no such domain, moved away, switched off. A full mailbox or a
# letter that is taken for spam is none of these: the next one may arrive.
NO_SUCH_ADDRESS: Final = re.compile(r"(?<![\d.])5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?![\d.])")

_readers: dict[str, Reader] = {}


def register_answers(kind: str, reader: Reader) -> None:
    """For subjects of that kind: `reader(follow=, letter=, at=)`, as the readers of core.incoming, reads what those
    write who follow them and may answer."""
    _readers[kind] = reader


def read(*, token: Token, letter: Written, at: datetime) -> Settle:
    """Reader of letters to the reply address of a follow (core.incoming)."""
    rows = Follow.objects.standing().select_related("subject", "community", "token")
    follow = rows.filter(token=token).first()
    reader = _readers.get(token.subject.kind)
    if follow is None or reader is None or not follow.is_confirmed or not token.is_good(at):
        return lambda: Verdict(Outcome.UNKNOWN, "its writer wants no more letters")
    return reader(follow=follow, letter=letter, at=at)


def letter_died(sender: object, *, message: OutboxMessage, at: datetime, **_more: object) -> None:
    """An address that does not exist gets no more letters; that this is why stays known, the address does not."""
    to_people = message.channel == "email" and message.audience != OutboxMessage.Audience.ORGANISATION
    is_gone = message.failure == Failure.REFUSED and NO_SUCH_ADDRESS.search(message.last_error)
    if not (to_people and message.recipient and is_gone):
        return
    rows = Follow.objects.standing().select_related("subject")
    for follow in rows.filter(subject=message.subject_id, email__iexact=message.recipient):
        Follow.objects.filter(pk=follow.pk).update(came_back_at=at)
        end(follow, at=at)
