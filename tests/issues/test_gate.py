"""Limits of reports: a friendly word with a time, nothing typed lost, staff free, nobody locked out without scripts."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.translation import gettext
from django_scopes import scope

from accounts.models import User
from core.models import STRANGER, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.gate import NotAdmittedError, Sender, admission, fresh_challenge
from issues.models import Issue, IssueSettings
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.parallel import at_once
from tests.proofs import solved

FORM = "/yavoryn/report/"


@pytest.fixture(autouse=True)
def _morning(_clock_of_the_pages: None) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    return {
        "lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}", "category": "roads", "text": "Яма.", "do": "send",
    }  # fmt: skip


def allow(city: City, **limits: int) -> None:
    IssueSettings.objects.update_or_create(community=city.community, defaults=limits)


def send(client: Client, filled: dict[str, str], **changes: str) -> Any:
    """One more report, as the form sends it after a look at who answers and at what is like it."""
    given = filled | {"key": str(uuid.uuid4())} | changes
    looked = client.post(FORM, given | {"do": "check"}).context
    shown = [one.key for one in looked["similar"]]
    return client.post(FORM, given | {"seen": looked["answerer"].seen, "similar": shown})


def test_past_the_limit_of_a_device_everything_stays_and_the_form_says_when(
    client: Client, city: City, filled: dict[str, str]
) -> None:
    allow(city, device_hour=2)
    client.get(FORM)  # gives the browser its name
    statuses = [send(client, filled).status_code for _time in range(2)]
    refused = send(client, filled, email="olia@example.org", name="Оля")
    assert statuses == [302, 302]
    assert refused.status_code == 429
    assert refused["Retry-After"] == "3601"
    form = refused.context["form"]
    assert "11:00" in form.non_field_errors()[0]
    assert [form[name].value() for name in ("text", "email", "name")] == ["Яма.", "olia@example.org", "Оля"]
    assert refused.context["answerer"].seen
    assert Issue.objects.count() == 2
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        assert send(client, filled).status_code == 302
    assert list(Issue.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_another_device_in_the_same_network_goes_on_until_the_limit_of_the_network(
    city: City, filled: dict[str, str]
) -> None:
    allow(city, device_hour=1, network_hour=2)
    statuses = []
    for _device in range(3):
        client = Client(REMOTE_ADDR="192.0.2.7")
        client.get(FORM)
        statuses.append(send(client, filled).status_code)
    assert statuses == [302, 302, 429]
    assert send(Client(REMOTE_ADDR="192.0.2.8"), filled).status_code == 302


def test_one_address_for_letters_has_a_limit_from_whatever_network(city: City, filled: dict[str, str]) -> None:
    allow(city, email_day=1)
    first = send(Client(REMOTE_ADDR="192.0.2.7"), filled, email="olia@example.org")
    second = send(Client(REMOTE_ADDR="192.0.2.8"), filled, email="Olia@Example.org")
    assert [first.status_code, second.status_code] == [302, 429]


def test_limit_of_a_day_names_the_day(client: Client, city: City, filled: dict[str, str]) -> None:
    allow(city, network_day=1)
    send(client, filled)
    refused = send(client, filled)
    assert "20 листопада" in refused.context["form"].non_field_errors()[0]


def test_report_that_arrived_may_be_sent_again_past_the_limit(
    client: Client, city: City, filled: dict[str, str]
) -> None:
    allow(city, network_hour=1)
    filled["key"] = str(uuid.uuid4())
    first, second = send(client, filled, key=filled["key"]), send(client, filled, key=filled["key"])
    assert first["Location"] == second["Location"]


def test_staff_of_the_community_send_as_much_as_they_want(
    client: Client, city: City, filled: dict[str, str], marta: User
) -> None:
    allow(city, device_hour=1, network_hour=1)
    client.force_login(marta)
    assert [send(client, filled).status_code for _time in range(3)] == [302, 302, 302]


def test_staff_of_another_community_do_not(client: Client, city: City, filled: dict[str, str], lesia: User) -> None:
    allow(city, network_hour=1)
    client.force_login(lesia)
    assert [send(client, filled).status_code for _time in range(2)] == [302, 429]


def test_limits_are_counted_for_each_community(client: Client, city: City, elsewhere: Community) -> None:
    def admit(community: Community) -> bool:
        with scope(community=community):
            kept, _is_new = IssueSettings.objects.get_or_create(community=community, defaults={"network_hour": 1})
            return admission(Sender(network="192.0.2.7"), STRANGER, community=community, at=NOW)(kept)

    admit(city.community)
    admit(elsewhere)
    with pytest.raises(NotAdmittedError):
        admit(city.community)


def test_database_refuses_a_limit_of_nothing(city: City) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        allow(city, device_hour=0)


@pytest.mark.django_db(transaction=True)
def test_of_more_reports_at_once_than_the_limit_exactly_so_many_are_accepted(city: City, town: Town) -> None:
    allow(city, device_hour=4)
    sender = Sender(device="d" * 64, network="192.0.2.7")

    def one_report() -> Issue:
        admit = admission(sender, STRANGER, community=city.community, at=NOW)
        return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=NOW, admit=admit)

    results = at_once([one_report] * 9, community=city.community)
    assert sum(isinstance(result, Issue) for result in results) == 4
    assert sum(isinstance(result, NotAdmittedError) for result in results) == 5
    assert sorted(Issue.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


# Without JavaScript, and with it ----------------------------------------------------------------------------------
def proved(city: City, at: datetime = NOW) -> dict[str, str]:
    challenge = fresh_challenge("192.0.2.7", community=city.community, at=at)
    return {"proof": challenge, "proof_work": solved(challenge)}


def test_without_javascript_a_few_reports_are_public_at_once_and_more_wait_for_a_moderator(
    client: Client, city: City, filled: dict[str, str]
) -> None:
    allow(city, unproved_hour=2)
    pages = [send(client, filled) for _time in range(3)]
    assert [page.status_code for page in pages] == [302, 302, 302]
    seen = [issue.subject.visibility for issue in Issue.objects.select_related("subject").order_by("number")]
    assert seen == [Visibility.PUBLIC, Visibility.PUBLIC, Visibility.HELD]
    receipt = client.get(pages[-1]["Location"]).content.decode()
    assert gettext("Strangers do not see this report yet.") in receipt


def test_work_of_a_browser_makes_reports_public(client: Client, city: City, filled: dict[str, str]) -> None:
    allow(city, unproved_hour=1)
    for _time in range(4):
        send(client, filled, **proved(city))
    assert {issue.subject.visibility for issue in Issue.objects.select_related("subject")} == {Visibility.PUBLIC}


@pytest.mark.parametrize("how", ["used before", "ended", "of another community"])
def test_proof_that_does_not_hold_costs_nobody_their_report(
    client: Client, city: City, elsewhere: Community, filled: dict[str, str], how: str
) -> None:
    allow(city, unproved_hour=1)
    send(client, filled)  # the network has no credit left
    if how == "of another community":
        challenge = fresh_challenge("", community=elsewhere, at=NOW)
        given = {"proof": challenge, "proof_work": solved(challenge)}
    else:
        given = proved(city, at=NOW - timedelta(hours=3 if how == "ended" else 0))
    if how == "used before":
        send(client, filled, **given)
    send(client, filled, text="Ще яма.", **given)
    assert Issue.objects.get(text="Ще яма.").subject.visibility == Visibility.HELD


@pytest.mark.django_db(transaction=True)
def test_one_proof_serves_one_report_when_many_try_it_at_once(city: City, town: Town) -> None:
    allow(city, unproved_hour=1)
    challenge = fresh_challenge("", community=city.community, at=NOW)
    sender = Sender(challenge=challenge, solution=solved(challenge))

    def one_report() -> str:
        admit = admission(sender, STRANGER, community=city.community, at=NOW)
        issue = report_issue(new=hole(city, town["p"], email=""), community=city.community, at=NOW, admit=admit)
        return str(issue.subject.visibility)

    results = at_once([one_report] * 5, community=city.community)
    assert sorted(results) == ["held"] * 3 + ["public"] * 2  # one by the proof, one by the credit of those without


def test_challenge_gets_harder_for_a_network_that_sends_much(
    client: Client, city: City, filled: dict[str, str]
) -> None:
    def bits() -> int:
        answer = client.get(f"{FORM}proof/")
        assert "no-store" in answer["Cache-Control"]
        return int(answer.json()["challenge"].split(".")[1])

    first = bits()
    for _time in range(5):
        send(client, filled)
    assert bits() == first + 1


# The decoy --------------------------------------------------------------------------------------------------------
def test_decoy_that_was_filled_in_is_shown_and_a_person_goes_on(
    client: Client, city: City, filled: dict[str, str]
) -> None:
    page = client.post(FORM, filled | {"homepage": "https://spam.example.org"})
    assert page.status_code == 422
    assert page.context["form"]["text"].value() == "Яма."
    assert Issue.objects.count() == 0
    shown = page.content.decode()
    assert 'class="field decoy"' not in shown
    assert 'id="homepage-error"' in shown
    assert send(client, filled, homepage="").status_code == 302


def test_decoy_is_hidden_until_then(client: Client, city: City) -> None:
    assert '<div class="field decoy"' in client.get(FORM).content.decode()
