"""What goes wrong with a storage of files that is elsewhere."""

from django.utils.translation import gettext_lazy as _

NOT_NOW = _("Files cannot be kept right now. Send this one again a few minutes later.")


class StorageAwayError(OSError):
    """The storage did not answer, or would not do it now: the file is as it was, and another try may succeed."""
