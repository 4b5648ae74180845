"""What mail servers say of letters that came back: in reports, and in words of their own."""

import pytest

from core.bounces import Bounce, Fate, read_bounce
from core.letter_parts import is_automatic, take_apart


def report(action: str, status: str, words: str = "Text") -> bytes:
    """As Postfix writes it (RFC 3464)."""
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

{words}

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Thu, 19 Nov 2026 10:00:00 +0200

Final-Recipient: rfc822; roads@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B
Content-Type: message/rfc822

Subject: =?utf-8?b?0K/QvNCw?=
X-Idempotency-Key: 11111111-2222-4333-8444-555555555555

Text
--B--
""".encode()


def told(sender: str, subject: str, words: str, *headers: str) -> bytes:
    head = [f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", *headers]
    return "\n".join([*head, "", words]).encode()


DAEMON = "Mail Delivery Subsystem <mailer-daemon@mx.example.org>"
CASES = [
    (report("failed", "5.1.1"), Bounce(Fate.LOST, "5.1.1")),
    (report("failed", "4.4.1"), Bounce(Fate.LOST, "4.4.1")),  # the server tried for days, and gave up
    (report("delayed", "4.4.1"), Bounce(Fate.LATE, "4.4.1")),
    (report("delivered", "2.0.0"), Bounce(Fate.UNKNOWN)),
    (report("relayed", "2.0.0"), Bounce(Fate.UNKNOWN)),
    (told(DAEMON, "Returned mail: see transcript", "550 5.1.1 <x@e.org> User unknown"), Bounce(Fate.LOST, "5.1.1")),
    (told(DAEMON, "failure notice", "Sorry, no mailbox here by that name. (#5.1.1)"), Bounce(Fate.LOST, "5.1.1")),
    (told("postmaster@ukr.example", "Лист не доставлено", "Такої скриньки немає."), Bounce(Fate.LOST)),
    (told(DAEMON, "Delivery failed", "MX points to 10.5.1.9", "X-Failed-Recipients: x@e.org"), Bounce(Fate.LOST)),
    (told(DAEMON, "Warning: message delayed 24 hours", "550 may follow; it will be retried"), Bounce(Fate.LATE)),
    (told(DAEMON, "Delivery", "452 4.2.2 mailbox full, will keep trying"), Bounce(Fate.LATE, "4.2.2")),
    (told("olia@example.org", "Автовідповідь: у відпустці", "Тел. 550-12-12, до 5.12"), Bounce(Fate.UNKNOWN)),
    (told("olia@example.org", "Re", "550 5.1.1 гривень", "Auto-Submitted: auto-replied"), Bounce(Fate.UNKNOWN)),
    (b"", Bounce(Fate.UNKNOWN)),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "fate"), CASES)
def test_the_fate_of_our_letter_is_told(raw: bytes, fate: Bounce) -> None:
    assert read_bounce(take_apart(raw)) == fate


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner=x",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "X-Idempotency-Key: 11111111-2222-4333-8444-555555555555",
        "Subject: Автовідповідь: Заявка № 1",
        "Subject: =?utf-8?b?0JDQstGC0L7QstGW0LTQv9C+0LLRltC00Yw=?=",
        "Subject: Out of office: back on Monday",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    ],
)
def test_letters_of_programs_are_known(header: str) -> None:
    assert is_automatic(take_apart(f"From: x@example.org\n{header}\n\nx".encode()))


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: no", "Return-Path: <x@example.org>", "Subject: Re: Заявка", "X: y"]
)
def test_letters_of_people_are_not_taken_for_those_of_programs(header: str) -> None:
    assert not is_automatic(take_apart(f"From: x@example.org\n{header}\n\nx".encode()))
