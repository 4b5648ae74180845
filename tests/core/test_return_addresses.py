"""What stands on the envelopes of letters and in Reply-To, as a real mail server gets it; what came back for good."""

import uuid
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from core.events import message_died
from core.mail import send_letter
from core.models import OutboxMessage
from core.outbox import resend, send_due
from core.outbox_ends import bounce
from core.tokens import secret_of
from core.verp import Kind, ReturnAddress, addresses_in, bounce_address
from issues.models import Issue
from routing.models import Delivery
from tests.core.conftest import Write
from tests.smtp import MailServer

KEY = uuid.UUID("11111111-2222-4333-8444-555555555555")
PAYLOAD = {"subject": "Яма", "text": "Яма на переході", "html": "<p>Яма на переході</p>"}


@pytest.fixture
def reads_answers(settings: Settings) -> None:
    """Where letters come back."""
    settings.REPLY_ADDRESS = "misto+{}@city.example"
    settings.DEFAULT_FROM_EMAIL = "Відкрите місто <misto@city.example>"


def letter_to(server: MailServer, recipient: str) -> EmailMessage:
    """The one that this address got."""
    return server.letters[server.recipients.index(recipient)]


def test_letters_go_as_before_without_the_setting(post: MailServer, settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "Відкрите місто <misto@city.example>"
    send_letter(recipient="olia@example.org", payload=PAYLOAD, key=KEY)
    assert post.senders == ["misto@city.example"]
    assert post.letters[0]["Reply-To"] is None


@pytest.mark.usefixtures("reads_answers")
def test_envelope_names_the_message_and_the_letter_still_says_who_we_are(post: MailServer) -> None:
    send_letter(recipient="olia@example.org", payload=PAYLOAD, key=KEY)
    assert addresses_in(post.senders[0]) == [ReturnAddress(Kind.BOUNCE, KEY)]
    assert post.letters[0]["From"] == "Відкрите місто <misto@city.example>"
    assert post.letters[0]["Reply-To"] is None


@pytest.mark.usefixtures("reads_answers")
def test_letter_that_answers_by_itself_says_so(post: MailServer) -> None:
    send_letter(recipient="olia@example.org", payload=PAYLOAD | {"answers": "<a@example.org>"}, key=KEY)
    letter = post.letters[0]
    assert (letter["Auto-Submitted"], letter["In-Reply-To"]) == ("auto-replied", "<a@example.org>")


def test_organisation_and_author_may_answer_and_each_by_a_right_of_their_own(
    post: MailServer, reads_answers: None, issue: Issue, now: datetime
) -> None:
    assert send_due(clock=lambda: now) == 2
    delivery = Delivery.objects.get(subject=issue.subject)
    follow = issue.subject.follows.get()
    assert delivery.token
    for recipient, token in (("roads@example.org", delivery.token), ("olia@example.org", follow.token)):
        letter = letter_to(post, recipient)
        assert addresses_in(letter["Reply-To"]) == [ReturnAddress(Kind.REPLY, token.pk)]
        assert secret_of(token) not in letter["Reply-To"]
        for kind in ("plain", "html"):
            body = letter.get_body((kind,))
            assert body is not None
            assert "Пишіть відповідь над цією лінією" in body.get_content()


def test_letters_without_the_setting_ask_for_no_answer(post: MailServer, issue: Issue, now: datetime) -> None:
    send_due(clock=lambda: now)
    assert "над цією лінією" not in str(letter_to(post, "roads@example.org").get_body(("plain",)))
    assert letter_to(post, "roads@example.org")["Reply-To"] is None


def test_folder_of_letters_shows_the_envelope_too(settings: Settings, reads_answers: None, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "core.mail.LetterFolder", str(tmp_path / "mail")
    send_letter(recipient="olia@example.org", payload=PAYLOAD, key=KEY)
    (file,) = (tmp_path / "mail").iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert letter["Return-Path"] == f"<{bounce_address(KEY)}>"


def test_what_came_back_is_a_dead_letter_that_had_left(write: Write, now: datetime) -> None:
    died: list[OutboxMessage] = []

    def hear(sender: object, *, message: OutboxMessage, **_more: object) -> None:
        died.append(message)

    message_died.connect(hear)
    message, later = write(sent_at=now, attempts=1), now + timedelta(minutes=5)
    assert bounce(message, why="came back: 5.1.1", at=later)
    assert not bounce(message, why="came back: 5.1.1", at=later + timedelta(hours=1))  # told twice
    message_died.disconnect(hear)
    message.refresh_from_db()
    assert (message.sent_at, message.dead_at, message.bounced_at) == (now, later, later)
    assert (message.failure, message.last_error) == ("refused", "came back: 5.1.1")
    assert [dead.pk for dead in died] == [message.pk]


def test_what_has_not_left_cannot_have_come_back(write: Write, now: datetime) -> None:
    waiting, dead = write(), write(dead_at=now)
    assert not bounce(waiting, why="5.1.1", at=now)
    assert not bounce(dead, why="5.1.1", at=now)


def test_what_came_back_is_sent_again_as_if_it_had_never_left(write: Write, now: datetime) -> None:
    message = write(sent_at=now, dead_at=now, bounced_at=now, failure="refused")
    resend(message, at=now)
    message.refresh_from_db()
    assert (message.sent_at, message.dead_at, message.bounced_at) == (None, None, None)


@pytest.mark.parametrize(
    "impossible", [{"sent_at": True}, {"dead_at": True}, {}, {"sent_at": True, "dead_at": True, "bounced_at": False}]
)
def test_only_what_came_back_is_sent_and_dead(write: Write, now: datetime, impossible: dict[str, bool]) -> None:
    moments = {"bounced_at": now} | {name: now if set_ else None for name, set_ in impossible.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        write(**moments)


def test_public_page_says_that_it_came_back(issue: Issue, now: datetime) -> None:
    send_due(clock=lambda: now)
    delivery = Delivery.objects.select_related("message").get(subject=issue.subject)
    assert (delivery.state, bool(delivery.message)) == ("delivered", True)
    assert delivery.message
    bounce(delivery.message, why="came back: 5.1.1", at=now + timedelta(hours=1))
    assert Delivery.objects.select_related("message").get(pk=delivery.pk).state == "failed"
