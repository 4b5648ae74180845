"""Which requests read from the replica: those of strangers who only look. Everything else reads where it writes.

A browser that wrote carries the position of its write for a while: it reads from the primary until the replica has
replayed that. What breaks at the replica, and what is not there (yet), is asked again at the primary.
"""

import math
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from geodata.replica import REPLICA, Reads, from_replica
from openmap.middleware import GetResponse
from openmap.replica_watch import position, watch_of_this_process

COOKIE: Final = "misto_wrote"
SECRETS: Final = {"token", "key", "k"}  # names in addresses: whoever has them looks at what is theirs
PHOTOS: Final = "photo"  # what a moderator hides there is gone for everybody at once
OF_THE_PRIMARY: Final = ("/admin/", "/health", "/metrics")
READS: Final = {"GET", "HEAD"}
STOPPING: Final = "57P"  # SQLSTATEs of a server that ends or begins
GRACE: Final = 5.0  # seconds that a browser that wrote is known beyond the longest lag


class ReadsFromReplica:
    """Not used where DATABASE_REPLICA_URL names none."""

    def __init__(self, get_response: GetResponse) -> None:
        if REPLICA not in settings.DATABASES:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in READS:
            return _with_position(request, self.get_response(request))
        watch = watch_of_this_process(settings.REPLICA_MAX_LAG)
        if not _is_strangers(request) or not watch.may_serve(request.COOKIES.get(COOKIE, "")):
            return self.get_response(request)
        with from_replica() as reads:
            request.reads = reads  # type: ignore[attr-defined]
            response = self.get_response(request)
        if reads.was_asked and (response.status_code >= 500 or response.status_code == 404):
            response.close()
            reads.stop()
            response = self.get_response(request)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        """A page behind a secret link is no stranger's; whether a photo may be shown is asked where it is hidden."""
        route = request.resolver_match.url_name if request.resolver_match else ""
        if (route == PHOTOS or SECRETS & {*kwargs, *request.GET}) and (reads := _reads_of(request)):
            reads.stop()

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Nobody sees this answer: the primary is asked."""
        reads = _reads_of(request)
        if not isinstance(exception, Error) or reads is None or not reads.was_asked:
            return None
        told = getattr(exception.__cause__, "sqlstate", None)
        if told is None or told.startswith(STOPPING):  # else the server answered, and goes on
            watch_of_this_process(settings.REPLICA_MAX_LAG).failed()
        reads.stop()
        return HttpResponse(status=503)


def _reads_of(request: HttpRequest) -> Reads | None:
    found = getattr(request, "reads", None)
    return found if isinstance(found, Reads) and found.is_from_replica else None


def _is_strangers(request: HttpRequest) -> bool:
    """Whether nobody says who they are: neither signed in, nor with a key of the API."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers:
        return False
    return not request.path_info.startswith(OF_THE_PRIMARY)


def _with_position(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Tells the browser where its write stands in the log: no more than a number, and only for some seconds."""
    if response.status_code >= 500:
        return response
    try:
        where = position()
    except Error:  # what was written is written
        return response
    response.set_cookie(
        COOKIE,
        where,
        max_age=math.ceil(settings.REPLICA_MAX_LAG + GRACE),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
