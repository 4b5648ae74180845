"""Photos that were cleaned elsewhere, many at once: the same files and rows as if media.actions had taken each in.

For pictures that the project drew itself: their cleaning is `media.cleaning.clean`, run by whoever calls this.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.models import Subject
from media.actions import printable
from media.cleaning import Cleaned
from media.models import Photo, size_name

FIRST_TRY = 1


@dataclass(frozen=True, slots=True)
class ReadyPhoto:
    """The file as it came, what `clean` made of it, and whose it is."""

    subject: Subject
    role: Photo.Role
    name: str
    data: bytes
    cleaned: Cleaned
    uploaded_at: datetime


def keep_ready(photos: Iterable[ReadyPhoto]) -> list[Photo]:
    """Stores the files of each, then writes all rows in one statement, in the caller's transaction and scope."""
    return list(Photo.objects.bulk_create([_stored(ready) for ready in photos]))


def _stored(ready: ReadyPhoto) -> Photo:
    token, cleaned = token_hex(16), ready.cleaned
    photo = Photo(
        id=uuid4(),
        community_id=ready.subject.community_id,
        subject=ready.subject,
        role=ready.role,
        state=Photo.State.CLEAN,
        name=printable(ready.name),
        width=cleaned.width,
        height=cleaned.height,
        uploaded_at=ready.uploaded_at,
        attempts=FIRST_TRY,
        tries=FIRST_TRY,
    )
    photo.original = default_storage.save(f"originals/{token[:2]}/{token}", ContentFile(ready.data))
    photo.large = default_storage.save(size_name(photo, FIRST_TRY, "large"), ContentFile(cleaned.large))
    photo.small = default_storage.save(size_name(photo, FIRST_TRY, "small"), ContentFile(cleaned.small))
    return photo
