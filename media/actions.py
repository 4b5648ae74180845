"""Keeping, attaching, cleaning and dropping photos."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final, Protocol
from uuid import UUID

from django.contrib.gis.geos import Point
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.db.models import F
from django_scopes import scope, scopes_disabled

from core.broker import nudge_on_commit
from core.files import StorageAwayError
from core.models import Subject
from geodata.models import WGS84, Community
from media.cleaning import Cleaned, Readable, clean, inspect, read_limited
from media.models import Photo, PhotoQuerySet, size_name
from media.redaction import HidingRefusedError, hide
from media.refusals import PhotoRefused

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)  # many times what the largest photo takes
TIME_LIMIT: Final = timedelta(minutes=4)  # then a task is killed: before the lease of its first photo ends
MAX_TRIES: Final = 3
PAUSE: Final = timedelta(seconds=30)  # before the next try; grows with each
MOST_PAUSES: Final = 10  # so many of them at most, while the storage is away


class Cleaner(Protocol):
    """What media.cleaning.clean does."""

    def __call__(self, data: bytes, *, boxes: Iterable[Sequence[float]] = ()) -> Cleaned: ...


def keep_draft(
    *,
    community: Community,
    file: Readable,
    name: str,
    at: datetime,
    boxes: Sequence[Sequence[float]] = (),
    upload_key: UUID | None = None,
) -> Photo:
    """Keeps an uploaded photo privately, as a draft that waits to be cleaned and belongs to nothing yet.

    `boxes` (see media.boxes.boxes_in) were drawn before the photo left its device. The same `upload_key` again returns
    the photo that came with it first, with boxes that were drawn since. Raises PhotoRefused, and keeps nothing, when
    the file is no photo that we accept; core.files.StorageAwayError when there is nowhere to keep it now.
    """
    if before := _uploaded_before(community, upload_key, at=at):
        return _with_more_boxes(before, boxes, at=at)
    data = read_limited(file)
    inspected = inspect(data)
    token = token_hex(16)
    original = default_storage.save(f"originals/{token[:2]}/{token}", ContentFile(data))
    try:
        with scope(community=community), transaction.atomic():
            photo = Photo.objects.create(
                community=community,
                name=printable(name),
                original=original,
                taken_at=Point(*inspected.position, srid=WGS84) if inspected.position else None,
                uploaded_at=at,
                boxes=[list(box) for box in boxes],
                hidden_at=at if boxes else None,
                upload_key=upload_key,
            )
            nudge_on_commit("media.tasks.clean_waiting")
    except DatabaseError:
        default_storage.delete(original)
        if before := _uploaded_before(community, upload_key, at=at):
            return _with_more_boxes(before, boxes, at=at)  # at the same moment, by another tab
        raise
    return photo


def drop_unkept(photo: Photo) -> None:
    """A transaction around `keep_draft` failed: its file goes, unless the row is there after all."""
    try:
        with scope(community=photo.community_id):
            if not Photo.objects.filter(pk=photo.pk).exists():
                default_storage.delete(photo.original)
    except (DatabaseError, OSError) as fault:
        log.warning("A file of a photo that was not kept may be left (%s).", type(fault).__name__)


def _uploaded_before(community: Community, upload_key: UUID | None, *, at: datetime) -> Photo | None:
    """The photo of that upload, good for as long as if it came now."""
    if upload_key is None:
        return None
    with scope(community=community):
        found: Photo | None = Photo.objects.filter(community=community, upload_key=upload_key).first()
        if found is not None and found.subject_id is None:
            Photo.objects.filter(pk=found.pk, subject=None, uploaded_at__lt=at).update(uploaded_at=at)
    return found


def _with_more_boxes(photo: Photo, boxes: Sequence[Sequence[float]], *, at: datetime) -> Photo:
    """The answer to the first upload was lost, and boxes were drawn before the next: they are added, none goes."""
    more = [list(box) for box in boxes if list(box) not in photo.boxes]
    try:
        return hide(photo=photo, boxes=[*photo.boxes, *more], at=at) if more else photo
    except HidingRefusedError as refused:
        raise PhotoRefused(f"boxes_{refused.code}") from refused


def keep_longer(*, photos: Sequence[Photo], until: datetime, most: int) -> None:
    """Drafts that a kept form holds stay until then. A community has at most `most` of them; past that, a day it is."""
    keys = {photo.pk for photo in photos}
    if not keys:
        return
    community = photos[0].community_id
    with scope(community=community):
        others = Photo.objects.filter(community=community, subject=None, kept_until__isnull=False).exclude(pk__in=keys)
        if others.count() + len(keys) <= most:
            Photo.objects.filter(pk__in=keys, subject=None).update(kept_until=until)


def keep_no_longer(*, photos: Iterable[UUID], community: Community) -> None:
    """Their form is gone: they go as any other draft."""
    with scope(community=community):
        Photo.objects.filter(community=community, pk__in=list(photos), subject=None).update(kept_until=None)


def printable(name: str) -> str:
    """A file name fit to be shown: without control characters, at most 200 long."""
    return "".join(filter(str.isprintable, name)).strip()[:200] or "photo"


def attach(*, photos: Iterable[Photo], subject: Subject, role: str, at: datetime) -> list[Photo]:
    """Gives drafts to a subject of their own community; returns those that were given now, each at most once.

    Left as they are: drafts of another community, drafts that are over, photos that belong to something already.
    """
    wanted = {photo.pk for photo in photos}
    with scope(community=subject.community_id), transaction.atomic():
        drafts = list(Photo.objects.drafts(at).filter(pk__in=wanted).select_for_update())
        Photo.objects.filter(pk__in=[photo.pk for photo in drafts]).update(subject=subject, role=role)
        if any(photo.boxes for photo in drafts):
            nudge_on_commit("media.tasks.forget_originals")
    for photo in drafts:
        photo.subject, photo.role = subject, role
    return drafts


def clean_waiting(*, at: datetime, limit: int = 20, by: Cleaner | None = None) -> int:
    """Cleans up to `limit` waiting photos of all communities, oldest first; returns how many were tried.

    `by`: what cleans one; it may have been done before. Any number of workers may run this at once. A photo whose
    worker died is taken again when its lease ends.
    """
    tried = 0
    with scopes_disabled():
        _give_up_on_deadly(at=at)
        while tried < limit and (photo := _claim(at=at)) is not None:
            tried += 1
            if not _clean_claimed(photo, at=at, by=by or clean):
                break  # the others would wait for the same storage
    return tried


def _give_up_on_deadly(*, at: datetime) -> None:
    """A photo that its worker did not survive three times is not tried a fourth time."""
    deadly = Photo.objects.waiting(at).filter(tries__gte=MAX_TRIES)
    deadly.update(state=Photo.State.FAILED, failure="interrupted", leased_until=None)


def _claim(*, at: datetime) -> Photo | None:
    """The next photo, with a lease: nobody else takes it before that ends. `attempts` says whose claim it is."""
    with transaction.atomic():
        free = Photo.objects.waiting(at).filter(tries__lt=MAX_TRIES)
        photo = free.select_for_update(skip_locked=True).first()
        if photo is not None:
            photo.attempts += 1
            photo.tries += 1
            photo.leased_until = at + LEASE
            photo.save(update_fields=["attempts", "tries", "leased_until"])
    return photo


def _clean_claimed(photo: Photo, *, at: datetime, by: Cleaner) -> bool:
    """Outside any transaction: decoding takes long. What nobody foresaw is raised; the lease brings a new try.

    False when the storage is away: that counts as no try, and is tried for as long as it takes.
    """
    try:
        _publish(photo, by(_source_of(photo), boxes=photo.boxes))
    except PhotoRefused as refused:
        log.info("Photo %s is not published: %s.", photo.pk, refused.code)
        _own_claim(photo).update(state=Photo.State.FAILED, failure=refused.code, leased_until=None)
    except StorageAwayError as fault:
        log.warning("Photo %s waits for the storage: %s.", photo.pk, fault)
        _own_claim(photo).update(tries=F("tries") - 1, leased_until=at + PAUSE * min(photo.attempts, MOST_PAUSES))
        return False
    except OSError as fault:  # the storage; a decoder's faults come as PhotoRefused
        log.warning("Photo %s: the storage failed (%s).", photo.pk, type(fault).__name__)
        if photo.tries < MAX_TRIES:
            _own_claim(photo).update(leased_until=at + PAUSE * photo.tries)
        else:
            _own_claim(photo).update(state=Photo.State.FAILED, failure="storage", leased_until=None)
    return True


def _source_of(photo: Photo) -> bytes:
    """The original; once that is gone, the size that was shown last, with its boxes painted."""
    for name in filter(None, (photo.original, photo.large)):
        try:
            with default_storage.open(name) as file:
                return bytes(file.read())
        except FileNotFoundError:
            log.warning("Photo %s: a file is gone.", photo.pk)
    raise FileNotFoundError(photo.original)


def _own_claim(photo: Photo) -> PhotoQuerySet:
    """The row while it is still ours: not taken by a later claim, not dropped."""
    return Photo.objects.filter(pk=photo.pk, state=Photo.State.WAITING, attempts=photo.attempts)


def _publish(photo: Photo, cleaned: Cleaned) -> None:
    """Both files first, then one statement that shows them. Without that statement they are deleted."""
    published = 0
    try:
        _store(photo, cleaned)
        published = _show(photo, cleaned)
    finally:
        if not published:
            _delete_sizes(photo, [photo.attempts])
    if published:
        _delete_sizes(photo, range(1, photo.attempts))


def _store(photo: Photo, cleaned: Cleaned) -> None:
    photo.large = default_storage.save(size_name(photo, photo.attempts, "large"), ContentFile(cleaned.large))
    photo.small = default_storage.save(size_name(photo, photo.attempts, "small"), ContentFile(cleaned.small))


def _show(photo: Photo, cleaned: Cleaned) -> int:
    """Publishes what is stored; returns 0 when the claim was lost meanwhile."""
    return _own_claim(photo).update(
        state=Photo.State.CLEAN,
        large=photo.large,
        small=photo.small,
        width=cleaned.width,
        height=cleaned.height,
        leased_until=None,
    )


def _delete_sizes(photo: Photo, attempts: Iterable[int]) -> None:
    for attempt in attempts:
        for size in ("large", "small"):
            default_storage.delete(size_name(photo, attempt, size))


def file_names(photo: Photo) -> list[str]:
    """Every file that the photo has or that a killed worker may have left of it."""
    sizes = [size_name(photo, attempt, size) for attempt in range(1, photo.attempts + 1) for size in ("large", "small")]
    return sorted({*sizes, *filter(None, (photo.original, photo.large, photo.small))})


def drop_photo(*, photo: Photo) -> None:
    """Deletes a photo of any state with all its files, the original too. Raises OSError when the storage fails.

    Files go first: if this stops half way, the row still knows what is left to delete.
    """
    if photo.original:
        default_storage.delete(photo.original)
    _delete_sizes(photo, range(1, photo.attempts + 1))
    with scope(community=photo.community_id):
        photo.delete()


def drop_abandoned_drafts(*, at: datetime, limit: int = 500) -> int:
    """Drops drafts that nobody attached in time, with their files; returns how many."""
    dropped = 0
    with scopes_disabled(), transaction.atomic():
        abandoned = Photo.objects.abandoned(at)
        for photo in abandoned.select_for_update(skip_locked=True)[:limit]:
            try:
                drop_photo(photo=photo)
                dropped += 1
            except OSError as fault:
                log.warning("Photo %s: the storage did not delete it (%s).", photo.pk, type(fault).__name__)
    return dropped
