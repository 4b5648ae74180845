"""Signed rights to photos. A key lets the form that uploaded a draft show and attach it; a grant shows a held photo.

Both are signed with the installation's secret and say nothing about people. A key lives as long as its draft.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django_scopes import scope

from geodata.models import Community
from media.models import Photo
from media.refusals import message_for

GRANT_LIFE: Final = timedelta(hours=1)

_KEY: Final = "media.draft"  # salts: a key is not a grant
_GRANT: Final = "media.grant"


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A draft as the form shows it.

    `position` is (lon, lat), SRID 4326. `preview_url` is None until there is something to show. `failure` tells
    why nobody will ever see it, and is empty otherwise. `hidden`: how many places are hidden on it.
    """

    key: str
    name: str
    position: tuple[float, float] | None
    preview_url: str | None
    failure: str
    hidden: int = 0


def key_for(photo: Photo) -> str:
    """The key of a draft: given only to the form that uploaded it."""
    return Signer(salt=_KEY).sign(f"{photo.pk.hex}.{photo.community_id}")


def photos_of(keys: Iterable[str], *, community: Community, at: datetime) -> list[Photo]:
    """The drafts of these keys, each once, oldest first.

    Left out without a word: a forged key, one of another community, one that is over, and one of a photo that
    is attached already.
    """
    wanted = {photo for key in keys if (photo := _read_key(key, community=community)) is not None}
    if not wanted:
        return []
    with scope(community=community):
        return list(Photo.objects.drafts(at).filter(pk__in=wanted))


def photo_of(key: str, *, community: Community, at: datetime) -> Photo | None:
    """The draft of one key, or None: see `photos_of`."""
    return next(iter(photos_of([key], community=community, at=at)), None)


def photo_to_hide(key: str, *, community: Community, at: datetime) -> Photo | None:
    """The photo of a key, though it may be sent already: who uploaded it may hide a face on it for 24 h.

    A report that leaves at the moment when boxes are drawn takes them along, or is followed by them.
    """
    wanted = _read_key(key, community=community)
    with scope(community=community):
        return Photo.objects.young(at).filter(pk=wanted).first() if wanted else None


def kept(keys: Iterable[str], *, community: Community, at: datetime) -> list[KeptPhoto]:
    """What the form shows again of the photos it has uploaded."""
    return [as_kept(photo, community=community) for photo in photos_of(keys, community=community, at=at)]


def as_kept(photo: Photo, *, community: Community) -> KeptPhoto:
    """One draft as the form shows it."""
    key = key_for(photo)
    return KeptPhoto(
        key=key,
        name=photo.name,
        position=(photo.taken_at.x, photo.taken_at.y) if photo.taken_at else None,
        preview_url=preview_url(key, community=community) if photo.state == Photo.State.CLEAN else None,
        failure=message_for(photo.failure) if photo.state == Photo.State.FAILED else "",
        hidden=len(photo.boxes),
    )


def preview_url(key: str, *, community: Community, size: str = "small") -> str:
    """Address of a size of a draft; it answers 404 until the photo is cleaned."""
    address = reverse("photo_draft", args=[community.slug, key])
    return address if size == "small" else f"{address}?size={size}"


def boxes_url(key: str, *, community: Community) -> str:
    """Address that takes the boxes over faces and plates on a draft, and tells how it is."""
    return reverse("photo_boxes", args=[community.slug, key])


def grant_for(photo: Photo, *, at: datetime) -> str:
    """The right to see this photo for an hour though strangers may not: give it to those who proved who they are."""
    return Signer(salt=_GRANT).sign(f"{photo.pk.hex}.{int((at + GRANT_LIFE).timestamp())}")


def is_granted(photo: Photo, grant: str, *, at: datetime) -> bool:
    """True while this grant, for this photo, is good."""
    try:
        granted, expires = Signer(salt=_GRANT).unsign(grant).split(".")
    except BadSignature:
        return False
    return granted == photo.pk.hex and at < datetime.fromtimestamp(int(expires), tz=UTC)


def granted(photos: Iterable[Photo], *, at: datetime) -> list[Photo]:
    """The same photos, with addresses that carry a grant: for pages opened by a secret link."""
    shown = list(photos)
    for photo in shown:
        photo.grant = grant_for(photo, at=at)
    return shown


def _read_key(key: str, *, community: Community) -> UUID | None:
    try:
        photo, owner = Signer(salt=_KEY).unsign(key).split(".")
    except BadSignature:
        return None
    return UUID(photo) if int(owner) == community.pk else None
