"""Letters are taken out of a real Maildir and out of an IMAP server: each is kept once, whoever dies or comes twice."""

import io
import mailbox
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django_scopes import scopes_disabled
from pytest_django import Settings

from core import incoming
from core.bounces import Bounce, read_bounce
from core.inbox import InboxError, read_inbox
from core.incoming import LEASE, keep, read_waiting
from core.incoming_models import IncomingLetter
from core.letter_parts import HEAD_BYTES, MOST_BYTES, Parts
from core.models import OutboxMessage, Subject
from core.verp import bounce_address
from openmap.secrets import refuse_bad_mailboxes
from tests.core.conftest import Write
from tests.core.imap import PASSWORD, USER, ImapServer, imap_server
from tests.core.test_bounces import report
from tests.parallel import at_once

NOW = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
LETTER = b"From: bohdan@example.org\r\nTo: misto@city.example\r\nMessage-ID: <%d@example.org>\r\n\r\nx\r\n"
Outcome = IncomingLetter.Outcome


@pytest.fixture(autouse=True)
def _reads_answers(settings: Settings) -> Iterator[None]:
    settings.REPLY_ADDRESS = "misto+{}@city.example"
    with scopes_disabled():
        yield


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> mailbox.Maildir:
    """An empty Maildir that the service reads."""
    settings.INBOX_URL = f"maildir://{tmp_path}/box"
    return mailbox.Maildir(str(tmp_path / "box"))


@pytest.fixture
def imap(settings: Settings) -> Iterator[ImapServer]:
    """A mail server that the service reads."""
    with imap_server() as server:
        settings.INBOX_URL = f"imap://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/INBOX"
        yield server


def take() -> int:
    return read_inbox(clock=lambda: NOW)


def kept() -> int:
    return IncomingLetter.objects.count()


@pytest.mark.django_db
def test_letters_leave_the_folder_when_they_are_kept(folder: mailbox.Maildir) -> None:
    for number in range(3):
        folder.add(LETTER % number)
    assert (take(), kept(), len(folder)) == (3, 3, 0)
    assert take() == 0


@pytest.mark.django_db
def test_letters_leave_the_server_when_they_are_kept(imap: ImapServer) -> None:
    for number in range(3):
        imap.put(LETTER % number)
    assert (take(), kept(), imap.letters) == (3, 3, {})
    assert take() == 0


@pytest.mark.django_db
def test_the_same_letter_by_another_way_is_the_same(folder: mailbox.Maildir) -> None:
    folder.add(LETTER % 1)
    folder.add(b"Received: from elsewhere\r\nReturn-Path: <bohdan@example.org>\r\n" + LETTER % 1)
    folder.add((LETTER % 1).replace(b"\r\n", b"\n"))
    assert (take(), kept()) == (3, 1)


