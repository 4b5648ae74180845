"""What the pages of a report say: built once for the public page, the author's and the organisation's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.calendars import declared_days, working_days_between
from core.models import Failure
from geodata.models import Area, local_name
from issues import assets, questions
from issues.blur import blurred, told_areas, why_roughly, without_place
from issues.models import Issue, IssueEvent
from issues.states import Group, State
from media.drafts import granted
from media.models import Photo
from routing.explain import considered, why
from routing.models import Decision, Delivery
from routing.wording import names_of

Kind = IssueEvent.Kind
By = IssueEvent.By
FOR_STAFF = {Kind.VISIBILITY, Kind.CORRECTED}  # why it was hidden, how it was before a correction
SMALL_MAP = 0.004  # degrees of longitude on each side of the pin


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline."""

    at: datetime
    title: str
    who: str
    text: str
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who got the report, and how far it came there."""

    organisation: Any
    role: str
    state: str
    at: datetime
    reason: str


def issue_context(issue: Issue, *, at: datetime, exact: bool = False) -> dict[str, Any]:
    """Everything that a page of this report shows. `exact`: for those who hold a secret link of it, the true
    place, the name and the flat, and photos that strangers may not see."""
    decision = Decision.objects.filter(subject=issue.subject).last()
    photos = list(Photo.objects.filter(subject=issue.subject).select_related("community"))
    clean = [photo for photo in photos if photo.state == Photo.State.CLEAN]
    if exact:
        clean = granted(clean, at=at)
    trace = decision.trace if decision else None
    return public_facts(issue, areas=issue.areas.all(), trace=trace, exact=exact) | {
        "photos_before": [photo for photo in clean if photo.role == Photo.Role.PROBLEM],
        "photos_after": [photo for photo in clean if photo.role == Photo.Role.ANSWER],
        "photos_waiting": any(photo.state == Photo.State.WAITING for photo in photos),
        "events": timeline(issue),
        "original": issue.shown_original,
        "deliveries": recipients(issue),
        "rule": decision.rule_id if decision else None,
        "promise": promise_of(issue, at=at),
    }


def public_facts(
    issue: Issue, *, areas: "QuerySet[Area]", trace: Mapping[str, Any] | None, exact: bool = False
) -> dict[str, Any]:
    """What was said in the form, as the page shows it; the report need not be in the database yet.

    `areas`: those that it lies in, `trace`: of its decision, `exact`: as for `issue_context`.
    """
    is_blurred = issue.is_blurred and not exact
    language = get_language() or "uk"
    told = list(told_areas(areas, issue.location, is_blurred=is_blurred).values_list("name", flat=True))
    lon, lat = place_of(issue, exact=exact)
    return {
        "issue": issue,
        "is_blurred": is_blurred,
        "name": issue.reporter_name if exact else issue.shown_name,
        "address": "" if is_blurred else issue.address,
        "asset": "" if is_blurred else assets.in_words(issue),
        "asset_name": assets.name_of(issue),
        "flat": issue.flat if exact else "",
        "answers": (questions.names_no_place if is_blurred else questions.in_words)(issue, language),
        "category_name": local_name(issue.category, language),
        "area_names": told,
        "public_point": (lon, lat),
        "place_image_url": place_image(issue, lon, lat),
        "map_url": f"{reverse('map', args=[issue.community.slug])}?"
        + urlencode({"box": box_around(lon, lat), "selected": f"issues-{issue.pk}"}),
        **_reasons(trace, issue.community_id, told if is_blurred else None),
    }


def _reasons(trace: Mapping[str, Any] | None, community: int, told: list[str] | None) -> dict[str, Any]:
    """Why they must answer. `told`: names of the areas that may be named, None when nothing is secret."""
    if trace is None:
        return {"why": [], "considered": []}
    matched = trace["matched"]
    if told is not None:
        trace = without_place(trace, told)
    names = names_of(trace, community)
    if matched and not trace["matched"]:
        return {"why": why_roughly(matched["organisation_name"]), "considered": []}
    return {"why": why(trace, names), "considered": considered(trace, names) if told is None else []}


def place_of(issue: Issue, *, exact: bool) -> tuple[float, float]:
    """(lon, lat) to show: blurred to the constant grid when the place is sensitive and the reader is not concerned."""
    point = (issue.location.x, issue.location.y)
    return point if exact or not issue.is_blurred else blurred(*point)


def box_around(lon: float, lat: float) -> str:
    """“west,south,east,north” of a small map around a point."""
    half = SMALL_MAP * 0.45
    return f"{lon - SMALL_MAP:.6f},{lat - half:.6f},{lon + SMALL_MAP:.6f},{lat + half:.6f}"


def place_image(issue: Issue, lon: float, lat: float) -> str:
    """Address of the small drawn map with a pin."""
    query = urlencode(
        {"box": box_around(lon, lat), "pin": f"{lon:.6f},{lat:.6f}", "state": issue.group.value, "small": 1}
    )
    return f"{reverse('place_image', args=[issue.community.slug])}?{query}"


def promise_of(issue: Issue, *, at: datetime) -> dict[str, Any]:
    """Due day, working days promised, and how that went: `days_late` counts working days after the promise."""
    is_done = issue.group == Group.DONE
    done = issue.events.filter(now=State.DONE).order_by("-at").first() if is_done else None
    done_on = issue.community.day_of(done.at) if done else None
    today = issue.community.day_of(at)
    reference: date = done_on or today
    declared = declared_days(issue.community, since=issue.due_on)
    late = reference > issue.due_on and (issue.is_open or done_on is not None)
    return {
        "due_on": issue.due_on,
        "working_days": issue.category.working_days,
        "is_late": late,
        "days_late": max(working_days_between(issue.due_on, reference, declared), 1) if late else 0,
        "done_on": done_on,
    }


def recipients(issue: Issue) -> list[Recipient]:
    """Each organisation that got the report, in the order in which it did."""
    rows = Delivery.objects.filter(subject=issue.subject).select_related("organisation", "message")
    passed = passed_on(issue)
    return [
        Recipient(
            row.organisation,
            row.role,
            "passed" if (row.organisation_id, row.refused_at) in passed else row.state,
            *_how_far(row),
        )
        for row in rows
    ]


def passed_on(issue: Issue) -> set[tuple[int | None, datetime]]:
    """(organisation, moment) of each time that the duty queue passed the report on: the end of that delivery."""
    return set(issue.events.filter(kind=Kind.PASSED_ON).values_list("organisation", "at"))


def asked_of_author(issue: Issue) -> str:
    """The question that the report waits with; "" when a moderator took it out."""
    asked = issue.events.filter(now=State.WAITING).select_related("words").order_by("-at", "-id").first()
    return asked.words.text if asked and asked.words else ""


def _how_far(delivery: Delivery) -> tuple[datetime, str]:
    message = delivery.message
    if delivery.refused_at:
        return delivery.refused_at, delivery.refusal
    if delivery.state == "answered" and delivery.answered_at:
        return delivery.answered_at, ""
    if message is not None and message.dead_at:
        return message.dead_at, public_reason(message.failure)
    if message is not None and message.sent_at:
        return message.sent_at, ""
    return delivery.created_at, _("They have no address here.") if message is None else ""


def public_reason(failure: str) -> str:
    """A failed delivery in plain words, without addresses of people or machines."""
    return {
        Failure.REFUSED: _("Their server refused the message."),
        Failure.UNREACHABLE: _("The server could not be reached."),
        Failure.HIDDEN: _("The report was hidden before it was sent."),
    }.get(Failure(failure or Failure.OURS), _("It could not be sent from here; the community's staff see it."))


def timeline(issue: Issue) -> list[Line]:
    """What happened, the newest first."""
    rows = issue.events.select_related("organisation", "words").order_by("-at", "-id")
    return [line_of(event, issue) for event in rows if event.kind != Kind.REDACTED]


def line_of(event: IssueEvent, issue: Issue) -> Line:
    words = event.words if event.kind not in FOR_STAFF else None
    text = ""
    if words:
        text = _("These words were removed by a moderator.") if words.redacted_at else words.text
    return Line(event.at, _title(event), _who(event, issue), text, event.now or "", event.kind)


def _title(event: IssueEvent) -> str:
    organisation = local_name(event.organisation, get_language() or "uk") if event.organisation else ""
    titles = {
        Kind.REPORTED: _("Reported"),
        Kind.SENT: _("Passed to %(organisation)s") % {"organisation": organisation},
        Kind.INFORMED: _("For information to %(organisation)s") % {"organisation": organisation},
        Kind.HANDED_BACK: _("Handed back: not theirs"),
        Kind.PASSED_ON: _("Passed on by the duty queue"),
        Kind.ANSWERED: _("Answer"),
        Kind.ADDED: _("Added by the reporter"),
        Kind.CORRECTED: _("Corrected by the reporter: %(parts)s") % {"parts": _parts(event)},
        Kind.VISIBILITY: _("A moderator hid this") if event.words else _("A moderator changed who sees this"),
        Kind.REDACTED: _("A moderator removed words"),
    }
    if event.kind == Kind.MOVED and event.by == By.REPORTER and event.was == State.WAITING:
        return _("The reporter answered") if event.now == State.ACCEPTED else str(State(event.now).label)
    if event.kind == Kind.ADDED and event.by == By.SUPPORTER:
        return _("Added by somebody whom it concerns too")
    if event.kind == Kind.MOVED:
        return str(State(event.now).label)
    return titles[Kind(event.kind)]


def _parts(event: IssueEvent) -> str:
    """The corrected parts, in words; never how they were."""
    names = {
        "text": _("the description"),
        "category": _("the kind of problem"),
        "place": _("the place"),
        "answers": _("the answers"),
        "photos": _("photos"),
        "name": _("the name"),
    }
    return ", ".join(names[part] for part in event.changed.split(",") if part in names)


def _who(event: IssueEvent, issue: Issue) -> str:
    if event.organisation and event.kind not in {Kind.SENT, Kind.INFORMED}:
        return local_name(event.organisation, get_language() or "uk")
    return {
        By.REPORTER: issue.shown_name or _("reporter"),
        By.STAFF: local_name(issue.community, get_language() or "uk"),
        By.ORGANISATION: "",
        By.SUPPORTER: "",
        By.SYSTEM: "",
    }[By(event.by)]
