"""What the doctor looks at here: photos and the storage that holds them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import scopes_disabled

from core.doctor import Asked, Finding, bad, check, ok, warn
from media.models import Photo

LONG: Final = timedelta(minutes=10)
MANY: Final = 20  # photos of a day that could not be cleaned
NAME: Final = ".doctor"


@check("media.photos", gettext_lazy("Photos"))
def photos(asked: Asked) -> Iterator[Finding]:
    """None waits for long, and few cannot be cleaned."""
    with scopes_disabled():
        rows = Photo.objects.filter(community__in=asked.communities())
        waiting = rows.filter(state=Photo.State.WAITING, uploaded_at__lt=asked.at - LONG).count()
        failed = rows.filter(state=Photo.State.FAILED, uploaded_at__gt=asked.at - timedelta(days=1)).count()
    if waiting:
        words = _("Photos that have waited for more than ten minutes to be cleaned: %(count)d.") % {"count": waiting}
        yield bad(words, _("Start the part “worker”; its log: var/log/worker.log."))
    if failed > MANY:
        words = _("Photos of the last day that could not be cleaned: %(count)d.") % {"count": failed}
        yield warn(words, _("The log of the worker says why for each."))
    if not waiting and failed <= MANY:
        yield ok(_("No photo waits."))


@check("media.storage", gettext_lazy("Storage of photos"), needs_database=False)
def storage(_asked: Asked) -> Iterator[Finding]:
    """A file is written, read and deleted."""
    try:
        name = default_storage.save(NAME, ContentFile(b"doctor"))
        try:
            with default_storage.open(name) as file:
                is_same = file.read() == b"doctor"
        finally:
            default_storage.delete(name)
    except Exception as error:  # noqa: BLE001  each storage has errors of its own
        is_same, why = False, type(error).__name__
    else:
        why = _("what was read is not what was written")
    if is_same:
        yield ok(_("A file was written, read and deleted."))
    else:
        mend = _(
            "See MISTO_MEDIA_ROOT, or the settings of the storage: the account of the service must read and write."
        )
        yield bad(_("The storage does not work: %(why)s.") % {"why": why}, mend)
