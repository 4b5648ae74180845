"""Hiding faces and plates on a photo that is already here.

From the moment that boxes are drawn until a worker has painted them, nobody is shown any size of the photo.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django_scopes import scope, scopes_disabled

from core.broker import nudge_on_commit
from media.boxes import MOST_BOXES
from media.models import Photo, PhotoQuerySet, size_name
from media.refusals import message_for

log = logging.getLogger(__name__)

MOST_CHANGES: Final = 30  # of one photo's boxes; each makes the worker prepare the photo anew
LATE: Final = timedelta(minutes=10)  # after that long no worker is at work on what was there before
LOOK_BACK: Final = timedelta(hours=24)


class HidingRefusedError(Exception):
    """These boxes are not kept; `code`: "gone", "too_many" or "too_often"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> str:
        """What to tell the person who drew them."""
        return message_for(f"boxes_{self.code}")


def hide(*, photo: Photo, boxes: Sequence[Sequence[float]], at: datetime) -> Photo:
    """Takes the photo from everybody's sight until a worker has painted these boxes (see media.boxes.boxes_in).

    On a draft they take the place of the boxes drawn before; what was sent with boxes keeps those for good. When a
    worker is cleaning the photo at this moment, its result is thrown away. Raises HidingRefusedError.
    """
    with scope(community=photo.community_id), transaction.atomic():
        row = Photo.objects.select_for_update().filter(pk=photo.pk).first()
        if row is None:
            raise HidingRefusedError("gone")
        wanted = _with_kept(row, boxes)
        if wanted == row.boxes and row.state != Photo.State.FAILED:
            return row
        if row.changes >= MOST_CHANGES:
            raise HidingRefusedError("too_often")
        row.boxes, row.hidden_at = wanted, at
        row.changes += 1
        row.state, row.failure, row.tries, row.leased_until = Photo.State.WAITING, "", 0, None
        row.attempts += 1  # whoever holds a claim holds it no longer
        row.save()
        nudge_on_commit("media.tasks.clean_waiting")
    return row


def try_again(*, photo: Photo, at: datetime) -> Photo:
    """A photo that could not be prepared is tried anew, with the boxes that it has. Raises HidingRefusedError."""
    return hide(photo=photo, boxes=photo.boxes, at=at)


def _with_kept(row: Photo, boxes: Iterable[Sequence[float]]) -> list[list[float]]:
    """All boxes that the photo will have."""
    wanted = [list(box) for box in boxes]
    if row.subject_id is not None:
        wanted = [*row.boxes, *(box for box in wanted if box not in row.boxes)]
    if len(wanted) > MOST_BOXES:
        raise HidingRefusedError("too_many")
    return wanted


def forget_originals(*, at: datetime, limit: int = 500) -> int:
    """Deletes originals of what is hidden, once it was sent and painted; returns how many were deleted.

    While a photo is a draft its original stays, so that a box can be taken away again. With
    MISTO_KEEP_REDACTED_ORIGINALS originals stay, privately.
    """
    if settings.KEEP_REDACTED_ORIGINALS:
        return 0
    with scopes_disabled():
        found = Photo.objects.published().hiding().exclude(original="").values_list("pk", flat=True)[:limit]
        return sum(_forget(Photo.objects.filter(pk=photo)) for photo in found)


def _forget(rows: PhotoQuerySet) -> bool:
    """The file first: if this stops half way, the row still knows of it, and the painted size takes its place."""
    with transaction.atomic():
        photo = rows.published().hiding().exclude(original="").select_for_update(skip_locked=True).first()
        if photo is None:
            return False  # somebody draws other boxes, or another worker was here
        try:
            default_storage.delete(photo.original)
        except OSError as fault:
            log.warning("Photo %s: the storage did not delete it (%s).", photo.pk, type(fault).__name__)
            return False
        rows.update(original="")
    return True


def sweep(*, at: datetime) -> None:
    """A worker that was killed at a bad moment may have left a size without boxes behind. Nobody is shown it, and it
    does not stay either."""
    with scopes_disabled():
        done = Photo.objects.hiding().filter(state=Photo.State.CLEAN, hidden_at__range=(at - LOOK_BACK, at - LATE))
        for photo in done:
            for attempt in range(1, photo.attempts):
                for size in ("large", "small"):
                    default_storage.delete(size_name(photo, attempt, size))
