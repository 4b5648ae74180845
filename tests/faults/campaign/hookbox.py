"""A receiver of webhooks in a process of its own, to be killed: python -m tests.faults.campaign.hookbox PORT FOLDER.

It honours keys, as the mailbox does, and takes only what is signed by the secret in FOLDER/hook.secret. While
FOLDER/hook.says holds a status, that is its answer to everything.
"""

import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from core.signing import SignatureRefusedError, verify
from tests.faults.campaign.ledger import Ledger

ID: Final = "Misto-Id"
TAKEN, UNSIGNED = 204, 401


class Hookbox(ThreadingHTTPServer):
    """Takes every message that is signed."""

    daemon_threads = True

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(("127.0.0.1", port), Asked)
        self.ledger = Ledger(folder / "hook.jsonl")
        self.says, self.secret = folder / "hook.says", folder / "hook.secret"

    def answer_to(self, key: str, path: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer, after the message is on the disk."""
        if self.says.exists():
            return int(self.says.read_text(encoding="utf-8"))
        try:
            secret = self.secret.read_text(encoding="utf-8")
            verify(body, headers, secrets=[secret], at=datetime.now(tz=UTC))
        except (OSError, SignatureRefusedError):
            return UNSIGNED
        self.ledger.note(key, path)
        return TAKEN


class Asked(BaseHTTPRequestHandler):
    """One request."""

    server: Hookbox

    def do_POST(self) -> None:
        """Reads all of it, and answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(self.server.answer_to(self.headers.get(ID, ""), self.path, body, dict(self.headers.items())))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing is said: the ledger tells."""


if __name__ == "__main__":
    Hookbox(int(sys.argv[1]), Path(sys.argv[2])).serve_forever()
