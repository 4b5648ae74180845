"""What strangers will see of a report, before it is sent: the words, the photos and the place as the public page shows
them, by the same code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.models import Subject, Visibility
from geodata.models import Area, Community
from issues import visibility
from issues.actions import KIND, NewReport, headline, who_answers
from issues.models import Issue, IssueSettings
from issues.pages import public_facts
from media.drafts import key_for, preview_url
from media.models import Photo


@dataclass(frozen=True, slots=True)
class Shown:
    """A draft of a photo, as the page of a report shows photos."""

    small_url: str
    large_url: str
    uploaded_at: datetime


def preview_of(new: NewReport, *, community: Community, at: datetime, held: bool = False) -> dict[str, Any]:
    """What a page of this report would show to strangers, and whether a moderator looks first (`held` for a reason that
    the form does not know). Nothing is written. Raises OutsideCommunityError."""
    verdict = who_answers(
        category=new.category, point=new.point, community=community, at=at, answers=new.answers, asset=new.asset
    )
    kept = IssueSettings.objects.filter(community=community).first() or IssueSettings()
    seen = visibility.of_new(new.category, held=held or kept.hold_new)
    areas = Area.objects.filter(pk__in=verdict.areas)
    return {
        **public_facts(_unsaved(new, community, at=at), areas=areas, trace=verdict.trace),
        **_photos(new.photos, community),
        "is_preview": True,
        "is_held": seen == Visibility.HELD,
    }


def _unsaved(new: NewReport, community: Community, *, at: datetime) -> Issue:
    """The report as strangers will see it when nobody holds it; it is never saved."""
    subject = Subject(community=community, kind=KIND, visibility=visibility.published(new.category))
    return Issue(
        subject=subject,
        community=community,
        category=new.category,
        location=new.point,
        address=new.address,
        asset=new.asset,
        entrance=new.entrance,
        flat=new.flat,
        answers=dict(new.answers),
        title=headline(new.text),
        text=new.text,
        reporter_name=new.name,
        shows_name=new.shows_name and new.name != "",
        language=new.language,
        created_at=at,
    )


def _photos(photos: Sequence[Photo], community: Community) -> dict[str, Any]:
    """Drafts that are cleaned; of the others the page says that they are being prepared."""
    clean = [photo for photo in photos if photo.state == Photo.State.CLEAN]
    addresses = [(preview_url(key_for(photo), community=community), photo.uploaded_at) for photo in clean]
    return {
        "photos_before": [Shown(address, address, moment) for address, moment in addresses],
        "photos_waiting": any(photo.state == Photo.State.WAITING for photo in photos),
    }
