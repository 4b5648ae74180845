"""“Who would answer here?”: the decision in plain words, for anybody, without a report."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.boxes import Corner
from geodata.community import community_of
from issues.form_page_views import place_context
from issues.forms import PlaceForm
from issues.place_choice import place_sent
from issues.questions import FIND, PREFIX
from issues.report_views import asked_answerer
from issues.tapmap import box_to_show, place_tapped


@never_cache
@require_safe
def who(request: HttpRequest) -> HttpResponse:
    """The page. Its address holds the place, the category and the answers, so that a link shows the same."""
    community, at = community_of(request), timezone.now()
    on = community.day_of(at)
    form = PlaceForm(initial=request.GET.dict(), community=community, on=on)
    sent = request.GET.copy()
    if taken := place_sent(sent, community):
        address, suggested = (str(sent.get(name, "")) for name in ("address", "suggested"))
        return HttpResponseRedirect(_address(request, taken, address=address, suggested=suggested))
    if tapped := place_tapped(request.GET, community):
        box = box_to_show(request.GET, tapped, community)  # the map a little closer
        return HttpResponseRedirect(_address(request, tapped, tap_box=box))
    if pinned := _place_of_choice(request, form):
        return HttpResponseRedirect(_address(request, pinned, pinned=request.GET["asset"]))
    asked = PlaceForm(request.GET, community=community, on=on)
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


def _place_of_choice(request: HttpRequest, form: PlaceForm) -> Corner | None:
    """Where the pin goes because of the chosen house: when there is no pin, or when it stands on the choice before."""
    choice, before = (request.GET.get(name, "") for name in ("asset", "pinned"))
    stands = form.place
    if stands is None or (choice != before and (round(stands[0], 6), round(stands[1], 6)) == form.place_of(before)):
        return form.place_of(choice)
    return None


def _address(request: HttpRequest, place: Corner, **more: str) -> str:
    """The same question at another place."""
    query = _kept(request) | {"lat": f"{place[1]:.6f}", "lon": f"{place[0]:.6f}"} | more
    step = "step-who" if "ask" in request.GET else "step-place"
    return f"{reverse('who', args=[community_of(request).slug])}?{urlencode(query)}#{step}"


def _kept(request: HttpRequest) -> dict[str, str]:
    names = {"category", "asset", "find", "pinned"}
    given = request.GET.dict().items()
    return {name: text for name, text in given if name in names or name.startswith((PREFIX, FIND))}


def _query(request: HttpRequest) -> str:
    """What the report form is opened with."""
    place = {name: request.GET[name] for name in ("lat", "lon") if request.GET.get(name)}
    kept = _kept(request).items()
    return urlencode(place | {name: text for name, text in kept if name != "pinned" and not name.startswith("find")})
