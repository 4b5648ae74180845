"""One report for the API: what its page shows to strangers, as data."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from rest_framework.request import Request

from accounts.api_shapes import organisation_told
from issues.blur import told_areas
from issues.models import Issue, IssueEvent
from issues.pages import issue_context, line_of
from issues.support import supporters_of
from media.models import Photo
from routing.models import Decision


def report_told(issue: Issue, request: Request | None, *, at: Any, exact: bool = False) -> dict[str, Any]:
    """The feature; its properties are those of issues.api_shapes.ReportWhole.

    Without a request addresses begin with that of the installation. `exact`: as for issues.pages.issue_context.
    """
    page = issue_context(issue, at=at, exact=exact)
    slug = issue.community.slug
    photos = [_photo(photo, request) for photo in (*page["photos_before"], *page["photos_after"])]
    events_url = reverse("api_report_events", args=[slug, issue.number])
    original = page["original"]
    lon, lat = page["public_point"]
    return {
        "type": "Feature",
        "id": issue.number,
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": {
            "title": issue.title,
            "text": issue.text,
            "category": issue.category.code,
            "category_name": page["category_name"],
            "state": issue.state,
            "state_group": issue.group.value,
            "created_at": issue.created_at,
            "due_on": issue.due_on,
            "changed_at": issue.changed_at,
            "url": _whole(issue.get_absolute_url(), request),
            "supporters": supporters_of(issue),
            "organisation": organisation_told(_holder(issue)),
            "address": page["address"],
            "is_blurred": page["is_blurred"],
            "photo": photos[0]["small"] if page["photos_before"] else None,
            "name": page["name"],
            "asset": page["asset"],
            "answers": [{"question": question, "answer": answer} for question, answer in page["answers"]],
            "areas": _areas(issue, is_blurred=page["is_blurred"]),
            "promise": page["promise"],
            "why": "\n".join(map(str, page["why"])),
            "recipients": [_recipient(one) for one in page["deliveries"]],
            "photos": photos,
            "duplicate_of": original
            and {"number": original.number, "url": _whole(original.get_absolute_url(), request)},
            "events_url": _whole(events_url, request),
        },
    }


def event_told(event: IssueEvent, issue: Issue) -> dict[str, Any]:
    """As issues.api_shapes.EventSerializer says."""
    line = line_of(event, issue)
    is_removed = event.words is not None and event.words.redacted_at is not None
    return {
        "at": event.at,
        "is_undated": event.is_undated,
        "kind": event.kind,
        "by": event.by,
        "title": line.title,
        "who": line.who,
        "organisation": organisation_told(event.organisation),
        "was": event.was or None,
        "now": event.now or None,
        "text": "" if is_removed else line.text,
    }


def _photo(photo: Photo, request: Request | None) -> dict[str, Any]:
    sizes = {size: _whole(photo.url(size), request) for size in ("small", "large")}
    return {"role": photo.role, **sizes, "width": photo.width, "height": photo.height}


def _recipient(one: Any) -> dict[str, Any]:
    return {
        "organisation": organisation_told(one.organisation),
        "role": one.role,
        "state": one.state,
        "at": one.at,
        "reason": one.reason,
    }


def _areas(issue: Issue, *, is_blurred: bool) -> list[dict[str, str]]:
    areas: QuerySet[Any] = told_areas(issue.areas.all(), issue.location, is_blurred=is_blurred)
    rows = areas.values_list("division__code", "code", "name")
    return [{"division": division, "code": code, "name": name} for division, code, name in rows]


def _holder(issue: Issue) -> Any:
    last = Decision.objects.filter(subject=issue.subject).select_related("organisation")
    found = last.order_by("-decided_at", "-id").first()
    return found.organisation if found else None


def _whole(path: str, request: Request | None) -> str:
    return str(request.build_absolute_uri(path)) if request else f"{settings.SITE_URL}{path}"
