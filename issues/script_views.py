"""What a script that sends the form is told: the same as the page says, as JSON."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.tokens import UnknownTokenError, find_token
from geodata.community import community_of
from geodata.models import local_name
from issues.actions import AUTHOR_PURPOSE
from issues.forms import ReportForm
from issues.models import Issue
from routing.models import Delivery


def asks_for_json(request: HttpRequest) -> bool:
    """True for a script; a browser that opens pages asks for HTML."""
    return request.accepts("application/json") and not request.accepts("text/html")


def as_json(
    request: HttpRequest, answer: HttpResponseBase, form: ReportForm, refused_photos: list[str]
) -> HttpResponse:
    """201 {number, url, title, said} for a report that arrived; 422 {asks: [words]} when its sender must look at it;
    429 with Retry-After and the same for one that is welcome later.

    `url` is the author's page: whoever has it may act for the author. `said`: who got the report and when they answer.
    """
    if answer.status_code == 302:
        return JsonResponse(_sent(request, answer.headers["Location"]), status=201)
    words = [str(error) for errors in form.errors.values() for error in errors]
    told = JsonResponse({"asks": words + refused_photos}, status=429 if answer.status_code == 429 else 422)
    if answer.has_header("Retry-After"):
        told.headers["Retry-After"] = answer.headers["Retry-After"]
    return told


def _sent(request: HttpRequest, location: str) -> dict[str, Any]:
    issue = _issue_at(urlsplit(location).path)
    if issue is None:
        return {"number": "", "url": location, "title": _("Sent."), "said": ""}
    title = _("Report № %(number)s is sent") % {"number": issue.number}
    return {"number": str(issue.number), "url": location, "title": title, "said": _said_of(issue, request)}


def _issue_at(url: str) -> Issue | None:
    """The report of an author's page."""
    try:
        right = find_token(secret=resolve(url).kwargs.get("token", ""), purpose=AUTHOR_PURPOSE)
    except (Resolver404, UnknownTokenError):
        return None
    found: Issue | None = Issue.objects.filter(subject=right.subject_id).first()
    return found


def _said_of(issue: Issue, request: HttpRequest) -> str:
    """“KP Vodokanal has it and answers by 25 November.”, in the reader's language."""
    standing = Delivery.objects.standing().responsible().filter(subject=issue.subject_id)
    delivery = standing.select_related("organisation").first()
    name = local_name(delivery.organisation if delivery else community_of(request), get_language() or "uk")
    values = {"organisation": name, "day": date_format(issue.due_on, "j E")}
    return _("%(organisation)s has it and must answer by %(day)s.") % values
