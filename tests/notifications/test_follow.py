"""Nobody gets letters who did not say so: one question by mail, a button behind its link, a way out of every letter."""

import re
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django_scopes import scope, scopes_disabled

from core.models import Lane, OutboxMessage, Subject, Token
from core.outbox import Letter, send_due
from core.tokens import fill_secrets, secret_of
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import move_by_organisation
from issues.states import State
from notifications.actions import PURPOSE, ask, confirm, end, follow, forget, write
from notifications.models import MOST_ASKED, AskedToday, Follow
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.parallel import at_once
from tests.tables import fingerprint

NADIA = "nadia@example.org"
LINK = re.compile(r"https?://\S+/follow/\S+/")


@pytest.fixture
def quiet(city: City, town: Town, now: datetime) -> Issue:
    """A report whose author gave no address."""
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


@pytest.fixture
def row(quiet: Issue, now: datetime) -> Follow:
    """Надія gave her address and has not confirmed it."""
    return begin(quiet, now)


def begin(issue: Issue, at: datetime, email: str = NADIA, **facts: object) -> Follow:
    given: dict[str, object] = {"role": Follow.Role.SUPPORTER} | facts
    return follow(subject=issue.subject, email=email, at=at, **given)[0]  # type: ignore[arg-type]


def letters_to(email: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(recipient=email).order_by("id"))


def page_of(row: Follow) -> str:
    return f"/yavoryn/follow/{secret_of(row.token)}/"


def news() -> Letter:
    return Letter(subject="Новина", text="Залатали.", html="<p>Залатали.</p>")


# Asking ---------------------------------------------------------------------------------------------------------------


def test_unconfirmed_address_gets_one_letter_that_asks(row: Follow, now: datetime) -> None:
    (letter,) = letters_to(NADIA)
    assert letter.lane == Lane.URGENT
    assert LINK.search(fill_secrets(letter.payload["text"]))
    assert write(row, news(), at=now) is None
    assert len(letters_to(NADIA)) == 1


def test_that_letter_holds_nothing_that_anybody_typed(city: City, town: Town, now: datetime) -> None:
    typed = {"text": "ПОГРОЗА на вулиці.", "address": "вул. ЛАЙКИ, 1", "name": "ОБРАЗА", "email_is_known": False}
    issue = report_issue(new=hole(city, town["p"], email=NADIA, **typed), community=city.community, at=now)
    (letter,) = letters_to(NADIA)
    said = letter.payload["subject"] + letter.payload["text"] + letter.payload["html"]
    for words in ("ПОГРОЗА", "ЛАЙКИ", "ОБРАЗА", issue.title):
        assert words not in said
    assert "№ 1" in said or "1" in said


def test_address_is_asked_three_times_a_day_at_most_in_whatever_way_it_is_written(
    city: City, town: Town, now: datetime
) -> None:
    for number in range(MOST_ASKED + 2):
        issue = report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
        begin(issue, now, email=NADIA if number % 2 else "Nadia@Example.org")
    asked = OutboxMessage.objects.filter(recipient__iexact=NADIA)
    assert asked.count() == MOST_ASKED
    latest = Follow.objects.latest("id")
    assert not ask(latest, at=now)
    assert ask(latest, at=now + timedelta(days=1)), "tomorrow is another day"


def test_limit_holds_for_all_communities_together(row: Follow, elsewhere: Community, now: datetime) -> None:
    for _letter in range(MOST_ASKED - 1):
        ask(row, at=now)
    with scope(community=elsewhere):
        there = Subject.objects.create(community=elsewhere, kind="issue")
        with scopes_disabled():
            assert AskedToday.objects.get().letters == MOST_ASKED
        assert there.community_id != row.community_id


def test_database_refuses_a_fourth_letter_of_the_day(db: None, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="asked_no_more_than_allowed"), transaction.atomic():
        AskedToday.objects.create(digest="a" * 64, day=now.date(), letters=MOST_ASKED + 1)


@pytest.mark.django_db(transaction=True)
def test_eight_questions_at_once_are_three_letters(row: Follow, city: City, now: datetime) -> None:
    tomorrow = now + timedelta(days=1)
    outcomes = at_once([lambda: ask(row, at=tomorrow) for _time in range(8)], community=city.community)
    assert sorted(outcomes) == [False] * 5 + [True] * 3
    assert OutboxMessage.objects.filter(recipient=NADIA, created_at=tomorrow).count() == MOST_ASKED


