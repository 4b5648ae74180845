"""A real mail server on this machine that accepts, refuses, hangs or drops the line, as a test asks."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

DOMAIN = "mail.example.org"


@dataclass
class MailServer:
    """One running server. `replies` are what it says instead of yes; commands are EHLO, RCPT, DATA and QUIT."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)  # on the envelopes
    replies: dict[str, str] = field(default_factory=dict)
    hangs_at: str = ""  # the command that it never answers
    drops_at: str = ""  # the command at which it closes the line
    reached: threading.Event = field(default_factory=threading.Event)  # set when it hangs or drops
    held: int = 0  # lines on which it hangs

    @property
    def url(self) -> str:
        """For MISTO_EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def keys(self) -> list[str]:
        """Message-IDs of all letters, in the order in which they came."""
        return [str(letter["Message-ID"]) for letter in self.letters]

    async def handle_EHLO(self, server: Any, session: Any, _envelope: Any, name: str, said: list[str]) -> list[str]:  # noqa: N802
        await self._answer("EHLO", server, "")
        session.host_name = name
        return said

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        reply = await self._answer("RCPT", server, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        reply = await self._answer("DATA", server, "250 Accepted")
        if reply.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from)
        return reply

    async def handle_QUIT(self, server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return await self._answer("QUIT", server, "221 Bye")

    async def _answer(self, command: str, server: Any, usual: str) -> str:
        if command == self.drops_at:
            self.reached.set()
            server.transport.abort()
        if command == self.hangs_at:
            self.held += 1
            self.reached.set()
            await asyncio.Event().wait()
        return self.replies.get(command, usual)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server on a free port of 127.0.0.1 until the block ends."""
    found = MailServer()
    loop = asyncio.new_event_loop()
    opened = loop.run_until_complete(
        loop.create_server(lambda: SMTP(found, hostname=DOMAIN, loop=loop), "127.0.0.1", 0)
    )
    found.port = opened.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(_close, opened, loop)  # a loop is touched from its own thread only
        thread.join(timeout=5)
        loop.close()


def _close(opened: asyncio.Server, loop: asyncio.AbstractEventLoop) -> None:
    opened.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)
