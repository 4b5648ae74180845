"""What programs hear of a report, by webhooks: names of its events, and what strangers may know of each.

The database itself writes what is to be told (migrations/0026_events_are_announced.py); everything here happens at the
moment of sending, so that what was hidden, blurred or taken out meanwhile is not told.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.models import ON_THE_MAP
from geodata.models import local_name
from issues.api_told import report_told
from issues.models import Issue, IssueEvent
from issues.pages import FOR_STAFF
from notifications.hook_kinds import Family

NAMES: Final[Mapping[str, Any]] = {
    "report.created": _("somebody reported a problem"),
    "report.published": _("a moderator let everybody see a report, or its exact place"),
    "report.blurred": _("strangers no longer see the exact place"),
    "report.moved": _("the state changed"),
    "report.sent": _("an organisation got the report"),
    "report.informed": _("an organisation got it for information"),
    "report.handed_back": _("the organisation said that it is not theirs"),
    "report.passed_on": _("the duty queue passed it on"),
    "report.answered": _("the organisation answered"),
    "report.added": _("words or photos were added"),
    "report.corrected": _("the reporter corrected it"),
    "report.redacted": _("a moderator took words out: read the report anew"),
}


def told(fact: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event, its place in the history of the report, and the report as it is now; None when strangers see none."""
    events = IssueEvent.objects.select_related("words", "organisation")
    event = events.filter(pk=fact["event"]).first()
    if event is None:
        return None
    rows = Issue.objects.filter(pk=event.issue_id, subject__visibility__in=ON_THE_MAP)
    issue = rows.select_related("category", "community", "subject", "duplicate_of__subject").first()
    if issue is None:
        return None
    sequence = IssueEvent.objects.filter(issue=issue, pk__lte=event.pk).count()
    return {"sequence": sequence, "event": _event(event), "report": report(issue)}


def report(issue: Issue) -> dict[str, Any]:
    """A feature of GeoJSON (lon, lat): what the API gives of one report, and whether the promise was broken."""
    at = timezone.now()
    told = report_told(issue, None, at=at)
    is_late = {"is_late": issue.is_late(issue.community.day_of(at))}
    return told | {"properties": told["properties"] | is_late}


def _event(event: IssueEvent) -> dict[str, Any]:
    """What the page of the report shows of it; words that were taken out are null."""
    words = event.words if event.kind not in FOR_STAFF else None
    organisation = event.organisation
    return {
        "by": event.by,
        "was": event.was or None,
        "now": event.now or None,
        "organisation": organisation
        and {"name": local_name(organisation, get_language() or "uk"), "edrpou": organisation.edrpou},
        "text": words.text if words and not words.redacted_at else None,
        "changed": event.changed.split(",") if event.kind == IssueEvent.Kind.CORRECTED else [],
    }


REPORTS: Final = Family(names=NAMES, told=told)
