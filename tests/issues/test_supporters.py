"""“This concerns me too”: one voice of a person, never a name, and only for what is open and seen by everybody."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django_scopes import scope

from accounts.devices import device_of
from accounts.models import User
from core.models import Subject, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue, Supporter
from issues.moves import move_by_organisation
from issues.states import State
from issues.support import JoinRefusedError, Voice, join, leave, supporters_of
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.parallel import at_once

PAGE = "/yavoryn/issues/1/"
PRESS = "/yavoryn/issues/1/support/"
PHONE, TABLET = Voice(digest="a" * 64), Voice(digest="b" * 64)


def test_one_browser_has_one_voice(issue: Issue, now: datetime) -> None:
    assert join(issue=issue, voice=PHONE, at=now)
    assert not join(issue=issue, voice=PHONE, at=now)
    assert join(issue=issue, voice=TABLET, at=now)
    assert supporters_of(issue) == 2


def test_one_account_has_one_voice_in_whatever_browser(issue: Issue, serhii: User, now: datetime) -> None:
    assert join(issue=issue, voice=Voice.of(user=serhii, device="a" * 64), device="a" * 64, at=now)
    assert not join(issue=issue, voice=Voice.of(user=serhii, device="b" * 64), device="b" * 64, at=now)
    assert supporters_of(issue) == 1


def test_who_joined_and_then_signed_in_has_one_voice(issue: Issue, serhii: User, now: datetime) -> None:
    join(issue=issue, voice=PHONE, at=now)
    assert not join(issue=issue, voice=Voice(user=serhii), device=PHONE.digest, at=now)
    assert [(row.user, row.voice) for row in Supporter.objects.filter(is_author=False)] == [(serhii, "")]


def test_one_confirmed_address_has_one_voice_however_it_is_written(issue: Issue, now: datetime) -> None:
    assert join(issue=issue, voice=Voice.of(confirmed_email="Nadia@example.org"), at=now)
    assert not join(issue=issue, voice=Voice.of(confirmed_email="nadia@example.org "), at=now)
    assert "nadia" not in Supporter.objects.filter(is_author=False).get().voice, "only a digest is kept"


def test_author_cannot_join_their_own_report(city: City, town: Town, now: datetime) -> None:
    issue = report_issue(new=hole(city, town["p"], device=PHONE.digest), community=city.community, at=now)
    assert not join(issue=issue, voice=PHONE, at=now)
    assert not leave(issue=issue, voice=PHONE, at=now), "nor take their voice back"
    assert supporters_of(issue) == 0


def test_nobody_has_no_voice(issue: Issue, now: datetime) -> None:
    with pytest.raises(JoinRefusedError, match="nobody"):
        join(issue=issue, voice=Voice(), at=now)


def test_closed_report_cannot_be_joined(issue: Issue, delivery: Delivery, later: datetime) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    with pytest.raises(JoinRefusedError, match="closed"):
        join(issue=issue, voice=PHONE, at=later)


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_what_strangers_do_not_see_cannot_be_joined(issue: Issue, now: datetime, visibility: Visibility) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="особисті дані")
    with pytest.raises(JoinRefusedError, match="unseen"):
        join(issue=issue, voice=PHONE, at=now)


@pytest.mark.parametrize("row", [{}, {"voice": ""}, {"user": True, "voice": "c" * 64}])
def test_database_refuses_a_supporter_without_exactly_one_voice(
    issue: Issue, serhii: User, now: datetime, row: dict[str, object]
) -> None:
    given = row | ({"user": serhii} if row.get("user") else {})
    with pytest.raises(IntegrityError, match="supporter_has_one_voice"), transaction.atomic():
        Supporter.objects.create(community=issue.community, issue=issue, created_at=now, **given)


def test_database_refuses_a_second_author(issue: Issue, now: datetime) -> None:
    given = {"community": issue.community, "issue": issue, "created_at": now, "is_author": True}
    Supporter.objects.create(voice="d" * 64, **given)
    with pytest.raises(IntegrityError, match="supporter_one_author"), transaction.atomic():
        Supporter.objects.create(voice="e" * 64, **given)


@pytest.mark.django_db(transaction=True)
def test_eight_presses_at_once_are_one_voice(issue: Issue, city: City, now: datetime) -> None:
    outcomes = at_once(
        [lambda: join(issue=issue, voice=PHONE, at=now) for _press in range(8)], community=city.community
    )
    assert sorted(outcomes) == [False] * 7 + [True]
    assert Supporter.objects.filter(voice=PHONE.digest).count() == 1


@pytest.mark.django_db(transaction=True)
def test_database_itself_keeps_one_voice_of_eight_rows_written_at_once(
    issue: Issue, city: City, serhii: User, now: datetime
) -> None:
    voices: tuple[dict[str, object], ...] = ({"voice": PHONE.digest}, {"user": serhii})
    for voice in voices:

        def write(given: dict[str, object] = voice) -> object:
            return Supporter.objects.create(community=city.community, issue=issue, created_at=now, **given)

        outcomes = at_once([write] * 8, community=city.community)
        assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 7
        assert Supporter.objects.filter(**voice).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_closing_and_joining_at_once_nobody_joins_what_is_closed(
    issue: Issue, delivery: Delivery, city: City, later: datetime
) -> None:
    joined, _closed = at_once(
        [
            lambda: join(issue=issue, voice=PHONE, at=later),
            lambda: move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later),
        ],
        community=city.community,
    )
    assert joined is True or isinstance(joined, JoinRefusedError)
    assert supporters_of(issue) == (1 if joined is True else 0)


# On the public page ------------------------------------------------------------------------------------------------


def test_stranger_joins_with_one_press_and_takes_it_back(client: Client, issue: Issue) -> None:
    assert "Підтримали" not in client.get(PAGE).content.decode()
    client.post(PRESS, {"do": "join"})
    page = client.get(PAGE)
    assert page.context["support"]["has_joined"]
    assert supporters_of(issue) == 1
    client.post(PRESS, {"do": "leave"})
    assert not client.get(PAGE).context["support"]["has_joined"]
    assert supporters_of(issue) == 0


def test_page_gives_the_browser_its_name_and_stays_out_of_shared_caches(client: Client, issue: Issue) -> None:
    page = client.get(PAGE)
    assert "private" in page["Cache-Control"]
    assert device_of(page.wsgi_request) == ""
    assert client.get(PAGE).wsgi_request.COOKIES["misto_device"]


def test_browser_without_cookies_is_told_why_it_is_not_counted(client: Client, issue: Issue) -> None:
    page = client.post(PRESS, {"do": "join"}, follow=True)
    assert [str(message) for message in page.context["messages"]]
    assert supporters_of(issue) == 0


def test_press_from_another_site_counts_nothing(issue: Issue) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(PAGE)
    assert client.post(PRESS, {"do": "join"}).status_code == 403
    assert supporters_of(issue) == 0


def test_opening_the_address_of_the_button_changes_nothing(client: Client, issue: Issue) -> None:
    assert client.get(PRESS).status_code == 405


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_even_staff_join_nothing_that_strangers_do_not_see(
    client: Client, issue: Issue, marta: User, visibility: Visibility
) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="особисті дані")
    client.force_login(marta)
    assert client.get(PAGE).status_code == 200
    assert client.post(PRESS, {"do": "join"}).status_code == 404
    assert supporters_of(issue) == 0


def test_report_is_not_joined_through_another_community(client: Client, issue: Issue, elsewhere: Community) -> None:
    client.get(PAGE)
    assert client.post("/sosnivka/issues/1/support/", {"do": "join"}).status_code == 404
    with scope(community=elsewhere):
        assert Supporter.objects.count() == 0


def test_page_tells_how_many_but_never_who(client: Client, issue: Issue, serhii: User, now: datetime) -> None:
    join(issue=issue, voice=Voice(user=serhii), at=now)
    join(issue=issue, voice=PHONE, at=now)
    page = client.get(PAGE)
    assert page.context["support"]["count"] == 2
    for secret in (serhii.name, serhii.email, PHONE.digest):
        assert secret not in page.content.decode()
    feature = client.get("/api/v1/yavoryn/issues/").json()["features"][0]
    assert feature["properties"]["supporters"] == 2


def test_closed_report_says_that_it_cannot_be_joined(
    client: Client, issue: Issue, delivery: Delivery, later: datetime
) -> None:
    client.get(PAGE)
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    page = client.get(PAGE)
    assert not page.context["support"]["can_join"]
    answer = client.post(PRESS, {"do": "join"}, follow=True)
    assert len(answer.context["messages"]) == 1
    assert supporters_of(issue) == 0
