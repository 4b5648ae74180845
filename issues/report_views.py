"""The report form, with JavaScript and without, and the fragments that it asks for."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.geos import Point
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.devices import device_of, remember_device
from accounts.networks import network_of
from geodata.boxes import MIN_ZOOM
from geodata.community import community_of
from geodata.models import WGS84, Community
from issues import kept_drafts
from issues.answerer import Answerer, refused
from issues.form_page_views import form_page
from issues.forms import PlaceForm, ReportForm, coordinates_in
from issues.gate import fresh_challenge
from issues.models import ReportDraft
from issues.offline_views import NO_TOKEN, reachable
from issues.places import outside
from issues.questions import PREFIX
from issues.script_views import as_json, asks_for_json
from issues.submission_views import Submission, answerer_of
from issues.tapmap import CLOSE_ZOOM, View, number


@never_cache
@require_safe
def answerer(request: HttpRequest) -> HttpResponse:
    """The preview as a fragment of HTML, for the place, the category and the answers in the query.

    A place alone is enough to say that it is outside.
    """
    form = PlaceForm(request.GET, community=community_of(request), on=_today(request))
    found, status = asked_answerer(form, community_of(request), at=timezone.now())
    return render(request, "issues/answerer.html", {"answerer": found}, status=status)


@never_cache
@require_safe
def details(request: HttpRequest) -> HttpResponse:
    """What the category in the query asks, as a fragment of HTML: its questions, and the choice of a house, lamp…"""
    form = ReportForm(initial=request.GET.dict(), community=community_of(request), on=_today(request))
    return render(request, "issues/report_details.html", {"form": form, "private": "public" not in request.GET})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The form of a new report. Whatever goes wrong, what was typed and uploaded comes back."""
    at = timezone.now()
    if request.method == "HEAD":
        return reachable(request)
    if request.POST.get("do") == "anew":
        kept_drafts.forget(community=community_of(request), device=device_of(request))
        return HttpResponseRedirect(reverse("report", args=[community_of(request).slug]))
    response = _posted(request, at=at) if request.method == "POST" else _opened(request, at=at)
    remember_device(request, response)
    return response


@never_cache
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What strangers will see of the form that was sent, as a fragment of HTML. Nothing is kept but new photos."""
    return Submission(request, at=timezone.now()).previewed()


@never_cache
@require_safe
def proof(request: HttpRequest) -> JsonResponse:
    """What a browser computes while a person fills in the form: {challenge}; static/issues/proof.js solves it."""
    community = community_of(request)
    return JsonResponse({"challenge": fresh_challenge(network_of(request), community=community, at=timezone.now())})


@require_safe
def shell(request: HttpRequest, language: str) -> HttpResponse:
    """The empty form as anybody would get it, in that language, for a browser to keep: no token, name or cookie."""
    with _as_anybody(request, language):
        form = ReportForm(community=community_of(request), on=_today(request))
        return form_page(request, form, photos=[], csrf_token=NO_TOKEN)


@require_safe
def no_network(request: HttpRequest, language: str) -> HttpResponse:
    """What a browser shows instead of a public page without a network: kept with the form, and nobody's either."""
    with _as_anybody(request, language):
        return render(request, "issues/no_network.html", {"csrf_token": NO_TOKEN})


@contextmanager
def _as_anybody(request: HttpRequest, language: str) -> Iterator[None]:
    """The page is written for nobody in particular, in that language; 404 for one that we do not speak."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    request.user = AnonymousUser()
    with translation.override(language):
        yield


def _posted(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """What the form asks for. Without scripts the server keeps what is not sent yet."""
    submission = Submission(request, at=at)
    answer = submission.answer()
    community, device = community_of(request), device_of(request)
    if answer.status_code == 302:
        if "script" not in submission.data or "continued" in submission.data:
            kept_drafts.forget(community=community, device=device)
    elif "script" not in submission.data:
        fields = dict(submission.data.lists())
        kept_drafts.keep(community=community, device=device, fields=fields, photos=submission.photos, at=at)
    return as_json(request, answer, submission.form, submission.refused) if asks_for_json(request) else answer


def asked_answerer(form: PlaceForm, community: Community, *, at: datetime) -> tuple[Answerer | None, int]:
    """(who would answer, as far as the form tells; the status of a page that says so)."""
    form.is_valid()
    given = form.cleaned_data
    if "point" not in given or (form["category"].value() and "category" not in given):
        return None, 422
    if "category" not in given:
        stray = outside(given["point"], community)
        return (refused(stray, community) if stray else None), 200
    return answerer_of(form, community, at=at), 200


def _today(request: HttpRequest) -> date:
    return community_of(request).day_of(timezone.now())


def _opened(request: HttpRequest, *, at: datetime) -> HttpResponse:
    """The empty form. The address may name a place: the middle of a map, taken only when that map (`zoom`) was close
    enough to point at something. From farther away, and outside the community, it is at most where to look. It may
    name a category and what that asks, too."""
    community = community_of(request)
    kept = kept_drafts.draft_of(community=community, device=device_of(request), at=at)
    if kept and "continue" in request.GET:
        return _continued(request, kept, at=at)
    named = {
        name: text for name, text in request.GET.items() if name in {"category", "asset"} or name.startswith(PREFIX)
    }
    initial: dict[str, Any] = named | {"key": uuid.uuid4()}
    view = None
    place = coordinates_in(f"{request.GET.get('lat', '')}, {request.GET.get('lon', '')}")
    if place and not outside(Point(*place, srid=WGS84), community):
        zoom = number(request.GET.get("zoom", CLOSE_ZOOM))
        if zoom >= CLOSE_ZOOM:
            initial |= {"lon": f"{place[0]:.6f}", "lat": f"{place[1]:.6f}"}
        else:
            view = View(place, max(zoom, MIN_ZOOM))
    form = ReportForm(initial=initial, community=community, on=community.day_of(at))
    return form_page(request, form, photos=[], view=view, kept=kept)


def _continued(request: HttpRequest, kept: ReportDraft, *, at: datetime) -> HttpResponse:
    """The form with everything that the server kept for this browser."""
    data = QueryDict(mutable=True)
    for name, values in kept.fields.items():
        data.setlist(name, values)
    community = community_of(request)
    form = ReportForm(initial=data.dict(), community=community, on=community.day_of(at))
    return form_page(request, form, photos=kept_drafts.photos_of(kept, at=at), is_again=True)
