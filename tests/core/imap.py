"""A small IMAP4rev1 server on this machine: what core.inbox asks of one, over a real socket, with TLS if asked to."""

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER, PASSWORD = "misto", "a secret/of 1%"


@dataclass
class ImapServer:
    """One mailbox. `letters`: by their UID; `dies_at`: the command at which it drops every line."""

    port: int = 0
    letters: dict[int, bytes] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    dies_at: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, raw: bytes) -> int:
        """A letter arrives."""
        number = max(self.letters, default=0) + 1
        self.letters[number] = raw
        return number


class _Session(socketserver.StreamRequestHandler):
    mailbox: ImapServer
    timeout = 20

    def handle(self) -> None:
        self._say("* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline():
            tag, _space, rest = line.decode().strip().partition(" ")
            name = " ".join(rest.upper().split()[: 2 if rest.upper().startswith("UID") else 1])
            self.mailbox.commands.append(name)
            if self.mailbox.dies_at == name:
                return
            with self.mailbox.lock:
                if not self._answer(tag, name, rest):
                    return

    def _answer(self, tag: str, name: str, rest: str) -> bool:
        act = getattr(self, "_" + name.replace(" ", "_").lower(), None)
        if name == "LOGOUT":
            self._say("* BYE")
        elif act is not None and act(rest, tag) is False:
            self._say(f"{tag} NO refused")
            return True
        self._say(f"{tag} OK {name} completed")
        return name != "LOGOUT"

    def _capability(self, _rest: str, _tag: str) -> None:
        self._say("* CAPABILITY IMAP4rev1")

    def _login(self, rest: str, _tag: str) -> bool:
        return rest == f'LOGIN {USER} "{PASSWORD}"'

    def _select(self, _rest: str, _tag: str) -> None:
        self._say(f"* {len(self.mailbox.letters)} EXISTS")

    def _uid_search(self, _rest: str, _tag: str) -> None:
        left = [str(number) for number in self.mailbox.letters if number not in self.mailbox.deleted]
        self._say("* SEARCH " + " ".join(left))

    def _uid_fetch(self, rest: str, _tag: str) -> None:
        number = int(rest.split()[2])
        raw = self.mailbox.letters.get(number)
        if raw is None:
            return
        if "RFC822.SIZE" in rest:
            self._say(f"* 1 FETCH (UID {number} RFC822.SIZE {len(raw)})")
            return
        part = re.search(r"<0\.(\d+)>", rest)
        body = raw[: int(part[1])] if part else raw
        self._say(f"* 1 FETCH (UID {number} BODY[] {{{len(body)}}}")
        self.wfile.write(body + b")\r\n")

    def _uid_store(self, rest: str, _tag: str) -> None:
        self.mailbox.deleted.add(int(rest.split()[2]))

    def _expunge(self, _rest: str, _tag: str) -> None:
        for number in self.mailbox.deleted & set(self.mailbox.letters):
            del self.mailbox.letters[number]
        self.mailbox.deleted.clear()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mailbox: ImapServer, chain: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), type("Session", (_Session,), {"mailbox": mailbox}))
        self.context: ssl.SSLContext | None = None
        if chain:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(chain)

    def get_request(self) -> Any:
        line, address = super().get_request()
        return (self.context.wrap_socket(line, server_side=True) if self.context else line), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is none of ours to speak of."""


@contextmanager
def imap_server(chain: Path | None = None) -> Iterator[ImapServer]:
    """A server on a free port of 127.0.0.1 until the block ends. `chain`: key and certificate, for TLS."""
    mailbox = ImapServer()
    with _Server(mailbox, chain) as server:
        mailbox.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield mailbox
        finally:
            server.shutdown()
