"""The map as lists by area: for those who see no map, and for everybody who knows where they live."""

from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.area_counts import counted_areas
from geodata.begun import begun
from geodata.community import community_of
from geodata.forms import asked, filter_context, menu_of
from geodata.layers import all_layers


@never_cache
@require_safe
def areas(request: HttpRequest) -> HttpResponse:
    """Every division with its areas, how much each holds of what the address asks for, and the way to its list."""
    community, layers = community_of(request), all_layers()
    today = community.day_of(timezone.now())
    menu = menu_of(request.GET, layers, community.pk)
    wanted = asked(request.GET, menu, community, today)
    # All areas stand here side by side: neither one of them nor a box narrows what is counted.
    pairs = [pair for pair in wanted.pairs if pair[0] != "area"]
    wanted = replace(wanted, filters=replace(wanted.filters, area=None), area=None, pairs=pairs, box=None)
    map_url, areas_url = (reverse(page, args=[community.slug]) for page in ("map", "areas"))
    divisions = counted_areas(community, wanted, on=today)
    lists = {
        one.code: f"{map_url}?{urlencode([*pairs, ('area', one.code)])}" for part in divisions for one in part.areas
    }
    context = {
        "community": community,
        "divisions": [(part, [(one, lists[one.code]) for one in part.areas]) for part in divisions],
        "filters": filter_context(wanted, menu, areas_url, months=begun(layers, community, today)),
        "map_url": f"{map_url}?{urlencode(pairs)}" if pairs else map_url,
    }
    return render(request, "geodata/areas.html", context)
