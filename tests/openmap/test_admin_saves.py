"""A form of the administration pages changes what it shows, as it was shown, and what follows from that."""

import re
from datetime import datetime
from html import unescape
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from core.models import OutboxMessage, Subject, Visibility
from geodata.models import Area, Community
from issues.actions import report_issue
from issues.models import LIMITS, Issue, IssueEvent, IssueSettings
from issues.moves import set_visibility
from issues.states import State
from routing.models import Channel
from tests.accounts.conftest import address
from tests.conftest import City, hole
from tests.core.conftest import until_somebody_waits
from tests.grid import Town
from tests.parallel import at_once

MEANWHILE = "Somebody moved this report meanwhile: look once more."


@pytest.fixture(autouse=True)
def _in_english(client: Client) -> None:
    client.cookies["language"] = "en"


@pytest.fixture
def operator(yavoryn: Community) -> User:
    """Ольга runs the installation."""
    return User.objects.create_superuser("olha@example.org", "yavir-yavir-yavir")


def shown(client: Client, page: str) -> dict[str, str]:
    """The form as a browser would send it back."""
    return filled(client.get(page).content.decode())


def filled(html: str) -> dict[str, str]:
    form = html[html.index('<form action="') if '<form action="' in html else 0 :]
    given = {}
    for tag in re.findall(r"<input[^>]*>", form):
        names = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if names.get("type") not in {"submit", "checkbox", "file"} and "name" in names:
            given[names["name"]] = unescape(names.get("value", ""))
        if names.get("type") == "checkbox" and "checked" in tag and "name" in names:
            given[names["name"]] = "on"
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        given[name] = chosen[1] if chosen else ""
    for name, words in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        given[name] = unescape(words).removeprefix("\n").removeprefix("\r\n")
    return given


# Numbers of reports ------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_settings_saved_while_somebody_reports_leave_the_numbers_alone(
    client: Client, issue: Issue, taras: User, city: City, town: Town, now: datetime
) -> None:
    row, reported = IssueSettings.objects.get(community=city.community), Event()
    client.force_login(taras)

    def report() -> int:
        with transaction.atomic():
            second = report_issue(new=hole(city, town["p"], text="Друга."), community=city.community, at=now)
            reported.set()
            until_somebody_waits()
        return second.number

    def save() -> int:
        reported.wait(timeout=30)
        given = {"hold_new": "on"} | {name: getattr(row, name) for name in LIMITS}
        return client.post(address(IssueSettings, "change", row.pk), given).status_code

    assert at_once([report, save], community=city.community) == [2, 302]
    row.refresh_from_db()
    assert (row.hold_new, row.last_number) == (True, 2)


