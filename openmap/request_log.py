"""Each request has an identifier, one line in the log, and its place in the figures.

A resident who saw something break can tell the identifier: pages of errors, problems of the API and the header
X-Request-ID show it, and every line of the log that the request caused has it, in the workers too.
"""

import logging
import re
import secrets
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponseBase

from core import trace
from openmap import process_figures

log = logging.getLogger("openmap.request")
HEADER: Final = "X-Request-ID"
GIVEN = re.compile(r"[0-9a-fA-F-]{16,64}")  # what proxies make up; no name, no address and no phone looks like it
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Statements:
    """Counts what one request asks of the databases. Wraps each statement as Django lets it."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.seconds += perf_counter() - began


class RequestLog:
    """Gives the identifier, tells of the request when it is answered. Files that never change leave no line."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        request_id = _identifier(request)
        request.request_id = request_id  # type: ignore[attr-defined]
        token, counted = trace.begin(request_id=request_id, request=request), Statements()
        wrapped = [connections[alias].execute_wrappers for alias in connections]
        for wrappers in wrapped:
            wrappers.append(counted)
        in_progress = process_figures.families().in_progress.labels(process_figures.part.name)
        in_progress.inc()
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            _tell(request, response, counted, perf_counter() - began)
        finally:
            in_progress.dec()
            for wrappers in wrapped:
                wrappers.remove(counted)
            trace.end(token)
        return response


def _identifier(request: HttpRequest) -> str:
    if settings.BEHIND_PROXY and GIVEN.fullmatch(given := request.headers.get(HEADER, "")):
        return given
    return secrets.token_hex(8)


def _tell(request: HttpRequest, response: HttpResponseBase, counted: Statements, seconds: float) -> None:
    is_static = request.path_info.startswith(settings.STATIC_URL)
    method = request.method if request.method in METHODS else "other"
    match = getattr(request, "resolver_match", None)
    route = "static" if is_static else match.view_name if match else "none"
    process_figures.count_request(route=route, method=str(method), status=response.status_code, seconds=seconds)
    level = logging.DEBUG if is_static else logging.INFO
    if not log.isEnabledFor(level):
        return
    fields: dict[str, Any] = {
        "method": method,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "statements": counted.count,
        "db_ms": round(counted.seconds * 1000, 1),
    }
    log.log(level, "request", extra={"fields": fields})
