"""The search of the map page: places and things for one text, as options of its field or as a page of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.boxes import Box, Corner, box_around
from geodata.community import community_of
from geodata.forms import MOST_TEXT
from geodata.layer_sql import Question
from geodata.layers import Filters, all_layers
from geodata.lists import only, things
from geodata.models import WGS84, Community
from geodata.place_search import Option, search_places
from geodata.things_by_number import keys_of_number, number_in

MOST = 5  # places, and as many things
SHORTEST = 2  # letters that things are searched by
AT_THE_DOOR = 17  # zoom at which one sees houses


@dataclass(frozen=True, slots=True)
class Answer:
    """What a text may mean. `trouble`: why it cannot be a place that it looks like; `words`: to filter the map by."""

    text: str
    places: tuple[Option, ...]
    things: list[dict[str, Any]]
    is_pasted: bool
    trouble: str
    words: str

    @property
    def said(self) -> str:
        """The outcome in one line, for those who do not see the options."""
        if self.trouble:
            return self.trouble
        told = {"places": len(self.places), "things": len(self.things)}
        return _("Places: %(places)s, on the map: %(things)s") % told


@never_cache
@require_safe
def options(request: HttpRequest) -> HttpResponse:
    """Options of the field on the map page; of streets with one name the nearest to `lat`, `lon` comes first."""
    return render(request, "geodata/map_search_options.html", {"answer": _answer(request)})


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The same as a page, for those without scripts."""
    community, answer = community_of(request), _answer(request)
    map_url = reverse("map", args=[community.slug])
    context = {
        "community": community,
        "answer": answer,
        "places": [(one, f"{map_url}?{_view_of(one.place)}") for one in answer.places],
        "words_url": f"{map_url}?{urlencode({'q': answer.words})}" if answer.words else "",
    }
    return render(request, "geodata/map_search.html", context)


def _answer(request: HttpRequest) -> Answer:
    community, text = community_of(request), " ".join(request.GET.get("q", "").replace("\0", " ").split())
    on = community.day_of(timezone.now())
    found = search_places(text, community=community, on=on, near=_near(request.GET))
    is_place = found.is_pasted
    numbered = number_in(text)
    return Answer(
        text=text,
        places=found.options[:MOST] if numbered is None else (),
        things=[] if is_place else _things(community, text, numbered),
        is_pasted=is_place,
        trouble=found.trouble,
        words="" if is_place or len(text) < SHORTEST else text[:MOST_TEXT],
    )


def _things(community: Community, text: str, number: int | None) -> list[dict[str, Any]]:
    """The thing of that number, else the newest whose title or text has the words."""
    layers, today = all_layers(), community.day_of(timezone.now())
    if number is not None:
        plain = Question(community.pk, today)
        return [row for key in keys_of_number(layers, plain, number)[:MOST] for row in only(layers, plain, key).rows]
    if len(text) < SHORTEST:
        return []
    asked = Question(community.pk, today, Filters(text=text[:MOST_TEXT]))
    return things([layer for layer in layers if layer.is_on], asked, limit=MOST).rows


def _view_of(place: Corner) -> str:
    """The query of the map around a place."""
    box: Box = box_around(place, AT_THE_DOOR, 800, 560)
    return urlencode({"box": str(box), "zoom": str(AT_THE_DOOR)})


def _near(query: Mapping[str, str]) -> Point | None:
    try:
        lon, lat = (float(query.get(name, "")) for name in ("lon", "lat"))
    except ValueError:
        return None
    return Point(lon, lat, srid=WGS84) if abs(lon) <= 180 and abs(lat) <= 90 else None