@pytest.mark.django_db
def test_two_letters_of_a_program_that_numbers_all_of_them_alike_are_two(folder: mailbox.Maildir) -> None:
    folder.add(LETTER % 1)
    folder.add(LETTER % 1 + b"y")
    assert (take(), kept()) == (2, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("dies_at", ["UID STORE", "EXPUNGE"])
def test_letter_is_there_once_though_the_server_died_before_it_was_deleted(imap: ImapServer, dies_at: str) -> None:
    imap.put(LETTER % 1)
    imap.dies_at = dies_at
    with pytest.raises(InboxError):
        take()
    assert kept() == 1
    imap.dies_at = ""
    imap.deleted.clear()  # what was not expunged is there again
    assert (take(), kept(), imap.letters) == (1, 1, {})


@pytest.mark.django_db
@pytest.mark.parametrize("dies_at", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH"])
def test_server_that_dies_earlier_loses_nothing(imap: ImapServer, dies_at: str) -> None:
    imap.put(LETTER % 1)
    imap.dies_at = dies_at
    with pytest.raises(InboxError) as error:
        take()
    assert PASSWORD not in str(error.value)
    imap.dies_at = ""
    assert (take(), kept()) == (1, 1)


@pytest.mark.django_db
def test_wrong_password_is_told_without_it(imap: ImapServer, settings: Settings) -> None:
    settings.INBOX_URL = settings.INBOX_URL.replace(USER, "other", 1)
    with pytest.raises(InboxError) as error:
        take()
    assert quote(PASSWORD, safe="") not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.django_db
def test_imap_with_tls_wants_a_certificate_that_it_trusts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with imap_server(certificate(tmp_path)) as server:
        server.put(LETTER % 1)
        settings.INBOX_URL = f"imaps://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/INBOX"
        with pytest.raises(InboxError):
            take()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "chain.pem"))
        assert (take(), kept()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_that_look_at_the_same_moment_keep_each_letter_once(folder: mailbox.Maildir) -> None:
    for number in range(20):
        folder.add(LETTER % number)
    answers = at_once([take, take, take])
    assert all(isinstance(answer, int) for answer in answers), answers
    assert (kept(), len(folder)) == (20, 0)


@pytest.mark.django_db(transaction=True)
def test_killed_between_keeping_and_deleting_it_is_kept_once(
    folder: mailbox.Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add(LETTER % 1)

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mailbox.Maildir, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            take()
    assert (kept(), len(folder)) == (1, 1)
    assert (take(), kept(), len(folder)) == (1, 1, 0)


@pytest.mark.django_db
def test_folder_that_is_gone_is_told(settings: Settings) -> None:
    settings.INBOX_URL = "maildir:///nowhere/at/all"
    with pytest.raises(InboxError):
        take()
    settings.INBOX_URL = ""
    assert take() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["folder", "imap"])
def test_of_a_letter_that_is_too_large_the_head_is_kept(way: str, request: pytest.FixtureRequest) -> None:
    box = request.getfixturevalue(way)
    raw = LETTER % 1 + b"x" * MOST_BYTES
    box.add(raw) if way == "folder" else box.put(raw)
    take()
    letter = IncomingLetter.objects.get()
    assert letter.raw is not None
    assert len(letter.raw) == HEAD_BYTES
    assert letter.size > MOST_BYTES


@pytest.mark.django_db
def test_letter_on_standard_input_is_kept_once(monkeypatch: pytest.MonkeyPatch, subject: Subject, write: Write) -> None:
    message = write(sent_at=NOW)
    for _twice in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LETTER % 1)))
        call_command("receive_letter", to=bounce_address(message.key), stdout=io.StringIO())
    letter = IncomingLetter.objects.get()
    assert (letter.message, letter.community) == (message, subject.community)


@pytest.mark.django_db
def test_mail_server_is_asked_to_come_again_while_the_database_is_away() -> None:
    kept_environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    run = subprocess.run(
        [sys.executable, "manage.py", "receive_letter"],
        input=LETTER % 1,
        env=kept_environment | {"DATABASE_URL": "postgis://x:y@127.0.0.1:1/none"},
        capture_output=True,
        check=False,
    )
    assert run.returncode == os.EX_TEMPFAIL, run.stderr.decode()


@pytest.mark.django_db
def test_letter_that_breaks_its_reader_is_set_aside_and_stops_no_other(
    write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    message = write(sent_at=NOW)
    keep(b"Subject: x\n\n" + b"Content-Type: text/plain\n" * 100, recipient=bounce_address(message.key), at=NOW)
    keep(b"Subject: poison\n\nsecret words", recipient=bounce_address(message.key), at=NOW)
    keep(report("failed", "5.1.1"), recipient=bounce_address(message.key), at=NOW)
    whole = read_bounce

    def break_at(parts: Parts) -> Bounce:
        if "poison" in str(parts):
            raise ValueError("secret words")
        return whole(parts)

    monkeypatch.setattr(incoming, "read_bounce", break_at)
    for turn in range(4):
        read_waiting(clock=lambda turn=turn: NOW + turn * LEASE)  # type: ignore[misc]
    found = dict(IncomingLetter.objects.values_list("outcome", "note"))
    assert found == {"broken": "ValueError", "bounced": "5.1.1"} or found["bounced"] == "5.1.1"
    assert IncomingLetter.objects.filter(outcome=Outcome.BROKEN).count() == 2
    assert "secret words" not in caplog.text


@pytest.mark.django_db
def test_letter_whose_readers_die_is_set_aside(write: Write) -> None:
    message = write(sent_at=NOW)
    keep(LETTER % 1, recipient=bounce_address(message.key), at=NOW)
    for turn in range(3):
        assert incoming._claim(at=NOW + turn * LEASE)  # and nobody came back
    assert read_waiting(clock=lambda: NOW + 2 * LEASE) == 0
    assert read_waiting(clock=lambda: NOW + 3 * LEASE) == 1
    assert IncomingLetter.objects.get().outcome == Outcome.BROKEN


@pytest.mark.django_db
def test_bounce_ends_the_letter_that_it_names_once(write: Write) -> None:
    message, other = write(sent_at=NOW), write(sent_at=NOW)
    keep(report("failed", "5.1.1"), recipient=bounce_address(message.key), at=NOW)
    keep(report("failed", "5.1.1", words="again"), recipient=bounce_address(message.key), at=NOW)
    read_waiting(clock=lambda: NOW)
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.bounced_at, message.failure, message.last_error) == (NOW, "refused", "came back 5.1.1")
    assert other.bounced_at is None
    assert sorted(IncomingLetter.objects.values_list("outcome", flat=True)) == ["bounced", "repeated"]
    assert not IncomingLetter.objects.filter(raw__isnull=False).exists()


