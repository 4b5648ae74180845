"""What the search of places and the pin ask for, on any page that has them. Anybody may ask; nothing is kept."""

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.community import community_of
from geodata.models import WGS84
from geodata.place_search import search_places, suggestion_for


@never_cache
@require_safe
def places(request: HttpRequest) -> HttpResponse:
    """What `q` may mean, as options of a list; of streets with one name the nearest to `lat`, `lon` comes first."""
    community = community_of(request)
    text = request.GET.get("q", "").replace("\0", "")
    on = community.day_of(timezone.now())
    answer = search_places(text, community=community, on=on, near=_point(request))
    return render(request, "geodata/place_options.html", {"answer": answer})


@never_cache
@require_safe
def nearest(request: HttpRequest) -> HttpResponse:
    """The address of the point `lat`, `lon` as JSON: `address` and `words`, both empty where nothing is near.

    400 for what is no point.
    """
    community, point = community_of(request), _point(request)
    if point is None:
        return JsonResponse({"error": "A point is needed: lat=49.23&lon=28.46"}, status=400)
    found = suggestion_for(point, community=community, on=community.day_of(timezone.now()))
    return JsonResponse({"address": found.address if found else "", "words": found.words if found else ""})


def _point(request: HttpRequest) -> Point | None:
    try:
        lon, lat = (float(request.GET.get(name, "")) for name in ("lon", "lat"))
    except ValueError:
        return None
    return Point(lon, lat, srid=WGS84) if abs(lon) <= 180 and abs(lat) <= 90 else None
