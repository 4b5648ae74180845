"""The pages of a report: the public one, the author's and the organisation's."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import OutboxMessage, Subject, Token, Visibility
from core.outbox import send_due
from core.tokens import revoke_token, secret_of
from issues.actions import author_token
from issues.models import Issue, IssueEvent
from issues.states import State
from routing.models import Delivery
from tests.conftest import NOW, City
from tests.issues.conftest import answer_page, author_page, link_of
from tests.photos import upload

pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        yield


@pytest.fixture
def delivery(issue: Issue) -> Delivery:
    found: Delivery = Delivery.objects.get(subject=issue.subject)
    return found


def set_visibility(issue: Issue, visibility: Visibility) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="spam")


def test_stranger_reads_a_public_report(client: Client, issue: Issue) -> None:
    page = client.get(issue.get_absolute_url())
    assert page.status_code == 200
    assert "Яма на переході" in page.content.decode()


def test_public_page_never_shows_the_reporters_address(client: Client, issue: Issue) -> None:
    assert "olia@example.org" not in client.get(issue.get_absolute_url()).content.decode()


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_stranger_does_not_learn_that_a_held_or_hidden_report_exists(
    client: Client, issue: Issue, serhii: User, visibility: Visibility
) -> None:
    set_visibility(issue, visibility)
    assert client.get(issue.get_absolute_url()).status_code == 404
    client.force_login(serhii)
    assert client.get(issue.get_absolute_url()).status_code == 404


def test_moderator_reads_a_held_report_and_another_communitys_staff_does_not(
    client: Client, issue: Issue, marta: User, lesia: User
) -> None:
    set_visibility(issue, Visibility.HELD)
    client.force_login(lesia)
    assert client.get(issue.get_absolute_url()).status_code == 404
    client.force_login(marta)
    assert client.get(issue.get_absolute_url()).status_code == 200


def test_number_of_another_community_is_not_found(client: Client, issue: Issue, elsewhere: object) -> None:
    assert client.get("/sosnivka/issues/1/").status_code == 404


def test_each_recipient_shows_how_far_the_report_came(client: Client, issue: Issue, city: City) -> None:
    page = client.get(issue.get_absolute_url())
    assert [(row.organisation, row.state) for row in page.context["deliveries"]] == [(city.road_service, "queued")]
    send_due(clock=lambda: NOW + timedelta(minutes=2))
    row = client.get(issue.get_absolute_url()).context["deliveries"][0]
    assert (row.state, row.at) == ("delivered", NOW + timedelta(minutes=2))


def test_failed_delivery_shows_its_reason_without_addresses(client: Client, issue: Issue, delivery: Delivery) -> None:
    OutboxMessage.objects.filter(delivery=delivery).update(
        dead_at=NOW, failure="refused", last_error="SMTP 550 <roads@example.org> no such user"
    )
    page = client.get(issue.get_absolute_url())
    row = page.context["deliveries"][0]
    assert row.state == "failed"
    assert row.reason
    assert "roads@example.org" not in page.content.decode()


def test_author_sees_the_receipt_and_the_held_notice(client: Client, issue: Issue) -> None:
    set_visibility(issue, Visibility.HELD)
    page = client.get(author_page(issue) + "?new")
    assert page.context["is_new"]
    assert page.context["held"]
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in page.headers["X-Robots-Tag"]


def test_unknown_secret_is_not_found(client: Client, issue: Issue) -> None:
    for name in ("mine", "answer"):
        assert client.get(reverse(name, args=["yavoryn", "A" * 43])).status_code == 404
        assert client.get(reverse(name, args=["yavoryn", "short"])).status_code == 404


def test_authors_link_does_not_open_the_organisations_page(client: Client, issue: Issue) -> None:
    secret = secret_of(author_token(issue))
    assert client.get(reverse("answer", args=["yavoryn", secret])).status_code == 404


def test_secret_link_of_another_community_is_not_found(client: Client, issue: Issue, elsewhere: object) -> None:
    assert client.get(reverse("mine", args=["sosnivka", secret_of(author_token(issue))])).status_code == 404


def test_expired_and_revoked_links_say_so_and_change_nothing(client: Client, issue: Issue, delivery: Delivery) -> None:
    address = answer_page(delivery)
    with time_machine.travel(NOW + timedelta(days=181), tick=False):
        expired = client.post(address, {"do": "accept"})
    assert (expired.status_code, expired.context["link_state"]) == (410, "expired")
    revoke_token(link_of(delivery), at=NOW)
    revoked = client.post(address, {"do": "accept"})
    assert (revoked.status_code, revoked.context["link_state"]) == (410, "revoked")
    issue.refresh_from_db()
    assert issue.state == State.NEW


def test_program_that_opens_every_link_changes_nothing(client: Client, issue: Issue, delivery: Delivery) -> None:
    before = (IssueEvent.objects.count(), OutboxMessage.objects.count(), Token.objects.count())
    for address in (answer_page(delivery), author_page(issue)):
        for query in ("", "?do=accept", "?do=withdraw&text=x", "?do=refuse&text=x"):
            assert client.get(address + query).status_code == 200
            assert client.head(address + query).status_code == 200
    issue.refresh_from_db()
    assert issue.state == State.NEW
    assert (IssueEvent.objects.count(), OutboxMessage.objects.count(), Token.objects.count()) == before


def test_organisation_accepts_works_and_finishes(client: Client, issue: Issue, delivery: Delivery) -> None:
    address = answer_page(delivery)
    for do, state in (("accept", "accepted"), ("start", "in_progress"), ("finish", "done")):
        assert client.post(address, {"do": do, "text": "Засипали щебенем."}).status_code == 302
        issue.refresh_from_db()
        assert issue.state == state
    assert client.get(issue.get_absolute_url()).context["deliveries"][0].state == "answered"


def test_finishing_needs_words_and_keeps_what_was_typed(client: Client, delivery: Delivery) -> None:
    page = client.post(answer_page(delivery), {"do": "finish", "text": "   "})
    assert page.status_code == 422
    assert page.context["form"].errors["text"]


def test_not_ours_goes_to_the_next_and_ends_the_link(
    client: Client, issue: Issue, delivery: Delivery, city: City
) -> None:
    address = answer_page(delivery)
    assert client.post(address, {"do": "refuse", "text": "Це двір будинку."}).status_code == 302
    states = {row.organisation: row.state for row in client.get(issue.get_absolute_url()).context["deliveries"]}
    assert states == {city.road_service: "refused", city.council: "queued"}
    assert client.get(address).status_code == 410


def test_author_confirms_or_reopens_what_is_done(client: Client, issue: Issue, delivery: Delivery) -> None:
    client.post(answer_page(delivery), {"do": "finish", "text": "Готово."})
    page = client.get(author_page(issue))
    assert page.context["may"] == {"confirm", "reopen"}
    client.post(author_page(issue), {"do": "reopen", "text": "Яма на місці."})
    issue.refresh_from_db()
    assert issue.state == State.REOPENED


def test_author_withdraws(client: Client, issue: Issue) -> None:
    client.post(author_page(issue), {"do": "withdraw"})
    issue.refresh_from_db()
    assert issue.state == State.WITHDRAWN
    assert client.get(author_page(issue)).context["may"] == set()


def test_move_that_is_no_longer_possible_is_refused_in_words(client: Client, issue: Issue) -> None:
    page = client.post(author_page(issue), {"do": "confirm"})
    assert page.status_code == 422
    assert page.context["form"].errors["text"]


def test_timeline_tells_the_newest_first(client: Client, issue: Issue, delivery: Delivery) -> None:
    client.post(answer_page(delivery), {"do": "accept"})
    events = client.get(issue.get_absolute_url()).context["events"]
    assert [event.kind for event in events] == ["moved", "sent", "reported"]


def test_coarse_report_shows_no_true_place_to_strangers(client: Client, issue: Issue) -> None:
    set_visibility(issue, Visibility.COARSE)
    text = client.get(issue.get_absolute_url()).content.decode()
    assert not re.search(f"{issue.location.x:.4f}", text)
    lon, _lat = client.get(issue.get_absolute_url()).context["public_point"]
    assert round(lon % 0.01, 6) == 0.005


def test_words_typed_into_a_page_whose_link_ended_come_back(client: Client, delivery: Delivery) -> None:
    address = answer_page(delivery)
    revoke_token(link_of(delivery), at=NOW)
    page = client.post(address, {"do": "finish", "text": "Засипали щебенем."})
    assert page.status_code == 410
    assert "Засипали щебенем." in page.content.decode()


def test_empty_answer_with_a_bad_file_is_refused_in_words(client: Client, delivery: Delivery) -> None:
    page = client.post(answer_page(delivery), {"photo": upload(b"no picture")})
    assert page.status_code == 422
    assert page.context["form"].errors["text"]
