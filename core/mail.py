"""Letters: sending one by SMTP, or writing it into a folder on an installation without a mail server."""

import smtplib
import uuid
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from core.models import Failure
from core.tokens import fill_secrets, token_in
from core.verp import bounce_address, reply_address

PERMANENT = range(500, 600)  # SMTP replies that no further try will change
NOT_NOW = 421  # the server is shutting down, or takes no more connections


class SendingFailedError(Exception):
    """A message did not leave. `permanent` says that trying again is of no use; `failure` is for the public page;
    `pause`: so long the receiver asked us to wait before the next try."""

    def __init__(
        self,
        reason: str,
        *,
        failure: Failure = Failure.OURS,
        permanent: bool = False,
        pause: timedelta = timedelta(0),
    ) -> None:
        super().__init__(reason)
        self.failure = failure
        self.permanent = permanent
        self.pause = pause


def send_letter(*, recipient: str, payload: dict[str, Any], key: uuid.UUID) -> None:
    """Sends one letter (payload: subject, text, html, perhaps stop_url, reply_to and answers, see
    core.outbox.Letter). The key becomes its Message-ID, so that a receiver who got it twice can tell. Raises
    SendingFailedError."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    letter = EmailMultiAlternatives(
        subject=payload["subject"],
        body=fill_secrets(payload["text"]),
        from_email=bounce_address(key) or settings.DEFAULT_FROM_EMAIL,  # on the envelope
        to=[recipient],
        headers={
            "From": settings.DEFAULT_FROM_EMAIL,
            "Message-ID": f"<{key}@{domain}>",
            "X-Idempotency-Key": str(key),
            **_reply_to(payload.get("reply_to", "")),
            **_thread(payload.get("answers", "")),
            **_unsubscribe(payload.get("stop_url", "")),
        },
    )
    letter.attach_alternative(fill_secrets(payload["html"]), "text/html")
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise _refused(code, words) from error
    except smtplib.SMTPDataError as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:  # sign-in, sender: our side, and a person may mend it meanwhile
        failure = Failure.UNREACHABLE if error.smtp_code == NOT_NOW else Failure.OURS
        raise SendingFailedError(_reply(error.smtp_code, error.smtp_error), failure=failure) from error
    except (smtplib.SMTPException, OSError) as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise SendingFailedError(reason, failure=Failure.UNREACHABLE) from error


def _refused(code: int, words: bytes | str) -> SendingFailedError:
    failure = Failure.UNREACHABLE if code == NOT_NOW else Failure.REFUSED
    return SendingFailedError(_reply(code, words), failure=failure, permanent=code in PERMANENT)


def _reply_to(placeholder: str) -> dict[str, str]:
    """Where an answer by e-mail goes: an address that carries the right of the secret link (core.verp)."""
    token = token_in(placeholder)
    address = reply_address(token) if token else ""
    return {"Reply-To": address} if address else {}


def _thread(message_id: str) -> dict[str, str]:
    """What programs do not answer (RFC 3834), and which letter it answers itself, if it does."""
    if not message_id:
        return {"Auto-Submitted": "auto-generated"}
    return {"Auto-Submitted": "auto-replied", "In-Reply-To": message_id, "References": message_id}


def _unsubscribe(stop_url: str) -> dict[str, str]:
    """Headers by which mail programs offer “unsubscribe” with one press (RFC 8058)."""
    if not stop_url:
        return {}
    return {
        "List-Unsubscribe": f"<{fill_secrets(stop_url)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _reply(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"SMTP {code} {text}"[:300]


class LetterFolder(BaseEmailBackend):
    """Writes each letter as NAME.eml into settings.EMAIL_FILE_PATH, where any mail program opens it.

    The name comes from the Message-ID, so a letter that is sent again takes the place of the first. The sender on the
    envelope is written as the last mail server writes it.
    """

    def send_messages(self, email_messages: Any) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            letter = message.message()
            name = letter["Message-ID"].strip("<>").partition("@")[0]
            unfinished = folder / f".{name}.part"
            envelope = f"Return-Path: <{parseaddr(message.from_email)[1]}>\r\n"
            unfinished.write_bytes(envelope.encode() + letter.as_bytes(linesep="\r\n"))
            unfinished.replace(folder / f"{name}.eml")
        return len(email_messages)