@pytest.mark.django_db(transaction=True)
def test_eight_who_follow_at_once_with_one_address_are_one_row(quiet: Issue, city: City, now: datetime) -> None:
    begins = [partial(begin, quiet, now, email) for email in (NADIA, "NADIA@example.org") * 4]
    outcomes = at_once(begins, community=city.community)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert Follow.objects.filter(subject=quiet.subject).count() == 1
    assert Token.objects.filter(subject=quiet.subject, purpose=PURPOSE).count() == 1


# Confirming -----------------------------------------------------------------------------------------------------------


def test_opening_the_link_changes_nothing_and_the_button_confirms(client: Client, row: Follow) -> None:
    before = fingerprint()
    for ask_for in (client.get, client.head):
        assert ask_for(page_of(row)).status_code == 200
        assert ask_for(f"{page_of(row)}?do=confirm").status_code == 200
        assert ask_for(f"{page_of(row)}stop/", follow=True).status_code == 200
    assert fingerprint() == before
    client.post(page_of(row), {"do": "confirm"})
    row.refresh_from_db()
    assert row.is_confirmed


def test_first_letter_tells_what_happened_before(row: Follow, quiet: Issue, now: datetime, later: datetime) -> None:
    delivery = Delivery.objects.select_related("organisation", "token", "subject").get(subject=quiet.subject)
    move_by_organisation(delivery=delivery, to=State.IN_PROGRESS, text="Їдемо.", at=later)
    assert len(letters_to(NADIA)) == 1, "the question only"
    confirm(row, at=later + timedelta(hours=1))
    _question, first = letters_to(NADIA)
    assert "в роботі" in first.payload["text"].lower()
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later + timedelta(hours=2))
    assert "Залатали." in letters_to(NADIA)[-1].payload["text"]


def test_confirming_twice_is_one_first_letter(client: Client, row: Follow) -> None:
    for _press in range(2):
        client.post(page_of(row), {"do": "confirm"})
    assert len(letters_to(NADIA)) == 2


@pytest.mark.django_db(transaction=True)
def test_eight_presses_at_once_are_one_first_letter(row: Follow, city: City, later: datetime) -> None:
    outcomes = at_once([lambda: confirm(row, at=later) for _press in range(8)], community=city.community)
    assert sorted(outcomes) == [False] * 7 + [True]
    assert len(letters_to(NADIA)) == 2


def test_browser_that_confirmed_an_address_need_not_do_it_again(
    client: Client, row: Follow, city: City, town: Town
) -> None:
    client.post(page_of(row), {"do": "confirm"})
    form = {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['q'].y:.6f}",
        "category": "manholes",
        "text": "Відкритий люк.",
        "email": "Nadia@example.org",
    }
    seen = client.post("/yavoryn/report/", form | {"do": "check"}).context["answerer"].seen
    assert client.post("/yavoryn/report/", form | {"do": "send", "seen": seen}).status_code == 302
    own = Follow.objects.get(role=Follow.Role.AUTHOR)
    assert own.is_confirmed
    other = Client()
    seen = other.post("/yavoryn/report/", form | {"do": "check", "text": "Ще один."}).context["answerer"].seen
    shown = {"similar": f"issues-{Issue.objects.latest('id').pk}"}
    other.post("/yavoryn/report/", form | shown | {"do": "send", "seen": seen, "text": "Ще один."})
    assert not Follow.objects.filter(role=Follow.Role.AUTHOR).latest("id").is_confirmed, "another browser must"


def test_cookie_of_another_hand_is_worth_nothing(client: Client, row: Follow) -> None:
    client.cookies["misto_known"] = "a" * 64
    assert client.get("/yavoryn/report/").status_code == 200
    client.post(page_of(row), {"do": "confirm"})
    assert NADIA not in client.cookies["misto_known"].value
    assert client.cookies["misto_known"]["httponly"]


# Stopping -------------------------------------------------------------------------------------------------------------


