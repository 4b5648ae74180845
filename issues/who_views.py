"""“Who would answer here?”: the decision in plain words, for anybody, without a report."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.community import community_of
from issues.forms import PlaceForm
from issues.questions import PREFIX
from issues.report_views import asked_answerer, place_context
from issues.tapmap import box_to_show, place_tapped


@never_cache
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """The page. Its address holds the place, the category and the answers, so that a link shows the same."""
    community, at = community_of(request), timezone.now()
    tapped = place_tapped(request.GET, community)
    if tapped:
        return HttpResponseRedirect(_address(request, lat=f"{tapped[1]:.6f}", lon=f"{tapped[0]:.6f}"))
    on = community.day_of(at)
    asked = PlaceForm(request.GET, community=community, on=on)
    form = PlaceForm(initial=request.GET.dict(), community=community, on=on)
    found, _status = asked_answerer(asked, community, at=at)
    named = ("category", "address") if "ask" in request.GET else ()
    context = place_context(form, community, given=request.GET) | {
        "answerer": found,
        "trouble": [error for name in named for error in asked.errors.get(name, ())],
        "report_query": _query(request),
    }
    return render(request, "issues/who.html", context)


@never_cache
@require_safe
def who_answerer(request: HttpRequest) -> HttpResponse:
    """The answer alone, as a fragment of HTML."""
    community, at = community_of(request), timezone.now()
    form = PlaceForm(request.GET, community=community, on=community.day_of(at))
    found, status = asked_answerer(form, community, at=at)
    return render(request, "issues/answerer.html", {"answerer": found, "only_asked": True}, status=status)


def _address(request: HttpRequest, **place: str) -> str:
    """The same question at another place, the map a little closer."""
    community = community_of(request)
    box = box_to_show(request.GET, (float(place["lon"]), float(place["lat"])), community)
    query = _kept(request) | place | {"tap_box": box}
    return f"{reverse('who', args=[community.slug])}?{urlencode(query)}#step-place"


def _kept(request: HttpRequest) -> dict[str, str]:
    names = {"category", "asset", "find"}
    return {name: text for name, text in request.GET.dict().items() if name in names or name.startswith(PREFIX)}


def _query(request: HttpRequest) -> str:
    """What the report form is opened with."""
    place = {name: request.GET[name] for name in ("lat", "lon") if request.GET.get(name)}
    return urlencode(place | {name: text for name, text in _kept(request).items() if name != "find"})
