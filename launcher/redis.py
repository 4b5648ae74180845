"""A private Redis on a unix socket. It keeps nothing: what matters is in the database."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher import console, places, system
from launcher.places import Account

SOCKET = "redis.sock"
MEMORY = "256mb"


@dataclass(frozen=True, kw_only=True)
class Redis:
    """Where a private Redis has its socket and who runs it."""

    sockets: Path
    account: Account | None
    log: Path

    @property
    def socket(self) -> Path:
        """Path of the unix socket."""
        return places.socket_path(self.sockets, SOCKET)

    @property
    def url(self) -> str:
        """REDIS_URL for Django and Celery."""
        return f"unix://{quote(str(self.socket), safe='/')}"

    def command(self) -> list[str]:
        """The words that run the server in the foreground: no network port, nothing on disk."""
        binary = system.redis_binary()
        if binary is None:
            console.fail("redis-server is not installed.")
        options = {
            "--port": "0",
            "--unixsocket": str(self.socket),
            "--unixsocketperm": "700",
            "--save": "",
            "--appendonly": "no",
            "--daemonize": "no",
            "--dir": str(self.sockets),
            "--maxmemory": MEMORY,
            "--maxmemory-policy": "noeviction",
        }
        return [binary, *(word for pair in options.items() for word in pair)]

    def forget_the_dead(self) -> None:
        """Remove the socket of a server that was killed."""
        if not self.is_ready():
            self.socket.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Whether the server answers PING."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(1.0)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
