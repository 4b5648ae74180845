"""The one letter that tells somebody why their answer by e-mail was not applied. Nothing that anybody wrote stands in
it: it may go to somebody else than its writer."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from core.models import OutboxMessage
from core.outbox import Letter
from issues.answering import refusal_in_words
from issues.letters import ORGANISATIONS_READ
from issues.models import Issue


def not_applied(issue: Issue, code: str, *, audience: OutboxMessage.Audience, message_id: str) -> Letter:
    """Why, and what to do instead. `code`: of issues.mail_answers or a refused move."""
    is_author = audience == OutboxMessage.Audience.AUTHOR
    with override(issue.language if is_author else ORGANISATIONS_READ):
        subject = _("Your letter about report No. %(number)s was not applied") % {"number": issue.number}
        instead = _("Open the link in our letter about this report: there you see how it is, and can answer.")
        context = {
            "subject": subject,
            "heading": subject,
            "paragraphs": [_why(code), instead],
            "facts": [],
            "action_url": settings.SITE_URL + issue.get_absolute_url(),
            "action_label": _("Open the report"),
            "closing": _("A program wrote this letter. Nobody reads answers to it."),
            "community": issue.community,
            "site_url": settings.SITE_URL,
        }
        return Letter(
            subject=subject,
            text=render_to_string("issues/mail/letter.txt", context),
            html=render_to_string("issues/mail/letter.html", context),
            answers=message_id or f"<{issue.pk}@unknown.invalid>",
        )


def _why(code: str) -> str:
    reasons = {
        "ended": _("The right to answer by that letter has ended: the report is somebody else's now, or it is closed."),
        "closed": _(
            "The report is closed. To open it again or to confirm, write “reopen” or “confirm” in the first line."
        ),
        "no_words": _("We found no new words of yours above the line, only what our letter said."),
        "too_big": _("It is larger than 25 MB. Send a smaller one, with smaller photos."),
        "too_long": _("It is too long: 4,000 characters at most."),
    }
    try:
        return reasons[code] if code in reasons else refusal_in_words(code)
    except KeyError:  # codes for programs
        return refusal_in_words("no_such_move")
