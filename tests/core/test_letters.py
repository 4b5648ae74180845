"""Letters over a real SMTP connection, to a server that accepts, refuses, hangs or drops the line."""

import uuid
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from core.mail import SendingFailedError, send_letter
from core.outbox import send_due
from issues.models import Issue
from tests.core.conftest import Write
from tests.smtp import MailServer

KEY = uuid.UUID("11111111-2222-4333-8444-555555555555")
PAYLOAD = {"subject": "Звернення № 1: яма на переході", "text": "Їдьте обережно", "html": "<p>Їдьте обережно</p>"}


def try_to_send() -> SendingFailedError:
    with pytest.raises(SendingFailedError) as failed:
        send_letter(recipient="olia@example.org", payload=PAYLOAD, key=KEY)
    return failed.value


def test_letter_arrives_once_in_text_and_html(post: MailServer, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Відкрите місто <misto@city.example>"
    send_letter(recipient="olia@example.org", payload=PAYLOAD, key=KEY)
    (letter,) = post.letters
    assert post.recipients == ["olia@example.org"]
    assert letter["Subject"].strip() == PAYLOAD["subject"]  # a folded header begins with a space
    assert letter["From"] == "Відкрите місто <misto@city.example>"
    assert letter["Message-ID"] == f"<{KEY}@city.example>"
    assert letter["X-Idempotency-Key"] == str(KEY)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content().strip() for part in letter.iter_parts())
    assert (text, html) == (PAYLOAD["text"], PAYLOAD["html"])


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(("code", "permanent"), [(450, False), (452, False), (550, True), (554, True)])
def test_refusal_is_for_good_only_when_the_server_says_so(
    post: MailServer, command: str, code: int, permanent: bool
) -> None:
    post.replies[command] = f"{code} no"
    failed = try_to_send()
    assert failed.permanent is permanent
    assert str(failed) == f"SMTP {code} no"
    assert post.letters == []


@pytest.mark.parametrize("command", ["EHLO", "RCPT", "DATA"])
def test_server_that_hangs_is_left_after_the_timeout_and_tried_again(
    post: MailServer, settings: Settings, command: str
) -> None:
    post.hangs_at = command
    settings.EMAIL_TIMEOUT = 0.5
    failed = try_to_send()
    assert "timed out" in str(failed)
    assert not failed.permanent


@pytest.mark.parametrize("command", ["EHLO", "RCPT", "DATA"])
def test_line_that_drops_is_a_passing_failure(post: MailServer, command: str) -> None:
    post.drops_at = command
    assert not try_to_send().permanent


def test_server_that_is_not_there_is_a_passing_failure(settings: Settings, post: MailServer) -> None:
    settings.EMAIL_PORT = 1
    assert not try_to_send().permanent


def test_wrong_password_of_the_service_is_no_fault_of_the_letter(post: MailServer, settings: Settings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "misto", "wrong"
    assert not try_to_send().permanent


def test_letter_that_was_refused_for_now_arrives_once_later(post: MailServer, write: Write, now: datetime) -> None:
    message = write()
    post.replies["RCPT"] = "451 greylisted"
    assert send_due(clock=lambda: now) == 0
    post.replies.clear()
    assert send_due(clock=lambda: now + timedelta(minutes=1)) == 1
    assert send_due(clock=lambda: now + timedelta(hours=1)) == 0
    assert post.keys() == [f"<{message.key}@localhost>"]


def test_links_in_the_letters_that_arrived_open_the_pages(
    post: MailServer, issue: Issue, now: datetime, client: Client, settings: Settings
) -> None:
    assert send_due(clock=lambda: now) == 2
    pages = {}
    for letter, recipient in zip(post.letters, post.recipients, strict=True):
        text = letter.get_body(("plain",))
        assert text is not None
        link = next(word for word in text.get_content().split() if word.startswith(settings.SITE_URL + "/yavoryn/"))
        assert "[[secret" not in letter.as_string()
        pages[recipient] = link.removeprefix(settings.SITE_URL)
    assert pages["roads@example.org"].startswith("/yavoryn/answer/")
    assert pages["olia@example.org"].startswith("/yavoryn/mine/")
    with time_machine.travel(now, tick=False):
        assert [client.get(page).status_code for page in pages.values()] == [200, 200]


def test_without_a_mail_server_letters_lie_in_a_folder_once_each(
    settings: Settings, tmp_path: Path, write: Write, now: datetime
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "core.mail.LetterFolder", str(tmp_path / "mail")
    message = write()
    for _twice in range(2):
        send_letter(recipient=message.recipient, payload=PAYLOAD, key=message.key)
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"{message.key}.eml"
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert letter["Subject"].strip() == PAYLOAD["subject"]  # a folded header begins with a space
    assert (tmp_path / "mail").stat().st_mode & 0o077 == 0
