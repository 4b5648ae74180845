"""A channel of Open311 is tried by reading only: a test request would be work for somebody there."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail import SendingFailedError
from routing.models import Channel
from routing.open311_remote import remote_of, their_services

MOST_NAMED: Final = 5


def try_open311(*, channel: Channel, **_message: Any) -> str:
    """Reads their services, and looks for those that the channel names; returns what was found. Raises
    SendingFailedError when the server cannot be read, or does not know one of them."""
    known = {service.code for service in their_services(remote_of(channel))}
    named = {str(code) for code in (channel.settings.get("services") or {}).values()}
    if not named:
        raise SendingFailedError(_("The channel names no service of theirs: no report can go there."), permanent=True)
    strange = sorted(named - known)
    if strange:
        words = _("Their server does not know these services: %(codes)s.")
        raise SendingFailedError(words % {"codes": ", ".join(strange[:MOST_NAMED])}, permanent=True)
    words = ngettext(
        "Their server answers and knows the %(count)s service that the channel names. Nothing was sent.",
        "Their server answers and knows the %(count)s services that the channel names. Nothing was sent.",
        len(named),
    )
    return words % {"count": len(named)}
