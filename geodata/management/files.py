"""What the commands of this app read from the command line."""

from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from geodata.models import Community
from geodata.reading import MAX_BYTES


def bytes_of(file: Path) -> bytes:
    """Contents of a file, no more than one byte past what is read at all. Raises CommandError."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as mistake:
        raise CommandError(
            _("%(file)s cannot be read: %(reason)s") % {"file": file, "reason": mistake.strerror}
        ) from mistake


def community_called(slug: str) -> Community:
    """The community of that slug. Raises CommandError with the way to make one."""
    try:
        return Community.objects.get(slug=slug)
    except Community.DoesNotExist:
        raise CommandError(
            _("There is no community “%(slug)s”. Make it with: manage.py create_community") % {"slug": slug}
        ) from None
