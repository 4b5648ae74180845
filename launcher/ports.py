"""Which TCP port the service listens on. Only the web server has one; the rest are unix sockets."""

from __future__ import annotations

import socket

from launcher import console

HOST = "127.0.0.1"
DEFAULT = 8000
NEVER = frozenset({5432, 6379})  # a system PostgreSQL or Redis may want them later
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(wanted: int | None) -> int:
    """The wanted port, or the first free one from 8000 on; raises LauncherError when there is none."""
    if wanted is None:
        return _first_free()
    if not 1 <= wanted <= 65535 or wanted in NEVER:
        console.fail(f"Port {wanted} cannot be used. Choose one from 1024 to 65535, not 5432 or 6379.")
    if not is_free(wanted):
        console.fail(f"Port {wanted} is taken or not allowed. Choose another one: ./misto up --port N")
    return wanted


def _first_free() -> int:
    """The first free port from the usual one on; says so when it is another."""
    free = next((port for port in range(DEFAULT, DEFAULT + TRIES) if is_free(port)), None)
    if free is None:
        console.fail(f"No free port from {DEFAULT} to {DEFAULT + TRIES - 1}. Choose one: ./misto up --port N")
    if free != DEFAULT:
        console.say(f"Port {DEFAULT} is taken; using {free}.")
    return free
