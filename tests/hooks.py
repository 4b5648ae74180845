"""A real server of an organisation on this machine: it keeps what is posted to it and answers as a test asks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Posted:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """`status` and `extra` headers: how it answers."""

    status = 200
    extra: dict[str, str]
    posted: list[Posted]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def allowed(self) -> str:
        """For settings.OUTWARD_ALLOWED."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(Posted(self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in {"Content-Length": "0", **self.server.extra}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """The server runs while the block does."""
    server = Receiver(("127.0.0.1", 0), _Handler)
    server.posted, server.extra = [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
