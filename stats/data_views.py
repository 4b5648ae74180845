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

from geodata.community import community_of
from stats.models import ExportFile
from stats.opendata.catalogue import catalogue_of, catalogue_of_all
from stats.opendata.described import csv_metadata
from stats.opendata.formats import format_named
from stats.opendata.jobs import ask
from stats.opendata.licence import terms_of
from stats.opendata.making import open_kept
from stats.opendata.page import data_context
from stats.opendata.tables import Dataset, dataset_named

JSON_LD = "application/ld+json"
CSVW = "application/csvm+json"


@never_cache
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """What is there to take home, with its licence, and how."""
    return render(request, "stats/data.html", data_context(community_of(request), at=timezone.now()))


@require_POST
def make_fresh(request: HttpRequest) -> HttpResponseRedirect:
    """Asks for files as of now; for a community at most one such work is done at a time."""
    community = community_of(request)
    if ask(community, at=timezone.now()):
        messages.success(request, _("The files are being made anew. Open the page again in some minutes."))
    else:
        messages.info(request, _("The files were made a moment ago: there is nothing fresher."))
    return HttpResponseRedirect(reverse("open_data", args=[community.slug]))


@require_safe
def data_file(request: HttpRequest, dataset: str, ending: str) -> HttpResponseBase:
    """A file as it was made last; 404 when there is no such dataset or format, or it was not made yet."""
    community = community_of(request)
    found = _dataset(dataset)
    kept = ExportFile.objects.filter(community=community, dataset=dataset, format=ending, part="").first()
    if kept is None or ending not in found.formats:
        raise Http404
    if f'"{kept.sha256}"' in request.headers.get("If-None-Match", ""):
        return _of_a_file(HttpResponseNotModified(), kept)
    try:
        file = open_kept(kept)
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
    response.headers["Cache-Control"] = "public, max-age=300, no-transform"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
