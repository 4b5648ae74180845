"""The map alone, for a frame on anybody's page. It asks for no cookie, sets none, and nothing can be sent from it."""

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from geodata.community import community_of
from geodata.forms import asked, filter_context, menu_of, with_query
from geodata.layers import all_layers
from geodata.map_config import map_config

ANYBODY = {"frame-ancestors": ["*"], "form-action": ["'none'"]}


@xframe_options_exempt
@csp_replace(ANYBODY)
@require_safe
def embed(request: HttpRequest) -> HttpResponse:
    """The map with the filters and the view of the address, as on the map page; `lang`: uk or en, for a frame gets no
    cookie that would tell."""
    language = request.GET.get("lang", "")
    if language not in dict(settings.LANGUAGES):
        language = settings.LANGUAGE_CODE
    with translation.override(language):
        response = _embed(request)
    response.headers["Content-Language"] = language
    return response


def _embed(request: HttpRequest) -> HttpResponse:
    community, layers = community_of(request), all_layers()
    menu = menu_of(request.GET, layers, community.pk)
    wanted = asked(request.GET, menu, community, community.day_of(timezone.now()))
    map_url = reverse("map", args=[community.slug])
    config = map_config(community, [choice.icon for choice in menu.categories])
    context = {
        "community": community,
        "filters": filter_context(wanted, menu, map_url),
        "box": str(wanted.box or ""),
        "map_url": with_query(map_url, wanted.query(), wanted),
        "map_config": config | {"query": wanted.query()},
    }
    response = render(request, "geodata/embed.html", context)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
