"""Photos that came with a form: each is kept at once, or refused with a word of its own."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.devices import device_of
from accounts.networks import network_of
from core.files import StorageAwayError
from geodata.community import community_of
from media.actions import keep_draft
from media.allowance import count_upload
from media.drafts import photos_of
from media.models import Photo
from media.refusals import PhotoRefused, message_for

MOST_PHOTOS = 5


def kept_photos(keys: Sequence[str], request: HttpRequest, *, at: datetime) -> tuple[list[Photo], list[str]]:
    """(photos of these keys and of this request's files, a sentence for each that is not among them).

    A bad file never takes the others down, and none vanishes without a word.
    """
    photos = photos_of(keys, community=community_of(request), at=at)[:MOST_PHOTOS]
    refused = []
    if len(set(keys)) > len(photos):
        refused.append(_("A photo that you added a day ago is no longer kept here. Add it once more."))
    files = request.FILES.getlist("photo")
    room = MOST_PHOTOS - len(photos)
    is_away = False
    for file in files[:room]:
        if is_away:  # the others would wait for the same storage
            refused.append(f"{file.name}: {message_for('storage_away')}")
            continue
        try:
            count_upload(community=community_of(request), device=device_of(request), network=network_of(request), at=at)
            photos.append(keep_draft(community=community_of(request), file=file, name=file.name or "", at=at))
        except PhotoRefused as refusal:
            refused.append(f"{file.name}: {refusal}")
        except StorageAwayError:
            is_away = True
            refused.append(f"{file.name}: {message_for('storage_away')}")
    too_many = _("%(most)s photos at most: this one was not kept.") % {"most": MOST_PHOTOS}
    refused += [f"{file.name}: {too_many}" for file in files[room:]]
    return photos, refused
