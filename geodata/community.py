"""Pages under a community: the slug in the path opens the scope in which rows can be read."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django_scopes import scope

from geodata.lately import lately
from geodata.models import Community
from geodata.slugs import LONGEST_SLUG

View = Callable[..., HttpResponseBase]


def in_community(view: View) -> View:
    """Calls `view(request, …)` inside the scope of the community whose slug the path holds; 404 for none.

    The view finds it as `request.community`, without its boundary, which may be large: what needs it asks for it.
    Templates are rendered inside the scope too. Days and hours are shown by the community's clock.
    """

    @wraps(view)
    def inner(request: HttpRequest, community: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = _called(community)
        request.community = found  # type: ignore[attr-defined]
        with scope(community=found), timezone.override(ZoneInfo(found.time_zone)):
            response = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                response.render()
        return response

    return inner


def _called(slug: str) -> Community:
    """The community, as it was two seconds ago at most: nearly every answer begins with it."""
    if len(slug) > LONGEST_SLUG:
        raise Http404
    return lately(f"community:{slug}", lambda: get_object_or_404(Community.objects.defer("boundary"), slug=slug))


def community_of(request: HttpRequest) -> Community:
    """The community that `in_community` put there. Raises AttributeError on other pages."""
    found: Community = request.community  # type: ignore[attr-defined]
    return found


def community_path(route: str, view: View, name: str) -> URLPattern:
    """A page under `/<community>/`."""
    return path(f"<slug:community>/{route}", in_community(view), name=name)
