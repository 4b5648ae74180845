"""What happened to service requests, as FixMyStreet's extension tells it: servicerequestupdates."""

from typing import Any, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from core.models import STRANGER
from issues.models import Issue, IssueEvent
from issues.open311.asking import Asked, Cursor, Span
from issues.open311.formats import moment
from issues.open311.requests import ANSWERERS, TOLD, Found, Reader, within
from issues.states import OPEN, State

By, Kind = IssueEvent.By, IssueEvent.Kind
# With `extensions=true`: also what residents did, so that a mirror misses nothing that everybody may read.
EVERYTHING: Final = (*TOLD, Kind.ADDED)


def find_updates(asked: Asked, reader: Reader) -> Found:
    """What those who answer did in that time, the oldest first; `asked.reported` bounds the moments of updates."""
    chosen = _chosen(asked, reader)
    if asked.after:
        chosen = chosen.filter(Q(at__gt=asked.after.at) | Q(at=asked.after.at, id__gt=asked.after.pk))
    skip = 0 if asked.after else asked.skip
    events = list(chosen.order_by("at", "id")[skip : skip + asked.size + 1])
    page = events[: asked.size]
    following = Cursor(page[-1].at, page[-1].pk) if len(events) > len(page) else None
    return Found([_update(event, reader, extended=asked.extended) for event in page], following)


def _chosen(asked: Asked, reader: Reader) -> QuerySet[IssueEvent]:
    issues = Issue.objects.filter(community=reader.community).visible_to(STRANGER)
    span = asked.reported
    if asked.numbers is not None:
        issues, span = issues.filter(number__in=asked.numbers), Span(None, None)
    rows = IssueEvent.objects.filter(within("at", span), community=reader.community, issue__in=issues)
    rows = rows.filter(kind__in=EVERYTHING) if asked.extended else rows.filter(kind__in=TOLD, by__in=ANSWERERS)
    before = IssueEvent.objects.filter(issue=OuterRef("issue"), at__lte=OuterRef("at"), id__lte=OuterRef("id"))
    state = before.exclude(now="").order_by("-at", "-id").values("now")[:1]
    return rows.select_related("issue", "words", "organisation").annotate(state=Subquery(state))


def _update(event: IssueEvent, reader: Reader, *, extended: bool) -> dict[str, Any]:
    state = State(event.state or State.NEW)  # type: ignore[attr-defined]  # annotated above
    is_readable = event.words is not None and event.words.redacted_at is None
    told = {
        "update_id": str(event.pk),
        "service_request_id": str(event.issue.number),
        "status": "open" if state in OPEN else "closed",
        "updated_datetime": moment(event.at, reader.community.time_zone),
        "description": event.words.text if event.words and is_readable else str(state.label),
        "media_url": None,
    }
    return told | ({"state": state.value, "by": event.by} if extended else {})
