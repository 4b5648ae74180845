"""The reader's own new reports on the map: at once, before anything that is kept for everybody can have them."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.devices import device_of
from accounts.models import User
from core.models import Visibility
from geodata.answers import GEOJSON
from geodata.boxes import BadBoxError, parse_box
from geodata.community import community_of
from issues.models import Issue
from issues.on_the_map import PUBLIC_PLACE
from issues.support import Voice

NEW = timedelta(days=1)
HELD_FOR = timedelta(days=30)  # what waits for a moderator is shown to its author so long
MOST = 50


@never_cache
@require_safe
def own_things(request: HttpRequest) -> HttpResponse:
    """GeoJSON of what this browser or account has reported lately, also what strangers do not see yet.

    Its place is what strangers see, or would. Nobody else's reports are ever in it; a stranger gets an empty answer.
    """
    now = timezone.now()
    user = request.user if isinstance(request.user, User) else None
    voice = Voice.of(user=user, device=device_of(request))
    features = []
    if voice:
        whose = {"voices__user": user} if user else {"voices__voice": voice.digest}
        # In one filter: the voice that is mine must be the author's.
        mine = Issue.objects.filter(community=community_of(request), voices__is_author=True, **whose)
        mine = mine.filter(created_at__gte=now - HELD_FOR).exclude(subject__visibility=Visibility.HIDDEN)
        rows = mine.select_related("category", "subject", "community").annotate(place=PUBLIC_PLACE)
        newest = rows.order_by("-created_at", "-id")[:MOST]
        features = [_feature(one) for one in newest if _is_new(one, now) and _in_box(one, request)]
    return HttpResponse(json.dumps({"type": "FeatureCollection", "features": features}), content_type=GEOJSON)


def _is_new(issue: Issue, now: datetime) -> bool:
    return issue.subject.visibility == Visibility.HELD or issue.created_at >= now - NEW


def _in_box(issue: Issue, request: HttpRequest) -> bool:
    """True without a box in the address."""
    try:
        box = parse_box(request.GET.get("box", ""))
    except BadBoxError:
        return True
    lon, lat = issue.place.coords  # type: ignore[attr-defined]
    return bool(box.west <= lon <= box.east and box.south <= lat <= box.north)


def _feature(issue: Issue) -> dict[str, Any]:
    """As the marks of the map have it; what waits for a moderator says so."""
    is_held = issue.subject.visibility == Visibility.HELD
    words = _("%(title)s (you alone see it until a moderator looks)") if is_held else "%(title)s"
    lon, lat = issue.place.coords  # type: ignore[attr-defined]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": {
            "layer": "issues",
            "id": issue.pk,
            "title": words % {"title": issue.title},
            "state": issue.state,
            "state_group": str(issue.group),
            "icon": issue.category.icon,
            "url": issue.get_absolute_url(),
            "number": issue.number,
            "late": False,
            "held": is_held,
        },
    }
