"""How a letter about a report may be answered by e-mail, in words. issues.mail_answers reads the answers."""

from django.utils.translation import gettext as _

from issues.models import Issue
from issues.states import State


def organisation_answers(issue: Issue) -> str:
    """How they answer by e-mail; "" when there is nothing to answer any more."""
    if not issue.is_open:
        return ""
    can = _("You can answer this letter itself: what you write above the line is published on the page of the report.")
    says = _("The first line may say: accepted, in work, question, done, rejected or not ours.")
    return f"{can} {says}"


def author_answers(issue: Issue) -> str:
    """How the author answers by e-mail; "" when nothing can be answered any more."""
    if issue.is_open:
        return _("You can answer this letter itself: what you write above the line is added to your report.")
    if issue.state == State.DONE:
        return _("You can answer this letter itself: the first line says “confirm” or “reopen”, then your words.")
    return ""
