"""Reports as service requests: what strangers may see of them, in a number of statements that does not grow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core.models import STRANGER
from geodata.models import Community, local_name
from issues.layer import photo_path
from issues.models import Issue, IssueEvent
from issues.on_the_map import PUBLIC_PLACE
from issues.open311.answers import answers_of
from issues.open311.asking import MOST, Asked, Cursor, RefusedError, Span
from issues.open311.formats import moment
from issues.open311.services import category_of
from issues.states import OPEN, State
from issues.support import count_of_supporters
from media.models import Photo
from routing.models import Delivery, Register

CLOSED: Final = frozenset(State) - OPEN
# Whose words tell how a request stands.
ANSWERERS: Final = (IssueEvent.By.ORGANISATION, IssueEvent.By.STAFF)
TOLD: Final = (
    IssueEvent.Kind.MOVED, IssueEvent.Kind.ANSWERED, IssueEvent.Kind.HANDED_BACK, IssueEvent.Kind.PASSED_ON,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their language, and the beginning of addresses of this site."""

    community: Community
    language: str
    site: str  # without a slash at its end


@dataclass(frozen=True, slots=True)
class Found:
    """One page of requests; `next`: where the next one begins, None when there is none."""

    rows: list[dict[str, Any]]
    next: Cursor | None = None


def find(asked: Asked, reader: Reader) -> Found:
    """The requests that are asked for, the newest first; by `updated_…` those that changed last. Raises RefusedError
    for a service that there is not."""
    order = "created_at" if asked.updated is None else "changed_at"
    if asked.numbers is not None:
        chosen = _public(reader.community).filter(number__in=asked.numbers[:MOST]).order_by("-created_at", "-id")
        return Found(told(list(chosen), reader, extended=asked.extended))
    chosen = _chosen(asked, reader.community).order_by(f"-{order}", "-id")
    if asked.after:
        chosen = chosen.filter(
            Q(**{f"{order}__lt": asked.after.at}) | Q(**{order: asked.after.at}, id__lt=asked.after.pk)
        )
    skip = 0 if asked.after else asked.skip
    issues = list(chosen[skip : skip + asked.size + 1])
    page = issues[: asked.size]
    following = Cursor(getattr(page[-1], order), page[-1].pk) if len(issues) > len(page) else None
    return Found(told(page, reader, extended=asked.extended), following)


def request_with(number: int | None, reader: Reader, *, extended: bool) -> list[dict[str, Any]]:
    """The one with that number, in a list all the same. Raises RefusedError when strangers see none."""
    rows = list(_public(reader.community).filter(number=number)) if number else []
    if not rows:
        raise RefusedError(404, _("service_request_id: there is no such request, or nobody may see it now."))
    return told(rows, reader, extended=extended)


def told(issues: Sequence[Issue], reader: Reader, *, extended: bool) -> list[dict[str, Any]]:
    """Each of these reports, which strangers may see, as a service request."""
    ids = [issue.pk for issue in issues]
    holders = _holders([issue.subject_id for issue in issues])
    notes, closings = _notes(ids), _closings(ids)
    more = _more(issues, reader) if extended else {}
    return [
        _request(issue, reader, holders.get(issue.subject_id), notes.get(issue.pk), closings.get(issue.pk))
        | ({"extended_attributes": more[issue.pk]} if extended else {})
        for issue in issues
    ]


def within(field: str, span: Span) -> Q:
    """Condition: a moment of the row lies in the span."""
    condition = Q()
    if span.since:
        condition &= Q(**{f"{field}__gte": span.since})
    if span.until:
        condition &= Q(**{f"{field}__lt": span.until})
    return condition


def _public(community: Community) -> QuerySet[Issue]:
    rows = Issue.objects.filter(community=community).visible_to(STRANGER)
    return rows.select_related("subject", "category", "asset__register").annotate(
        place=PUBLIC_PLACE, photo=photo_path(), supporters=count_of_supporters()
    )


def _chosen(asked: Asked, community: Community) -> QuerySet[Issue]:
    chosen = _public(community).filter(within("created_at", asked.reported))
    if asked.updated:
        chosen = chosen.filter(within("changed_at", asked.updated))
    if asked.services:
        chosen = chosen.filter(category__in=[category_of(community, code).pk for code in asked.services[:MOST]])
    if asked.statuses:
        states = {"open": OPEN, "closed": CLOSED}
        chosen = chosen.filter(state__in=[state for status in asked.statuses for state in states[status]])
    return chosen


