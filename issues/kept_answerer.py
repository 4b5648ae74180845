"""Who has a report and by when they answer, as the preview of a report tells it: a correction that moves nothing leaves
both."""

from django.utils.translation import get_language

from geodata.models import local_name
from issues.answerer import Answerer
from issues.corrections import holder_of
from issues.models import Issue


def answerer_of(issue: Issue) -> Answerer:
    """Of a report that was sent, in words."""
    organisation = holder_of(issue)
    return Answerer(
        organisation=organisation,
        name=local_name(organisation or issue.community, get_language() or "uk"),
        icon=organisation.icon if organisation else "building",
        due_on=issue.due_on,
        working_days=issue.category.working_days,
        seen=f"{organisation.pk if organisation else 0}:{issue.due_on.isoformat()}",
        is_sensitive=issue.category.is_sensitive,
    )
