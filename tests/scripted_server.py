"""A real HTTP server on this machine that answers as the test says, and remembers what it was asked."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pytest_django import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `given` are the parameters of its address and of its form, the first value of each."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Say:
    """An answer. `hang_up`: the line breaks before a byte of it."""

    body: str | bytes = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


Script = Callable[[Asked], Say]


class ScriptedServer(ThreadingHTTPServer):
    """`script` may be changed while it runs; `asked` holds what came, in its order."""

    daemon_threads = True
    script: Script
    asked: list[Asked]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        given = parse_qs(parts.query) | (parse_qs(body.decode("utf-8", "replace")) if body else {})
        first = {name: values[0] for name, values in given.items()}
        asked = Asked(self.command, parts.path, dict(self.headers), body, first)
        self.server.asked.append(asked)
        said = self.server.script(asked)
        if said.hang_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = said.body.encode() if isinstance(said.body, str) else said.body
        self.send_response(said.status)
        for name, value in {"Content-Length": str(len(content)), **said.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  the names are http.server's

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


@contextmanager
def scripted_server(settings: Settings, script: Script) -> Iterator[ScriptedServer]:
    """The server, which core.outward is allowed to ask."""
    server = ScriptedServer(("127.0.0.1", 0), _Handler)
    server.script, server.asked = script, []
    settings.OUTWARD_ALLOWED = [*settings.OUTWARD_ALLOWED, f"127.0.0.1:{server.server_port}"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