def _request(
    issue: Issue, reader: Reader, holder: Delivery | None, note: IssueEvent | None, closed_at: datetime | None
) -> dict[str, Any]:
    zone = reader.community.time_zone
    place, is_blurred = issue.place, issue.is_blurred  # type: ignore[attr-defined]  # annotated above
    photo: str | None = issue.photo  # type: ignore[attr-defined]
    by = datetime.combine(issue.due_on, time(23, 59, 59), tzinfo=ZoneInfo(zone))
    is_house = issue.asset is not None and issue.asset.register.kind == Register.Kind.BUILDINGS
    return {
        "service_request_id": str(issue.number),
        "status": "open" if issue.is_open else "closed",
        "status_notes": status_notes(issue, note),
        "service_name": local_name(issue.category, reader.language),
        "service_code": issue.category.code,
        "description": issue.text,
        "agency_responsible": local_name(holder.organisation, reader.language) if holder else None,
        "service_notice": _about_place() if is_blurred else None,
        "requested_datetime": moment(issue.created_at, zone),
        "updated_datetime": moment((None if issue.is_open else closed_at) or issue.changed_at, zone),
        "expected_datetime": moment(by, zone),
        "address": None if is_blurred else issue.address or None,
        "address_id": issue.asset.key if issue.asset and is_house and not is_blurred else None,
        "zipcode": None,
        "lat": round(place.y, 6),
        "long": round(place.x, 6),
        "media_url": f"{reader.site}{photo.replace('/small/', '/large/')}" if photo else None,
    }


def status_notes(issue: Issue, note: IssueEvent | None) -> str:
    """The state, and the last public words of those who answer."""
    label = str(State(issue.state).label)
    return f"{label}: {note.words.text}" if note and note.words else label


def _about_place() -> str:
    return _("The place is shown roughly: it is sensitive.")


def _holders(subjects: Sequence[int]) -> dict[int, Delivery]:
    """Who has the report now."""
    rows = Delivery.objects.standing().responsible().filter(subject__in=subjects).select_related("organisation")
    return {row.subject_id: row for row in rows.order_by("created_at", "id")}


def _notes(issues: Sequence[int]) -> dict[int, IssueEvent]:
    rows = IssueEvent.objects.filter(issue__in=issues, kind__in=TOLD, by__in=ANSWERERS, words__redacted_at=None)
    rows = rows.filter(words__isnull=False).select_related("words")
    return {row.issue_id: row for row in rows.order_by("issue_id", "-at", "-id").distinct("issue_id")}


def _closings(issues: Sequence[int]) -> dict[int, datetime]:
    """When a report came into the closed state that it had last."""
    rows = IssueEvent.objects.filter(issue__in=issues, now__in=CLOSED).order_by("issue_id", "-at", "-id")
    return dict(rows.distinct("issue_id").values_list("issue", "at"))


def _more(issues: Sequence[Issue], reader: Reader) -> dict[int, Mapping[str, Any]]:
    """What we know beyond the specification, for `extensions=true`."""
    photos = _photos(issues, reader)
    answers = answers_of(issues, reader.language)
    return {
        issue.pk: {
            "title": issue.title,
            "url": f"{reader.site}{_path(issue, reader)}",
            "state": issue.state,
            "state_name": str(State(issue.state).label),
            "supporters": issue.supporters,  # type: ignore[attr-defined]  # annotated above
            "photos": photos.get(issue.subject_id, []),
            "answers": answers[issue.pk],
        }
        for issue in issues
    }


def _path(issue: Issue, reader: Reader) -> str:
    issue.community = reader.community
    return issue.get_absolute_url()


def _photos(issues: Sequence[Issue], reader: Reader) -> dict[int, list[str]]:
    """Addresses of the cleaned photos of the problem and of the answer, the oldest first."""
    subjects = [issue.subject_id for issue in issues]
    rows = Photo.objects.filter(subject__in=subjects, state=Photo.State.CLEAN).order_by("uploaded_at", "id")
    found: dict[int, list[str]] = {}
    for subject, pk in rows.values_list("subject", "id"):
        found.setdefault(subject or 0, []).append(f"{reader.site}/{reader.community.slug}/photos/{pk}/large/")
    return found
