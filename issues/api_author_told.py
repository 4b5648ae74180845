"""A report for its author, as data: what their page shows."""

from typing import Any

from rest_framework.request import Request

from core.models import Visibility
from issues import answering
from issues.api_told import event_told, report_told
from issues.corrections import may_correct, own_photos
from issues.following import author_follow
from issues.models import Issue, IssueEvent
from issues.pages import asked_of_author
from issues.program_corrections import as_given
from issues.states import State
from media.drafts import granted
from media.models import Photo
from media.refusals import message_for


def own_told(issue: Issue, request: Request, *, at: Any) -> dict[str, Any]:
    """The feature; its properties are those of issues.api_author_shapes.OwnReportWhole."""
    told = report_told(issue, request, at=at, exact=True)
    more = {
        "visibility": Visibility(issue.subject.visibility).value,
        "may": sorted([*answering.reporter_may(issue), *(["correct"] if may_correct(issue) else [])]),
        "question": asked_of_author(issue) if issue.state == State.WAITING else "",
        "letters": _letters(issue),
        "own_photos": _photos(issue, request, at=at),
        "given": _given(issue),
        "events": history_told(issue),
    }
    return told | {"properties": told["properties"] | more}


def history_told(issue: Issue) -> list[dict[str, Any]]:
    """What happened, the newest first, as issues.api_shapes.EventSerializer says."""
    rows = issue.events.exclude(kind=IssueEvent.Kind.REDACTED).select_related("organisation", "words")
    return [event_told(event, issue) for event in rows.order_by("-at", "-id")]


def _given(issue: Issue) -> dict[str, Any]:
    given = as_given(issue)
    lon, lat = given.pop("place")
    return given | {"location": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}}


def _letters(issue: Issue) -> dict[str, Any] | None:
    row = author_follow(issue)
    return {"address": row.masked, "is_confirmed": row.is_confirmed} if row else None


def _photos(issue: Issue, request: Request, *, at: Any) -> list[dict[str, Any]]:
    removable = set(own_photos(issue).values_list("pk", flat=True))
    rows = Photo.objects.filter(subject=issue.subject, role=Photo.Role.PROBLEM).select_related("community")
    return [_photo(photo, request, can_remove=photo.pk in removable) for photo in granted(rows, at=at)]


def _photo(photo: Photo, request: Request, *, can_remove: bool) -> dict[str, Any]:
    is_clean, has_failed = photo.state == Photo.State.CLEAN, photo.state == Photo.State.FAILED
    sizes = {size: request.build_absolute_uri(photo.url(size)) if is_clean else None for size in ("small", "large")}
    return {
        "id": photo.pk,
        "state": photo.state,
        "error": message_for(photo.failure) if has_failed else "",
        **sizes,
        "hidden": len(photo.boxes),
        "can_remove": can_remove,
    }
