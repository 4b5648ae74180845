"""Open data: the page, the files, their descriptions and the catalogue. Anybody may open them, from other sites too."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.devices import device_of
from accounts.networks import network_of
from core.files import StorageAwayError
from geodata.community import community_of
from geodata.models import Community
from media.views import not_now
from stats.models import ExportFile
from stats.opendata.catalogue import catalogue_of, catalogue_of_all
from stats.opendata.described import csv_metadata
from stats.opendata.formats import format_named
from stats.opendata.jobs import TooOftenError, ask, ask_at_once
from stats.opendata.licence import terms_of
from stats.opendata.making import open_kept
from stats.opendata.page import data_context
from stats.opendata.tables import Dataset, dataset_named

JSON_LD = "application/ld+json"
CSVW = "application/csvm+json"
RETRY_AFTER = 120  # seconds


@never_cache
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """What is there to take home, with its licence, and how."""
    return render(request, "stats/data.html", data_context(community_of(request), at=timezone.now()))


@require_POST
def make_fresh(request: HttpRequest) -> HttpResponseRedirect:
    """Asks for files as of now; for a community at most one such work is done at a time."""
    community = community_of(request)
    try:
        job = ask(community, at=timezone.now(), device=device_of(request), network=network_of(request))
    except TooOftenError:
        words = _("From this device or network files were asked for many times today. They are made anew every night.")
        messages.info(request, words)
        return HttpResponseRedirect(reverse("open_data", args=[community.slug]))
    if job:
        messages.success(request, _("The files are being made anew. Open the page again in some minutes."))
    else:
        messages.info(request, _("The files were made a moment ago: there is nothing fresher."))
    return HttpResponseRedirect(reverse("open_data", args=[community.slug]))


@require_safe
def data_file(request: HttpRequest, dataset: str, ending: str) -> HttpResponseBase:
    """A file as it was made last; 404 when there is no such dataset or format, or it was not made yet; 503 while it
    holds what is no longer public."""
    community = community_of(request)
    found = _dataset(dataset)
    kept = ExportFile.objects.filter(community=community, dataset=dataset, format=ending, part="").first()
    if kept is None or ending not in found.formats:
        raise Http404
    if found.taken_back and found.taken_back(community, kept.checked_at):
        return _made_anew(request, community)
    if f'"{kept.sha256}"' in request.headers.get("If-None-Match", ""):
        return _of_a_file(HttpResponseNotModified(), kept)
    try:
        file = open_kept(kept)
    except StorageAwayError:
        return not_now()
    except OSError as lost:
        raise Http404 from lost
    name = f"{community.slug}-{dataset}-{community.day_of(kept.made_at):%Y-%m-%d}.{ending}"
    response = FileResponse(file, as_attachment=True, filename=name, content_type=format_named(ending).media_type)
    response.headers["Link"] = terms_of(found, community).link_header
    if ending == "csv":
        beside = reverse("csv_description", args=[community.slug, dataset])
        response.headers["Link"] += f', <{beside}>; rel="describedby"; type="{CSVW}"'
    return _of_a_file(response, kept)


@require_safe
def csv_description(request: HttpRequest, dataset: str) -> JsonResponse:
    """What the columns of a CSV file mean (CSV on the Web)."""
    return _json(csv_metadata(_dataset(dataset), community_of(request)), CSVW)


@require_safe
def catalogue(request: HttpRequest) -> JsonResponse:
    """The datasets of a community for machines: DCAT 2 as JSON-LD."""
    return _json(catalogue_of(community_of(request)), JSON_LD)


@require_safe
def catalogue_of_installation(request: HttpRequest) -> JsonResponse:
    """The catalogues of all communities."""
    return _json(catalogue_of_all(), JSON_LD)


def _made_anew(request: HttpRequest, community: Community) -> HttpResponse:
    """In place of a file that is no longer given away: the page, which says so, and the work that makes a new one."""
    now = timezone.now()
    ask_at_once(community, at=now)
    context = data_context(community, at=now) | {"is_taken_back": True}
    response = render(request, "stats/data.html", context, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    response.headers["Cache-Control"] = "no-store"
    return response


def _dataset(name: str) -> Dataset:
    found = dataset_named(name)
    if found is None:
        raise Http404
    return found


def _json(told: dict[str, Any], media_type: str) -> JsonResponse:
    response = JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 1}, content_type=media_type)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Link"] = f'<{settings.DATA_LICENCE_URL}>; rel="license"'
    return response


def _of_a_file(response: HttpResponseBase, kept: ExportFile) -> HttpResponseBase:
    response.headers["ETag"] = f'"{kept.sha256}"'
    response.headers["Last-Modified"] = http_date(kept.made_at.timestamp())
    response.headers["Cache-Control"] = "public, no-cache, no-transform"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
