"""Why a photo is refused, as codes for machines and kind words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 60_000_000

_MESSAGES: Final = {
    "empty": _("No photo arrived. Choose it once more."),
    "too_big": _("This photo is larger than 20 MB. Send a smaller one."),
    "too_many_pixels": _("This photo has more than 60 megapixels. Send a smaller one."),
    "not_a_photo": _("This file is not a photo. Send JPEG, PNG, WebP, AVIF, HEIC or TIFF."),
    "unsupported": _("We cannot read %(kind)s. Send JPEG, PNG, WebP, AVIF, HEIC or TIFF."),
    "broken": _("This photo is damaged and does not open. Choose another one."),
    "too_many": _("Very many photos came from here within an hour. Send this one an hour later."),
    "truncated": _("Only a part of this photo arrived. Send it once more."),
    "storage_away": _("Photos cannot be kept right now. Send this one a few minutes later, or go on without it."),
    "boxes_nonsense": _("What you marked did not arrive whole. Mark it once more."),
    "boxes_too_many": _("No more than 50 places can be hidden on one photo."),
    "boxes_too_often": _("The hidden places of this photo were changed too often. Add the photo anew."),
    "boxes_gone": _("This photo is no longer here. Add it once more."),
}
_NOT_PREPARED: Final = _("We could not prepare this photo, so nobody will see it. Send another one.")


def message_for(code: str, *, kind: str = "") -> str:
    """Words for the person who sent the photo, in the language of the moment.

    `kind` is the name of a format, for "unsupported". Faults of our own share one message.
    """
    return str(_MESSAGES.get(code, _NOT_PREPARED)) % {"kind": kind or _("this kind of file")}


class PhotoRefused(Exception):  # noqa: N818
    """This photo will not be kept or shown; `code` says why. An answer to a person, not a fault of the program."""

    def __init__(self, code: str, *, kind: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.kind = kind

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """What to tell the person who sent it."""
        return message_for(self.code, kind=self.kind)