@pytest.mark.parametrize("who", ["taras", "operator"])
def test_settings_that_keep_the_last_number_are_deleted_by_nobody(
    client: Client, request: pytest.FixtureRequest, issue: Issue, who: str
) -> None:
    row = IssueSettings.objects.get()
    client.force_login(request.getfixturevalue(who))
    assert client.post(address(IssueSettings, "delete", row.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(address(IssueSettings, "changelist"), chosen)
    assert IssueSettings.objects.get() == row


@pytest.mark.parametrize("damage", ["gone", "behind"])
def test_number_in_use_is_not_given_again_whatever_happened_to_the_settings(
    issue: Issue, city: City, town: Town, now: datetime, damage: str
) -> None:
    if damage == "gone":
        IssueSettings.objects.all().delete()
    else:
        IssueSettings.objects.update(last_number=0)
    numbers = [
        report_issue(new=hole(city, town["p"], text=text), community=city.community, at=now).number
        for text in ("Друга.", "Третя.")
    ]
    assert numbers == [2, 3]


def test_number_of_the_newest_report_is_not_given_again_after_it_was_deleted(
    issue: Issue, city: City, town: Town, now: datetime
) -> None:
    IssueSettings.objects.update(last_number=7)
    assert report_issue(new=hole(city, town["p"], text="Друга."), community=city.community, at=now).number == 8


# What the form does not show ---------------------------------------------------------------------------------
def test_saving_a_person_brings_no_old_password_back(
    client: Client, operator: User, taras: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(person: User) -> None:
        """While the operator's request is on its way, Тарас changes his password."""
        changed = User.objects.get(pk=person.pk)
        changed.set_password("nova-nova-nova")
        changed.save()

    client.force_login(operator)
    monkeypatch.setattr(User, "clean", meanwhile)
    form = {"email": taras.email, "name": "Тарас Ш.", "is_active": "on", "is_staff": "on"}
    assert client.post(address(User, "change", taras.pk), form).status_code == 302
    taras.refresh_from_db()
    assert (taras.name, taras.check_password("nova-nova-nova")) == ("Тарас Ш.", True)


def test_saving_an_area_leaves_the_boundary_that_an_import_corrected_meanwhile(
    client: Client, city: City, taras: User, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(area: Area) -> None:
        Area.objects.filter(pk=area.pk).update(boundary=town.area("ABFE"))

    client.force_login(taras)
    monkeypatch.setattr(Area, "clean", meanwhile)
    form = {"name": "Заріччя-1"}
    assert client.post(address(Area, "change", city.zarichchia.pk), form).status_code == 302
    saved = Area.objects.get(pk=city.zarichchia.pk)
    assert (saved.name, saved.boundary.equals(town.area("ABFE"))) == ("Заріччя-1", True)


# An old page of a report -------------------------------------------------------------------------------------
@pytest.fixture
def page(issue: Issue) -> str:
    return address(Issue, "change", issue.pk)


def hide(issue: Issue, by: User, now: datetime, reason: str = "Персональні дані.") -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason=reason, user=by, at=now)


def who_sees(issue: Issue) -> tuple[str, str]:
    subject = Subject.objects.get(pk=issue.subject_id)
    return subject.visibility, subject.hidden_reason


def test_move_from_a_page_that_is_older_than_the_hiding_does_not_publish(
    client: Client, marta: User, taras: User, issue: Issue, page: str, now: datetime
) -> None:
    client.force_login(marta)
    old = shown(client, page) | {"to": "rejected", "words": "Це приватний двір."}
    hide(issue, taras, now)
    answer = client.post(page, old)
    assert who_sees(issue) == (Visibility.HIDDEN, "Персональні дані.")
    assert MEANWHILE in answer.content.decode()
    again = filled(answer.content.decode())
    assert (again["to"], again["words"]) == ("rejected", "Це приватний двір."), "nothing that was typed is lost"
    assert (again["visibility"], again["reason"]) == (Visibility.HIDDEN, "Персональні дані."), "as it is now"
    assert client.post(page, again).status_code == 302
    assert who_sees(issue) == (Visibility.HIDDEN, "Персональні дані.")
    assert Issue.objects.get(pk=issue.pk).state == State.REJECTED


def test_choice_made_on_an_old_page_is_kept_and_made_again_knowingly(
    client: Client, marta: User, taras: User, issue: Issue, page: str, now: datetime
) -> None:
    client.force_login(marta)
    old = shown(client, page) | {"visibility": "coarse"}
    hide(issue, taras, now)
    answer = client.post(page, old).content.decode()
    assert who_sees(issue)[0] == Visibility.HIDDEN
    assert MEANWHILE in answer
    assert "visibility: hidden" in answer
    again = filled(answer)
    assert again["visibility"] == "coarse"
    assert client.post(page, again).status_code == 302
    assert who_sees(issue) == (Visibility.COARSE, "")


def test_reason_from_an_old_page_does_not_replace_a_newer_one(
    client: Client, marta: User, taras: User, issue: Issue, page: str, now: datetime
) -> None:
    hide(issue, taras, now, "Перша причина.")
    client.force_login(marta)
    old = shown(client, page)
    hide(issue, taras, now, "Друга причина.")
    assert MEANWHILE in client.post(page, old).content.decode()
    assert who_sees(issue) == (Visibility.HIDDEN, "Друга причина.")


def test_hidden_report_comes_back_only_from_a_page_that_showed_it_hidden(
    client: Client, marta: User, taras: User, issue: Issue, page: str, now: datetime
) -> None:
    hide(issue, taras, now)
    client.force_login(marta)
    assert MEANWHILE in client.post(page, {"visibility": "public", "reason": ""}).content.decode()
    assert who_sees(issue)[0] == Visibility.HIDDEN
    assert client.post(page, shown(client, page) | {"visibility": "public"}).status_code == 302
    assert who_sees(issue) == (Visibility.PUBLIC, "")


def test_page_that_is_not_old_changes_what_it_says_and_nothing_else(
    client: Client, marta: User, issue: Issue, page: str
) -> None:
    client.force_login(marta)
    before = IssueEvent.objects.count()
    assert client.post(page, shown(client, page)).status_code == 302
    assert IssueEvent.objects.count() == before
    assert client.post(page, shown(client, page) | {"visibility": "hidden", "reason": "Образа."}).status_code == 302
    assert who_sees(issue) == (Visibility.HIDDEN, "Образа.")


def test_held_report_that_was_hidden_while_others_were_published_stays_hidden(
    client: Client,
    marta: User,
    taras: User,
    issue: Issue,
    city: City,
    town: Town,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report_issue(new=hole(city, town["p"], text="Друга."), community=city.community, at=now)
    Subject.objects.update(visibility=Visibility.HELD)
    first = Issue.objects.latest("number")  # the list begins with it

    def meanwhile(**given: Any) -> None:
        set_visibility(**given)
        if given["issue"] == first:
            hide(issue, taras, now)

    monkeypatch.setattr("openmap.admin_reports.set_visibility", meanwhile)
    client.force_login(marta)
    client.post(address(Issue, "changelist"), {"action": "publish", "_selected_action": [first.pk, issue.pk]})
    assert who_sees(first)[0] == Visibility.PUBLIC
    assert who_sees(issue)[0] == Visibility.HIDDEN


# Addresses of organisations ----------------------------------------------------------------------------------
def letter_to_roads() -> OutboxMessage:
    return OutboxMessage.objects.get(audience="organisation")


@pytest.fixture
def channel(issue: Issue, city: City) -> Channel:
    """Of Яворинавтодор, to whom a letter waits."""
    return Channel.objects.get(organisation=city.road_service)


def test_waiting_letters_follow_an_address_that_was_corrected(client: Client, taras: User, channel: Channel) -> None:
    client.force_login(taras)
    page = address(Channel, "change", channel.pk)
    assert client.post(page, shown(client, page) | {"address": "new@example.org"}).status_code == 302
    assert letter_to_roads().recipient == "new@example.org"


def test_waiting_letters_end_in_sight_when_the_only_channel_is_ended(
    client: Client, taras: User, channel: Channel
) -> None:
    client.force_login(taras)
    page = address(Channel, "change", channel.pk)
    form = shown(client, page)
    del form["is_active"]
    assert client.post(page, form).status_code == 302
    assert (letter_to_roads().failure, letter_to_roads().last_error) == ("ours", "the organisation has no address here")


@pytest.mark.parametrize("how", ["its page", "the list"])
def test_waiting_letters_do_not_go_to_the_address_of_a_deleted_channel(
    client: Client, taras: User, channel: Channel, how: str
) -> None:
    client.force_login(taras)
    if how == "its page":
        client.post(address(Channel, "delete", channel.pk), {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [channel.pk], "post": "yes"}
        client.post(address(Channel, "changelist"), chosen)
    assert not Channel.objects.filter(pk=channel.pk).exists()
    assert letter_to_roads().dead_at


def test_saving_a_channel_unchanged_changes_no_letter(client: Client, taras: User, channel: Channel) -> None:
    before = OutboxMessage.objects.order_by("id").values()
    client.force_login(taras)
    page = address(Channel, "change", channel.pk)
    assert client.post(page, shown(client, page)).status_code == 302
    assert list(OutboxMessage.objects.order_by("id").values()) == list(before)


def test_dead_letter_without_a_channel_stays_and_staff_hear_of_it(
    client: Client, taras: User, channel: Channel, now: datetime
) -> None:
    OutboxMessage.objects.filter(audience="organisation").update(dead_at=now)
    Channel.objects.filter(pk=channel.pk).update(is_active=False)
    client.force_login(taras)
    chosen = {"action": "send_again", "_selected_action": [letter_to_roads().pk]}
    answer = client.post(address(OutboxMessage, "changelist"), chosen, follow=True).content.decode()
    assert "Not sent: 1. The organisation has no active channel here: add one first." in answer
    assert "on their way" not in answer
    assert letter_to_roads().dead_at == now


# The address of a community ----------------------------------------------------------------------------------
def test_only_operators_change_the_address_of_a_community_and_are_warned(
    client: Client, taras: User, operator: User, city: City
) -> None:
    page = address(Community, "change", city.community.pk)
    client.force_login(taras)
    form = shown(client, page)
    assert "slug" not in form
    assert client.post(page, form | {"slug": "misto", "name": "Яворин"}).status_code == 302
    saved = Community.objects.get(pk=city.community.pk)
    assert (saved.slug, saved.name) == ("yavoryn", "Яворин")
    client.force_login(operator)
    assert "the secret links that were sent stop working" in client.get(page).content.decode()
    assert client.post(page, shown(client, page) | {"slug": "misto"}).status_code == 302
    assert Community.objects.get(pk=city.community.pk).slug == "misto"
