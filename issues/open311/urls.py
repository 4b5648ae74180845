"""Addresses of Open311 under `/<community>/open311/`. The format stands at the end, `.xml` or `.json`, or in Accept."""

from typing import Any

from django.urls import URLPattern, re_path

from geodata.community import View
from issues.open311 import views
from issues.open311.views import open311

FORM = r"(?P<form>\.xml|\.json|)"


def call(route: str, view: View, name: str) -> URLPattern:
    """One call of the interface, in each of its formats."""
    return re_path(rf"^{route}{FORM}$", view, name=name)


def _reads(view: Any, *, write: Any = None) -> View:
    return open311(write=write)(view)


discovery = _reads(views.discovery)
urlpatterns = [
    call("discovery", discovery, "open311"),
    re_path(r"^v2/$", discovery, name="open311_home"),
    call("v2/discovery", discovery, "open311_discovery"),  # where clients look that know the endpoint only
    call("v2/services", _reads(views.service_list), "open311_services"),
    call(r"v2/services/(?P<code>[^/]+?)", _reads(views.service_definition), "open311_service"),
    call("v2/requests", _reads(views.request_list, write=views.send_request), "open311_requests"),
    call(r"v2/requests/(?P<number>[^/]+?)", _reads(views.one_request), "open311_request"),
    call(r"v2/tokens/(?P<token>[^/]+?)", _reads(views.request_behind_token), "open311_token"),
    call("v2/servicerequestupdates", _reads(views.update_list, write=views.send_update), "open311_updates"),
]
