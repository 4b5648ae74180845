"""The page of works or of an outage."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.permissions import viewer_for
from geodata.boxes import Box
from geodata.community import community_of
from geodata.models import local_name
from works.models import Work

LEAST = 0.004  # degrees: a small map shows at least so much on each side
MARGIN = 0.2  # of the size of the place


@require_safe
def work_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The public page; 404 for whoever may not see the works."""
    viewer = viewer_for(request.user if request.user.is_authenticated else None)
    rows = Work.objects.visible_to(viewer).select_related("community", "organisation")
    work = get_object_or_404(rows, community=community_of(request), pk=pk)
    language = get_language() or "uk"
    today = work.community.day_of(timezone.now())
    context = {
        "work": work,
        "name": local_name(work, language),
        "text": work.text_in(language),
        "state": work.state_on(today),
        "kinds": [local_name(category, language) for category in work.categories.all()],
        "place_image_url": _picture(work),
        "map_url": f"{reverse('map', args=[work.community.slug])}?"
        + urlencode({"box": str(_around(work)), "selected": f"works-{work.pk}"}),
    }
    response = render(request, "works/work.html", context)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _around(work: Work) -> Box:
    """The place with some ground around it."""
    west, south, east, north = work.geometry.extent
    across, up = (max((far - near) * MARGIN, LEAST) for near, far in ((west, east), (south, north)))
    return Box(west - across, south - up, east + across, north + up)


def _picture(work: Work) -> str:
    """Address of the small drawn map with a pin on the place."""
    on_it = work.geometry if work.geometry.geom_type == "Point" else work.geometry.point_on_surface
    query = {"box": str(_around(work)), "pin": f"{on_it.x:.6f},{on_it.y:.6f}", "state": "work", "small": 1}
    return f"{reverse('place_image', args=[work.community.slug])}?{urlencode(query)}"
