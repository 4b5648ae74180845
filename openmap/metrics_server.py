"""Figures of a worker that runs on a machine without a web process: told on a port of its own, for the same token."""

from collections.abc import Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.exceptions import ImproperlyConfigured
from prometheus_client import CONTENT_TYPE_LATEST

from openmap import metrics_views

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    timeout = 5

    def log_message(self, *_words: Any) -> None:
        """Leaves no line."""


def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """404 for whoever does not show the token, and for every other address."""
    shown = environ.get("HTTP_AUTHORIZATION", "")
    if environ["PATH_INFO"] != "/metrics" or not metrics_views.shows_token(shown):
        start_response("404 Not Found", [("Content-Length", "0")])
        return []
    body = metrics_views.written()
    start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))])
    return [body]


def serve(listen: str) -> WSGIServer:
    """Answers at that "address:port" until the process ends. Raises ImproperlyConfigured for what is none."""
    host, _colon, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise ImproperlyConfigured("MISTO_METRICS_LISTEN is an address and a port: 127.0.0.1:9808.")
    server = make_server(host, int(port), answer, server_class=_Server, handler_class=_Silent)
    Thread(target=server.serve_forever, name="figures", daemon=True).start()
    return server
