"""Who sees a report: everybody a public one, few a held one, fewer a hidden one, by every door."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django_scopes import scopes_disabled
from pytest_django import Settings

from accounts.models import Membership, User
from core.models import STRANGER, OutboxMessage, Subject, Viewer, Visibility
from core.outbox import why_not
from core.tokens import secret_of
from geodata.models import Community
from issues.actions import author_token
from issues.models import Issue
from issues.moves import set_visibility
from routing.models import Delivery
from tests.issues.conftest import link_of
from tests.people import member, person

SEEN = {Visibility.PUBLIC: 200, Visibility.COARSE: 200}
ALL = list(Visibility)


@pytest.fixture
def hide(issue: Issue, marta: User, later: datetime) -> "Hide":
    return Hide(issue, marta, later)


class Hide:
    """A moderator sets who sees the report."""

    def __init__(self, issue: Issue, moderator: User, at: datetime) -> None:
        self.issue, self.moderator, self.at = issue, moderator, at

    def __call__(self, visibility: Visibility) -> None:
        set_visibility(issue=self.issue, visibility=visibility, reason="Образа.", user=self.moderator, at=self.at)


@pytest.mark.parametrize("visibility", ALL)
def test_stranger_sees_what_is_on_the_map(client: Client, issue: Issue, hide: Hide, visibility: Visibility) -> None:
    hide(visibility)
    assert client.get("/yavoryn/issues/1/").status_code == SEEN.get(visibility, 404)
    listed = "Яма на переході" in client.get("/yavoryn/list/").content.decode()
    marked = client.get("/yavoryn/marks.geojson?box=28.4,49.2,28.6,49.3&zoom=18").json()["total"] == 1
    assert listed == marked == (visibility in SEEN)


@pytest.mark.parametrize("visibility", ALL)
def test_stranger_with_an_account_sees_no_more(
    client: Client, issue: Issue, hide: Hide, serhii: User, visibility: Visibility
) -> None:
    hide(visibility)
    client.force_login(serhii)
    assert client.get("/yavoryn/issues/1/").status_code == SEEN.get(visibility, 404)


@pytest.mark.parametrize("visibility", ALL)
def test_author_sees_their_report_by_the_secret_link(
    client: Client, issue: Issue, hide: Hide, visibility: Visibility
) -> None:
    hide(visibility)
    assert client.get(f"/yavoryn/mine/{secret_of(author_token(issue))}/").status_code == 200


def test_authors_link_opens_after_the_key_of_the_service_was_changed(
    client: Client, issue: Issue, settings: Settings
) -> None:
    page = f"/yavoryn/mine/{secret_of(author_token(issue))}/"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 6, []
    answer = client.get(page)
    assert answer.status_code == 200
    assert answer.context["secret_url"].endswith(page)


@pytest.mark.parametrize("visibility", ALL)
def test_organisation_sees_a_held_report_and_no_hidden_one(
    client: Client, issue: Issue, delivery: Delivery, hide: Hide, visibility: Visibility
) -> None:
    hide(visibility)
    page = f"/yavoryn/answer/{secret_of(link_of(delivery))}/"
    hidden = visibility == Visibility.HIDDEN
    assert client.get(page).status_code == (410 if hidden else 200)
    assert ("Машини об’їжджають" in client.get(page).content.decode()) is not hidden
    assert client.post(page, {"do": "accept"}).status_code == (410 if hidden else 302)


@pytest.mark.parametrize("visibility", ALL)
def test_moderator_sees_everything_of_their_community(
    client: Client, issue: Issue, hide: Hide, marta: User, visibility: Visibility
) -> None:
    hide(visibility)
    client.force_login(marta)
    assert client.get("/yavoryn/issues/1/").status_code == 200


@pytest.mark.parametrize("role", [Membership.Role.MODERATOR, Membership.Role.ADMINISTRATOR])
@pytest.mark.parametrize("visibility", ALL)
def test_staff_of_another_community_sees_no_more_than_a_stranger(
    client: Client, issue: Issue, hide: Hide, elsewhere: Community, role: Membership.Role, visibility: Visibility
) -> None:
    hide(visibility)
    with scopes_disabled():
        client.force_login(member("ihor", elsewhere, role))
    assert client.get("/yavoryn/issues/1/").status_code == SEEN.get(visibility, 404)


def test_dispatcher_of_an_organisation_is_no_moderator(
    client: Client, issue: Issue, hide: Hide, delivery: Delivery, inside: Community
) -> None:
    client.force_login(member("bohdan", inside, Membership.Role.DISPATCHER, delivery.organisation))
    hide(Visibility.HIDDEN)
    assert client.get("/yavoryn/issues/1/").status_code == 404


def test_moderator_who_was_dismissed_sees_no_more(client: Client, issue: Issue, hide: Hide, marta: User) -> None:
    hide(Visibility.HELD)
    client.force_login(marta)
    Membership.objects.filter(user=marta).delete()
    assert client.get("/yavoryn/issues/1/").status_code == 404


def test_operator_sees_everything(client: Client, issue: Issue, hide: Hide) -> None:
    hide(Visibility.HIDDEN)
    operator = person("olha", staff=True)
    operator.is_superuser = True
    operator.save()
    client.force_login(operator)
    assert client.get("/yavoryn/issues/1/").status_code == 200


def without_secrets(page: bytes) -> str:
    """The page without its form secret, which is another each time."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", page.decode())


def test_number_that_is_hidden_looks_like_one_that_never_was(client: Client, issue: Issue, hide: Hide) -> None:
    hide(Visibility.HIDDEN)
    hidden, never = client.get("/yavoryn/issues/1/"), client.get("/yavoryn/issues/999/")
    assert hidden.status_code == never.status_code == 404
    assert without_secrets(hidden.content).replace("/1/", "/999/") == without_secrets(never.content)


@pytest.mark.parametrize(
    ("visibility", "leave"),
    [
        (Visibility.PUBLIC, {"organisation", "author"}),
        (Visibility.COARSE, {"organisation", "author"}),
        (Visibility.HELD, {"organisation", "author"}),
        (Visibility.HIDDEN, {"author"}),
    ],
)
def test_letters_of_a_report_ask_again_when_they_are_sent(
    issue: Issue, hide: Hide, visibility: Visibility, leave: set[str]
) -> None:
    hide(visibility)
    messages = OutboxMessage.objects.select_related("subject")
    assert {message.audience for message in messages if not why_not(message)} == leave


@pytest.mark.parametrize("visibility", ALL)
@pytest.mark.parametrize("who", ["stranger", "staff", "other staff", "author", "operator"])
def test_question_for_one_row_and_for_many_have_one_answer(
    issue: Issue, hide: Hide, elsewhere: Community, who: str, visibility: Visibility
) -> None:
    hide(visibility)
    viewer = {
        "stranger": STRANGER,
        "staff": Viewer(staff_of=frozenset({issue.community_id})),
        "other staff": Viewer(staff_of=frozenset({elsewhere.pk})),
        "author": Viewer(author_of=frozenset({issue.subject_id})),
        "operator": Viewer(everywhere=True),
    }[who]
    one = Subject.objects.get(pk=issue.subject_id).is_visible_to(viewer)
    assert Issue.objects.visible_to(viewer).filter(pk=issue.pk).exists() is one
    assert Subject.objects.visible_to(viewer).filter(pk=issue.subject_id).exists() is one
