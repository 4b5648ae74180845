"""Forms that were not sent, kept on the server for browsers without scripts: one for each browser and community.

A browser with scripts keeps its drafts itself, and the server keeps nothing of them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django_scopes import scopes_disabled

from geodata.models import Community
from issues.models import MAX_DRAFT, ReportDraft
from media.actions import keep_longer, keep_no_longer
from media.models import Photo

LIFE: Final = timedelta(days=7)
MOST_DRAFTS: Final = 10_000  # in one community: 0.2 GB at the very most
MOST_PHOTOS: Final = 500  # of drafts in one community; past that a photo stays for a day, as without a draft
# Of a session, of one press, or an agreement that is asked for anew.
NOT_KEPT: Final = {"csrfmiddlewaretoken", "photo_key", "do", "seen", "sure", "unseen", "script"}


def keep(
    *, community: Community, device: str, fields: Mapping[str, Sequence[str]], photos: Sequence[Photo], at: datetime
) -> bool:
    """Keeps what the form of this browser holds now; False when it is too much, or there is no room.

    `device`: accounts.devices.device_of.
    """
    kept = {
        name: [text.replace("\0", "") for text in values]  # which PostgreSQL keeps nowhere
        for name, values in fields.items()
        if _is_kept(name) and any(values)
    }
    if not device or not (kept.keys() - {"key"} or photos) or len(json.dumps(kept, ensure_ascii=False)) > MAX_DRAFT:
        return False
    mine = ReportDraft.objects.filter(community=community, device=device)
    if not mine.exists() and ReportDraft.objects.filter(community=community).count() >= MOST_DRAFTS:
        return False
    with transaction.atomic():
        draft, _is_new = ReportDraft.objects.update_or_create(
            community=community, device=device, defaults={"fields": kept, "updated_at": at}
        )
        _let_go(draft, but=photos)
        draft.photos.set(photos)
        keep_longer(photos=photos, until=at + LIFE, most=MOST_PHOTOS)
    return True


def draft_of(*, community: Community, device: str, at: datetime) -> ReportDraft | None:
    """What this browser began, within a week; None without a key of a browser."""
    if not device:
        return None
    found: ReportDraft | None = ReportDraft.objects.filter(
        community=community, device=device, updated_at__gt=at - LIFE
    ).first()
    return found


def photos_of(draft: ReportDraft, *, at: datetime) -> list[Photo]:
    """Its photos that are still good, oldest first."""
    return list(Photo.objects.drafts(at).filter(pk__in=draft.photos.values("pk")))


def forget(*, community: Community, device: str) -> None:
    """The report was sent, or somebody starts anew."""
    with transaction.atomic():
        for draft in ReportDraft.objects.select_for_update().filter(community=community, device=device or "-"):
            _let_go(draft)
            draft.delete()


def drop_old(*, at: datetime, limit: int = 1000) -> int:
    """Drops drafts that nobody touched for a week; returns how many. Their photos go as those of any form."""
    with scopes_disabled(), transaction.atomic():
        old = ReportDraft.objects.select_for_update(skip_locked=True).filter(updated_at__lte=at - LIFE)
        keys = list(old.order_by("updated_at").values_list("pk", flat=True)[:limit])
        ReportDraft.objects.filter(pk__in=keys).delete()
    return len(keys)


def _is_kept(name: str) -> bool:
    return name not in NOT_KEPT and not name.endswith((".x", ".y")) and "\0" not in name


def _let_go(draft: ReportDraft, *, but: Sequence[Photo] = ()) -> None:
    """Photos that this draft holds no longer."""
    gone = set(draft.photos.values_list("pk", flat=True)) - {photo.pk for photo in but}
    keep_no_longer(photos=gone, community=draft.community)