def test_ended_follow_keeps_no_address_anywhere(row: Follow, now: datetime, later: datetime) -> None:
    confirm(row, at=now)
    write(row, news(), at=now)
    assert end(row, at=later)
    assert not end(row, at=later)
    row.refresh_from_db()
    assert (row.email, row.masked, row.is_confirmed) == ("", "", False)
    assert letters_to(NADIA) == []
    assert OutboxMessage.objects.filter(subject=row.subject, recipient="", sent_at=None, dead_at=None).count() == 0


def test_letter_that_waited_is_not_sent_after_the_end(row: Follow, now: datetime, later: datetime) -> None:
    confirm(row, at=now)
    end(row, at=now)
    send_due(clock=lambda: later)
    assert NADIA not in [address for letter in mail.outbox for address in letter.to]


def test_database_refuses_an_ended_follow_with_an_address(row: Follow, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="follow_ended_has_no_address"), transaction.atomic():
        Follow.objects.filter(pk=row.pk).update(ended_at=now)


def test_every_letter_with_news_can_be_stopped_from_the_mail_program(
    client: Client, row: Follow, quiet: Issue, now: datetime, later: datetime, settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    confirm(row, at=now)
    send_due(clock=lambda: later)
    question, first = (letter for letter in mail.outbox if letter.to == [NADIA])
    assert "List-Unsubscribe" not in question.extra_headers
    assert first.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = first.extra_headers["List-Unsubscribe"].strip("<>")
    assert address == f"{settings.SITE_URL}{page_of(row)}stop/"
    assert f"{settings.SITE_URL}{page_of(row)}" in first.body
    robot = Client(enforce_csrf_checks=True)
    assert robot.post(f"{page_of(row)}stop/", {"List-Unsubscribe": "One-Click"}).status_code == 204
    row.refresh_from_db()
    assert row.ended_at is not None
    assert client.get(page_of(row)).status_code == 410


def test_button_on_the_page_stops_too(client: Client, row: Follow) -> None:
    client.post(page_of(row), {"do": "confirm"})
    client.post(page_of(row), {"do": "stop"})
    row.refresh_from_db()
    assert row.email == ""


def test_whoever_stopped_may_begin_anew(row: Follow, quiet: Issue, now: datetime, later: datetime) -> None:
    end(row, at=now)
    again = begin(quiet, later)
    assert again.pk != row.pk
    assert not again.is_confirmed


def test_address_that_said_nothing_is_forgotten_in_two_weeks(row: Follow, now: datetime) -> None:
    with scopes_disabled():
        assert forget(at=now + timedelta(days=13)) == 0
        assert forget(at=now + timedelta(days=15)) == 1
        assert AskedToday.objects.count() == 0
    row.refresh_from_db()
    assert row.email == ""


def test_address_is_forgotten_a_year_after_the_report_was_closed(row: Follow, quiet: Issue, now: datetime) -> None:
    confirm(row, at=now)
    Issue.objects.filter(pk=quiet.pk).update(state=State.CONFIRMED, changed_at=now)
    with scopes_disabled():
        assert forget(at=now + timedelta(days=364)) == 0
        assert forget(at=now + timedelta(days=366)) == 1


# Strangers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["x", "a" * 43, "A" * 44])
def test_stranger_guesses_no_link(client: Client, row: Follow, secret: str) -> None:
    for path in (f"/yavoryn/follow/{secret}/", f"/yavoryn/follow/{secret}/stop/"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"do": "stop"}).status_code == 404


def test_link_opens_nothing_in_another_community(client: Client, row: Follow, elsewhere: Community) -> None:
    path = page_of(row).replace("yavoryn", "sosnivka")
    assert client.get(path).status_code == 404
    assert client.post(path, {"do": "confirm"}).status_code == 404
    assert client.post(f"{path}stop/").status_code == 404
    with scope(community=elsewhere):
        assert Follow.objects.count() == 0
    row.refresh_from_db()
    assert row.confirmed_at is None


def test_link_of_a_follow_is_no_right_of_an_author(client: Client, row: Follow) -> None:
    assert client.get(page_of(row).replace("follow", "mine")).status_code == 404


def test_page_shows_the_address_only_to_who_knows_it(client: Client, row: Follow) -> None:
    page = client.get(page_of(row))
    assert "n***@example.org" in page.content.decode()
    assert NADIA not in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in page["Cache-Control"]


def test_follow_is_written_down_without_its_address(row: Follow) -> None:
    assert NADIA not in f"{row!s} {row!r}"
