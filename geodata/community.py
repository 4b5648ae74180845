"""Pages under a community: the slug in the path opens the scope in which rows can be read."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django_scopes import scope

from geodata.lately import lately
from geodata.models import Community, GoneCommunity
from geodata.slugs import LONGEST_SLUG


class GoneError(LookupError):
    """A community was here."""


View = Callable[..., HttpResponseBase]


def in_community(view: View) -> View:
    """Calls `view(request, …)` inside the scope of the community whose slug the path holds; 404 for none, 410
    where one was removed.

    The view finds it as `request.community`, without its boundary, which may be large: what needs it asks for it.
    Templates are rendered inside the scope too. Days and hours are shown by the community's clock.
    """

    @wraps(view)
    def inner(request: HttpRequest, community: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            found = _called(community)
        except GoneError:
            return render(request, "410.html", status=HTTPStatus.GONE)
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
    return lately(f"community:{slug}", lambda: _read(slug))


def _read(slug: str) -> Community:
    """Raises Http404, or GoneError where a community was removed or is being removed."""
    leaving = GoneCommunity.objects.filter(slug=OuterRef("slug"), finished_at=None)
    found = Community.objects.defer("boundary").filter(~Exists(leaving), slug=slug).first()
    if found is not None:
        return found
    if GoneCommunity.objects.filter(slug=slug).exists():
        raise GoneError(slug)
    raise Http404


def community_of(request: HttpRequest) -> Community:
    """The community that `in_community` put there. Raises AttributeError on other pages."""
    found: Community = request.community  # type: ignore[attr-defined]
    return found


def community_path(route: str, view: View, name: str) -> URLPattern:
    """A page under `/<community>/`."""
    return path(f"<slug:community>/{route}", in_community(view), name=name)