@pytest.mark.django_db
def test_late_is_only_noted(write: Write) -> None:
    message = write(sent_at=NOW)
    keep(report("delayed", "4.4.1"), recipient=bounce_address(message.key), at=NOW)
    read_waiting(clock=lambda: NOW)
    message.refresh_from_db()
    assert (message.bounced_at, message.dead_at) == (None, None)
    assert IncomingLetter.objects.get().outcome == Outcome.DELAYED


@pytest.mark.django_db
def test_forged_bounce_does_nothing(write: Write) -> None:
    message = write(sent_at=NOW)
    good = bounce_address(message.key)
    forged = good.replace(good[40:46], "aaaaaa" if good[40:46] != "aaaaaa" else "bbbbbb")
    keep(report("failed", "5.1.1"), recipient=forged, at=NOW)
    read_waiting(clock=lambda: NOW)
    message.refresh_from_db()
    assert message.bounced_at is None
    with scopes_disabled():
        assert IncomingLetter.objects.get().community is None


@pytest.mark.django_db
def test_bounce_that_comes_before_we_wrote_that_it_left_is_looked_at_again(write: Write) -> None:
    message = write()
    keep(report("failed", "5.1.1"), recipient=bounce_address(message.key), at=NOW)
    read_waiting(clock=lambda: NOW)
    assert IncomingLetter.objects.get().settled_at is None
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=NOW)
    read_waiting(clock=lambda: NOW + LEASE)
    assert IncomingLetter.objects.get().outcome == Outcome.BOUNCED


@pytest.mark.django_db
def test_letters_that_became_nothing_are_erased_after_a_month() -> None:
    keep(LETTER % 1, at=NOW)
    read_waiting(clock=lambda: NOW)
    assert IncomingLetter.objects.get().outcome == Outcome.UNKNOWN
    assert incoming.forget_words(at=NOW + timedelta(days=29)) == 0
    assert incoming.forget_words(at=NOW + timedelta(days=31)) == 1
    assert IncomingLetter.objects.get().raw is None


@pytest.mark.parametrize(
    ("reply_address", "inbox_url"),
    [
        ("misto@city.example", ""),
        ("{}{}@city.example", ""),
        ("a-very-long-name-of-a-mailbox+{}@city.example", ""),
        ("misto+{}", ""),
        ("", "imap://misto:x@mail.city.example/INBOX"),
        ("", "imaps://mail.city.example/INBOX"),
        ("", "maildir://relative/box"),
        ("", "pop3://misto:x@mail.city.example"),
    ],
)
def test_mailboxes_that_cannot_work_are_refused_at_the_start(reply_address: str, inbox_url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_bad_mailboxes(reply_address=reply_address, inbox_url=inbox_url)
    assert ":x@" not in str(refused.value)


@pytest.mark.parametrize(
    ("reply_address", "inbox_url"),
    [
        ("", ""),
        ("misto+{}@city.example", "maildir:///var/mail/misto"),
        ("{}@reply.city.example", "imaps://misto:x@mail.city.example:993/INBOX"),
        ("misto+{}@localhost", "imap://misto:x@127.0.0.1:1143/INBOX"),
    ],
)
def test_mailboxes_that_can_work_are_taken(reply_address: str, inbox_url: str) -> None:
    refuse_bad_mailboxes(reply_address=reply_address, inbox_url=inbox_url)


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody but this test trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    chain = folder / "chain.pem"
    chain.write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()) + made.public_bytes(pem))
    return chain
