"""The letter to who keeps a program: its webhook did not answer for days."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from core.outbox import Letter
from geodata.models import local_name
from notifications.models import Webhook


def paused(hook: Webhook) -> Letter:
    """“We tell your webhook nothing more”, and how it goes on."""
    with override(hook.language):
        words = {"community": local_name(hook.community, hook.language), "address": hook.url}
        subject = _("Your webhook is paused: %(community)s") % words
        context = {
            "subject": subject,
            "heading": _("Your webhook is paused"),
            "paragraphs": [
                _("For days this address took none of our messages: %(address)s") % words,
                _("We send it nothing more. What happened meanwhile can be read by the API."),
            ],
            "closing": _("Once it works again, resume the webhook by the API, or ask the community's administrator."),
            "community": hook.community,
            "site_url": settings.SITE_URL,
        }
        return Letter(
            subject=subject,
            text=render_to_string("notifications/mail/paused.txt", context),
            html=render_to_string("notifications/mail/paused.html", context),
        )
