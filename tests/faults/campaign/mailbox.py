"""A mail server in a process of its own, to be killed: python -m tests.faults.campaign.mailbox PORT FOLDER.

It honours keys: a letter that it has is taken with a yes, and noted as one that came again. While FOLDER/mail.says
holds words, they are its answer to every letter.
"""

import asyncio
import re
import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from tests.faults.campaign.ledger import Ledger

LINK: Final = re.compile(r"https?://[^/\s\"]+(/[a-z-]+/(?:answer|follow)/[A-Za-z0-9_-]{43}/)")
LETTERS, SAYS = "mail.jsonl", "mail.says"


class Mailbox:
    """Takes every letter."""

    def __init__(self, folder: Path) -> None:
        self._ledger, self._says = Ledger(folder / LETTERS), folder / SAYS

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """The answer, after the letter is on the disk."""
        if self._says.exists():
            return self._says.read_text(encoding="utf-8").strip()
        letter = message_from_bytes(envelope.content, policy=policy.default)
        body = letter.get_body(preferencelist=("plain",))
        links = LINK.findall(body.get_content()) if body else []
        for recipient in envelope.rcpt_tos:
            self._ledger.note(str(letter["X-Idempotency-Key"]), recipient, links=links)
        return "250 Accepted"


async def serve(port: int, folder: Path) -> None:
    """Until it is killed."""
    loop, box = asyncio.get_running_loop(), Mailbox(folder)
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example.org", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
