"""What letters about a report say, to whom, and in which language."""

from datetime import datetime

import pytest
from django.utils.translation import override

from core.models import OutboxMessage
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import add_by_reporter, move_by_organisation
from issues.states import State
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town


def letter_to(recipient: str) -> dict[str, str]:
    """The newest letter to that address: subject, text, html."""
    message = OutboxMessage.objects.filter(recipient=recipient).latest("id")
    payload: dict[str, str] = message.payload
    return payload


@pytest.fixture
def english(city: City, town: Town, now: datetime) -> Issue:
    """A report by somebody who chose English."""
    with override("en"):
        return report_issue(new=hole(city, town["p"], language="en"), community=city.community, at=now)


def test_organisation_reads_what_where_by_when_and_why(issue: Issue) -> None:
    text = letter_to("roads@example.org")["text"]
    assert "Машини об’їжджають її тротуаром." in text
    assert "Дороги" in text
    assert f"{issue.location.y:.5f}, {issue.location.x:.5f}" in text
    assert "26 листопада 2026" in text
    assert "Заріччя" in text, "the reason names the area"


def test_organisation_reads_ukrainian_whatever_the_resident_chose(english: Issue) -> None:
    letter = letter_to("roads@example.org")
    assert "Дороги" in letter["text"]
    assert "Roads" not in letter["text"]
    assert "Report No." not in letter["subject"]


def test_resident_reads_the_language_they_chose(english: Issue, later: datetime) -> None:
    receipt = letter_to("olia@example.org")
    assert receipt["subject"] == "Your report No. 1 is accepted"
    assert "Roads" in receipt["text"]
    delivery = Delivery.objects.select_related("organisation", "token", "subject").get()
    with override("uk"):
        move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    news = letter_to("olia@example.org")
    assert news["subject"] == "Report No. 1: КП «Яворинавтодор»: it is done"
    assert "Is it really fixed?" in news["text"]


def test_words_of_people_are_escaped_in_html_and_as_written_in_text(
    issue: Issue, delivery: Delivery, later: datetime
) -> None:
    add_by_reporter(issue=issue, text='<b onclick="x">Тут & там</b>', at=later)
    letter = letter_to("roads@example.org")
    assert '<b onclick="x">Тут & там</b>' in letter["text"]
    assert "<b onclick" not in letter["html"]
    assert "&lt;b onclick=" in letter["html"]


def test_subject_is_one_line(city: City, town: Town, now: datetime) -> None:
    report_issue(
        new=hole(city, town["p"], text="Яма\u2028Bcc: all@example.org\r\nще"), community=city.community, at=now
    )
    subject = letter_to("roads@example.org")["subject"]
    assert len(subject.splitlines()) == 1
    assert "\r" not in subject


def test_both_parts_of_a_letter_hold_the_same_link(issue: Issue, delivery: Delivery) -> None:
    for recipient, page in (("roads@example.org", "answer"), ("olia@example.org", "mine")):
        letter = letter_to(recipient)
        for part in ("text", "html"):
            assert letter[part].count(f"/yavoryn/{page}/[[secret:") >= 1
