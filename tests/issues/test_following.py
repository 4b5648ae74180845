"""Who hears of a report by mail: its author, and supporters of what everybody may read. Only confirmed addresses do."""

from datetime import datetime

import pytest
from django.test import Client

from core.models import OutboxMessage, Visibility
from core.outbox import send_due
from issues.actions import report_issue
from issues.following import author_follow
from issues.models import Issue, Supporter
from issues.moves import move_by_organisation, move_by_reporter, set_visibility
from issues.states import State
from issues.support import Voice, hear, join, leave
from notifications.models import Follow
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import author_page, holder
from tests.people import person

PHONE = Voice(digest="a" * 64)
NADIA, OLIA = "nadia@example.org", "olia@example.org"


@pytest.fixture
def supported(issue: Issue, now: datetime) -> Follow:
    """Надія joined Оля's report and confirmed her address before."""
    join(issue=issue, voice=PHONE, at=now)
    return hear(issue=issue, voice=PHONE, email=NADIA, known=True, at=now)


def letters_to(email: str) -> list[str]:
    rows = OutboxMessage.objects.filter(recipient=email).order_by("id")
    return [f"{row.payload['subject']}\n{row.payload['text']}" for row in rows]


def test_author_and_supporters_hear_what_the_organisation_did(
    issue: Issue, supported: Follow, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    for email in (OLIA, NADIA):
        assert "Залатали." in letters_to(email)[-1]


def test_supporter_gets_no_right_of_the_author(
    issue: Issue, supported: Follow, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    for letter in letters_to(NADIA):
        assert "/mine/" not in letter
        assert issue.get_absolute_url() in letter


def test_supporters_hear_what_the_author_did(issue: Issue, supported: Follow, later: datetime) -> None:
    before = len(letters_to(OLIA))
    move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    assert len(letters_to(NADIA)) == 2, "the first letter, and this one"
    assert before, "the author had a letter"


def test_author_who_took_the_report_back_leaves_no_address(issue: Issue, later: datetime) -> None:
    move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    assert author_follow(issue) is None
    assert letters_to(OLIA) == []


def test_what_is_hidden_meanwhile_reaches_no_supporter(
    issue: Issue, supported: Follow, delivery: Delivery, later: datetime
) -> None:
    moderator = person("marta")
    move_by_organisation(delivery=delivery, to=State.IN_PROGRESS, text="Їдемо.", at=later)
    set_visibility(issue=issue, visibility=Visibility.HELD, user=moderator, at=later)
    send_due(clock=lambda: later)
    waiting = OutboxMessage.objects.filter(recipient=NADIA)
    assert not waiting.filter(sent_at__isnull=False).exists()
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=moderator, at=later)
    assert waiting.pending().count() == 2, "and goes as soon as everybody may read it again"


def test_unconfirmed_author_hears_nothing_until_they_confirm(
    client: Client, city: City, town: Town, now: datetime, later: datetime
) -> None:
    issue = report_issue(new=hole(city, town["p"], email_is_known=False), community=city.community, at=now)
    move_by_organisation(delivery=holder(issue), to=State.IN_PROGRESS, text="Їдемо.", at=later)
    assert len(letters_to(OLIA)) == 1
    page = client.get(author_page(issue))
    assert "o***@example.org" in page.content.decode()
    assert OLIA not in page.content.decode()


def test_author_asks_for_that_letter_once_more_gives_another_address_or_wants_none(
    client: Client, city: City, town: Town, now: datetime
) -> None:
    issue = report_issue(new=hole(city, town["p"], email_is_known=False), community=city.community, at=now)
    page = f"{author_page(issue)}letters/"
    client.post(page, {"do": "ask"})
    assert len(letters_to(OLIA)) == 2
    client.post(page, {"do": "change", "email": NADIA})
    assert [row.email for row in Follow.objects.standing()] == [NADIA]
    client.post(page, {"do": "change", "email": "nadia@"})
    assert [row.email for row in Follow.objects.standing()] == [NADIA], "what is no address changes nothing"
    client.post(page, {"do": "stop"})
    assert not Follow.objects.standing().exists()
    assert client.get(page).status_code == 405


def test_stranger_changes_nobodys_letters(client: Client, issue: Issue) -> None:
    assert client.post("/yavoryn/mine/" + "a" * 43 + "/letters/", {"do": "stop"}).status_code == 404
    assert client.post(author_page(issue).replace("yavoryn", "sosnivka") + "letters/").status_code == 404
    assert author_follow(issue) is not None


def test_voice_that_is_taken_back_ends_the_letters_that_began_with_it(
    issue: Issue, supported: Follow, now: datetime
) -> None:
    leave(issue=issue, voice=PHONE, at=now)
    supported.refresh_from_db()
    assert supported.email == ""


def test_nobody_ends_letters_that_somebody_else_asked_for(issue: Issue, supported: Follow, now: datetime) -> None:
    tablet = Voice(digest="b" * 64)
    join(issue=issue, voice=tablet, at=now)
    hear(issue=issue, voice=tablet, email=NADIA, at=now)
    leave(issue=issue, voice=tablet, at=now)
    supported.refresh_from_db()
    assert supported.email == NADIA


def test_joining_with_an_address_asks_for_confirmation(client: Client, issue: Issue) -> None:
    client.get(issue.get_absolute_url())
    client.post(f"{issue.get_absolute_url()}support/", {"do": "join", "email": NADIA})
    row = Follow.objects.get(email=NADIA)
    assert (row.role, row.is_confirmed) == (Follow.Role.SUPPORTER, False)
    assert len(letters_to(NADIA)) == 1


def test_nobody_has_strangers_written_to_by_the_hundred(
    client: Client, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("issues.join_limits.LETTERS_OF_A_DEVICE", 2)
    client.get(issue.get_absolute_url())
    for number in range(3):
        client.post(f"{issue.get_absolute_url()}support/", {"do": "join", "email": f"stranger{number}@example.org"})
    assert [len(letters_to(f"stranger{number}@example.org")) for number in range(3)] == [1, 1, 0]
    assert Supporter.objects.filter(is_author=False).count() == 1, "the voice counts all the same"
    client.post(f"{author_page(issue)}letters/", {"do": "change", "email": NADIA})
    assert letters_to(NADIA) == [], "nor by the page of the author"
    assert Follow.objects.standing().filter(email=OLIA).exists(), "whose address stays"


def test_bad_address_stands_beside_its_field_and_nobody_is_joined(client: Client, issue: Issue) -> None:
    client.get(issue.get_absolute_url())
    page = client.post(f"{issue.get_absolute_url()}support/", {"do": "join", "email": "nadia@"})
    assert page.status_code == 422
    assert 'value="nadia@"' in page.content.decode()
    assert not Supporter.objects.filter(is_author=False).exists()


def test_who_gives_a_foreign_address_does_not_learn_whether_it_was_confirmed(
    client: Client, issue: Issue, supported: Follow
) -> None:
    client.get(issue.get_absolute_url())
    said = []
    for email in (NADIA, "nobody@example.org"):
        page = client.post(f"{issue.get_absolute_url()}support/", {"do": "join", "email": email}, follow=True)
        said.append([str(message) for message in page.context["messages"]][-1])
    assert said[0] == said[1]
