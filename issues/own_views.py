"""The reader's own new reports on the map: at once, before anything that is kept for everybody can have them."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.devices import device_of
from accounts.models import User
from core.models import Visibility
from geodata.answers import GEOJSON, asked_of
from geodata.community import community_of
from geodata.forms import Asked
from geodata.layers import shape_of
from geodata.lists import parse_key
from geodata.models import Community
from issues.layer import ISSUES, chosen_beside_states
from issues.models import Issue
from issues.on_the_map import PUBLIC_PLACE
from issues.states import states_of
from issues.support import Voice

NEW = timedelta(days=1)
HELD_FOR = timedelta(days=30)  # what waits for a moderator is shown to its author so long
MOST = 50


@never_cache
@require_safe
def own_things(request: HttpRequest) -> HttpResponse:
    """GeoJSON of what this browser or account has reported lately, also what strangers do not see yet, as far as the
    filters and the box of the address leave it.

    Its place is what strangers see, or would. Nobody else's reports are ever in it; a stranger gets an empty answer.
    """
    community, now = community_of(request), timezone.now()
    features = []
    if voice := _voice_of(request):
        wanted, _menu = asked_of(request, community)
        chosen = _chosen(_new_of(voice, community, now), wanted, community, now)
        features = [_feature(one) for one in chosen.order_by("-created_at", "-id")[:MOST]]
    return HttpResponse(json.dumps({"type": "FeatureCollection", "features": features}), content_type=GEOJSON)


@never_cache
@require_safe
def own_row(request: HttpRequest) -> HttpResponse:
    """The row of one own report that strangers do not see yet (`only`, as of the list), for its card; else an empty
    list."""
    community, key = community_of(request), parse_key(request.GET.get("only", ""))
    found = None
    if key and key[0] == ISSUES.name and (voice := _voice_of(request)):
        held = _new_of(voice, community, timezone.now()).filter(subject__visibility=Visibility.HELD)
        found = held.filter(pk=key[1]).first()
    return render(request, "issues/own_row.html", {"community": community, "issue": found})


def _voice_of(request: HttpRequest) -> Voice:
    user = request.user if isinstance(request.user, User) else None
    return Voice.of(user=user, device=device_of(request))


def _new_of(voice: Voice, community: Community, now: datetime) -> QuerySet[Any]:
    """What somebody reported lately, with the `place` that strangers see or would; nothing that a moderator hid."""
    whose = {"voices__user": voice.user} if voice.user else {"voices__voice": voice.digest}
    # In one filter: the voice that is mine must be the author's.
    mine = Issue.objects.filter(community=community, voices__is_author=True, **whose)
    is_held = Q(subject__visibility=Visibility.HELD, created_at__gte=now - HELD_FOR)
    mine = mine.filter(is_held | Q(created_at__gte=now - NEW)).exclude(subject__visibility=Visibility.HIDDEN)
    return mine.select_related("category", "subject", "community").annotate(place=PUBLIC_PLACE)


def _chosen(mine: QuerySet[Any], wanted: Asked, community: Community, now: datetime) -> QuerySet[Any]:
    """What the filters and the box leave, as geodata.layers.Rows says it of what everybody sees."""
    if ISSUES not in wanted.layers:
        return mine.none()
    filters = wanted.question(community, community.day_of(now)).filters_of(ISSUES)
    mine = mine.filter(chosen_beside_states(filters))
    if filters.groups:
        mine = mine.filter(state__in=[state for group in filters.groups for state in states_of(group)])
    if wanted.area:
        mine = mine.filter(place__intersects=wanted.area.boundary)
    return mine.filter(place__intersects=shape_of(wanted.box)) if wanted.box else mine


def _feature(issue: Issue) -> dict[str, Any]:
    """As the marks of the map have it. What waits for a moderator says so; it has no page yet and leads to its card."""
    card = f"{reverse('map', args=[issue.community.slug])}?selected={ISSUES.name}-{issue.pk}"
    is_held = issue.subject.visibility == Visibility.HELD
    words = _("%(title)s (you alone see it until a moderator looks)") if is_held else "%(title)s"
    lon, lat = issue.place.coords  # type: ignore[attr-defined]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": {
            "layer": ISSUES.name,
            "id": issue.pk,
            "title": words % {"title": issue.title},
            "state": issue.state,
            "state_group": str(issue.group),
            "icon": issue.category.icon,
            "url": card if is_held else issue.get_absolute_url(),
            "number": issue.number,
            "late": False,
            "held": is_held,
        },
    }
