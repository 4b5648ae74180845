"""The one letter to an address that has not been confirmed. Links carry placeholders for their secrets."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from core.outbox import Letter
from geodata.models import local_name
from notifications.kinds import kind_of
from notifications.models import Follow


def question(follow: Follow, *, link: str) -> Letter:
    """“Do you want letters about this?”, in the language of the follow. The mailbox may be a stranger's: nobody typed
    anything that stands in it."""
    with override(follow.language):
        words = {
            "what": kind_of(follow.subject).called(follow.subject),
            "community": local_name(follow.community, follow.language),
        }
        subject = _("Confirm your address: %(what)s") % words
        context = {
            "subject": subject,
            "heading": _("Do you want letters about this?"),
            "paragraphs": [
                _("Somebody gave this address to hear of: %(what)s, %(community)s.") % words,
                _("Was it you? Open the page and press the button. Until then we write nothing else to you."),
            ],
            "action_url": link,
            "action_label": _("Confirm the address"),
            "closing": _("It was not you? Just ignore this letter: the address is forgotten in two weeks."),
            "community": follow.community,
            "site_url": settings.SITE_URL,
        }
        return Letter(
            subject=subject,
            text=render_to_string("notifications/mail/question.txt", context),
            html=render_to_string("notifications/mail/question.html", context),
        )
