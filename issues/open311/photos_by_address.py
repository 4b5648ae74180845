"""Photos whose address came with a report (`media_url`): read by a worker, never while the program waits.

Each is a row of the outbox: it is tried again as a letter is, what cannot be read ends in sight of the staff, and a
report never waits for it.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from django.utils import timezone
from django.utils.translation import override

from core.files import StorageAwayError
from core.mail import SendingFailedError
from core.models import Failure, Lane, OutboxMessage, Subject
from core.outbox import enqueue_message
from core.outward import OutwardFailedError, OutwardRefusedError, Reply, fetch
from geodata.models import Community
from issues.models import Issue
from media.actions import attach, keep_draft
from media.models import Photo
from media.refusals import MAX_BYTES, PhotoRefused

CHANNEL: Final = "media_url"
SECONDS: Final = 60.0  # for a photo; a lease of the outbox is five times longer
REDIRECTS: Final = 3  # each is asked by the same door, so none leads inside
LATER: Final = frozenset({408, 425, 429})  # of the statuses that say “no”, those that do not say it for good


def read_later(urls: Sequence[str], *, issue: Issue, at: datetime) -> None:
    """Writes down, in the caller's transaction, which photos are to be read for the report; each once."""
    known = OutboxMessage.objects.filter(subject=issue.subject_id, channel=CHANNEL)
    before = {row.payload["url"] for row in known}
    for url in urls:
        if url not in before:
            enqueue_message(
                subject=issue.subject,
                lane=Lane.BULK,
                audience=OutboxMessage.Audience.AUTHOR,
                channel=CHANNEL,
                recipient=url[:320],
                payload={"url": url, "subject": issue.subject_id, "community": issue.community_id},
                at=at,
            )


def read_photo(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> Callable[[datetime], None]:
    """The sender of this channel: reads one photo and keeps it; it belongs to the report once that is written down.

    Raises SendingFailedError.
    """
    reply = _asked(payload["url"])
    community = Community.objects.defer("boundary").get(pk=payload["community"])
    name = urlsplit(payload["url"]).path.rpartition("/")[2]
    with override("en"):  # reasons are for staff, beside those of other channels
        try:
            photo = keep_draft(
                community=community, file=BytesIO(reply.body), name=name, at=timezone.now(), upload_key=key
            )
        except PhotoRefused as refused:
            raise SendingFailedError(f"no photo: {refused}", permanent=True) from refused
        except StorageAwayError as away:
            raise SendingFailedError(f"not kept: {away}") from away

    def belong(at: datetime) -> None:
        subject = Subject.objects.get(pk=payload["subject"])
        attach(photos=[photo], subject=subject, role=Photo.Role.PROBLEM, at=at)

    return belong


def _asked(url: str) -> Reply:
    """The answer that holds the photo."""
    for _turn in range(REDIRECTS + 1):
        try:
            reply = fetch("GET", url, headers={"Accept": "image/*"}, seconds=SECONDS, most=MAX_BYTES)
        except OutwardRefusedError as refused:
            raise SendingFailedError(f"not asked: {refused.code}", permanent=True) from refused
        except OutwardFailedError as failed:
            raise SendingFailedError(f"no answer: {failed}", failure=Failure.UNREACHABLE) from failed
        if reply.status not in range(300, 400) or "location" not in reply.headers:
            break
        url = urljoin(url, reply.headers["location"])
    if reply.status == 200:
        return reply
    permanent = reply.status < 500 and reply.status not in LATER
    raise SendingFailedError(f"status {reply.status}", failure=Failure.REFUSED, permanent=permanent)
