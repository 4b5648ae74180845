"""Addresses that machines ask: is the process alive, may people be sent to it.

They stand before everything else. A balancer asks by plain HTTP and by the address of the machine, so neither a
redirect to https nor the list of hosts may stand in its way; nothing here depends on either, and
no log has a line of it.
"""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from openmap.readiness import look

LIVE: Final = "/health/live"
READY: Final = "/health/ready"

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Probes:
    """Answers `/health/live/` and `/health/ready/`, with a slash at the end or without."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = request.path_info.removesuffix("/")
        if asked not in {LIVE, READY}:
            return self.get_response(request)
        response = _answer(request, asked)
        response["Cache-Control"] = "no-store"
        response["X-Content-Type-Options"] = "nosniff"
        vars(response)["_has_been_logged"] = True  # Django would log each 503 as an error
        return response


def _answer(request: HttpRequest, asked: str) -> HttpResponseBase:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if asked == LIVE:  # touches nothing: a database that is away is no reason to start the process anew
        return JsonResponse({"status": "ok"})
    found = look.now()
    return JsonResponse(found.told(), status=200 if found.is_ready else 503)
