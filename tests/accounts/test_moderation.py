"""What moderators and administrators do with reports, links and letters in the administration pages."""

from datetime import datetime

import pytest
from django.db.models import Model
from django.test import Client
from django_scopes import scope

from accounts.models import User
from core.models import OutboxMessage, Subject, Token, Visibility
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue, IssueEvent
from issues.moves import add_by_reporter, not_ours
from issues.states import State
from routing.models import CommunityRouting, Delivery
from tests.accounts.conftest import address
from tests.conftest import City, hole
from tests.grid import Town

UNCHANGED = {"visibility": "public", "reason": ""}


@pytest.fixture
def another(city: City, town: Town, full: Community, now: datetime) -> Issue:
    """A second report about the same hole."""
    with scope(community=full):
        return report_issue(new=hole(city, town["p"], email=""), community=full, at=now)


def state_of(issue: Issue) -> str:
    return Issue.objects.get(pk=issue.pk).state


def errors_of(answer: object) -> set[str]:
    return set(answer.context["adminform"].form.errors)  # type: ignore[attr-defined]


# Who sees a report -------------------------------------------------------------------------------------------
def test_publishing_leaves_coarse_and_hidden_reports_as_they_were(
    client: Client, marta: User, issue: Issue, full: Community
) -> None:
    client.force_login(marta)
    for visibility in (Visibility.COARSE, Visibility.HIDDEN):
        Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="Образа.")
        client.post(address(Issue, "changelist"), {"action": "publish", "_selected_action": [issue.pk]})
        assert Subject.objects.get(pk=issue.subject_id).visibility == visibility
    assert not IssueEvent.objects.filter(kind="visibility").exists()


@pytest.mark.parametrize(("visibility", "reason"), [("public", ""), ("public", "марно"), ("hidden", "Образа.")])
def test_saving_a_report_unchanged_is_no_event(
    client: Client, marta: User, issue: Issue, full: Community, visibility: str, reason: str
) -> None:
    hidden_reason = reason if visibility == "hidden" else ""
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason=hidden_reason)
    before = IssueEvent.objects.count()
    client.force_login(marta)
    saved = client.post(address(Issue, "change", issue.pk), {"visibility": visibility, "reason": reason})
    assert saved.status_code == 302
    assert IssueEvent.objects.count() == before


# Moves -------------------------------------------------------------------------------------------------------
def test_moderator_closes_a_duplicate_and_names_its_original(
    client: Client, marta: User, issue: Issue, another: Issue
) -> None:
    client.force_login(marta)
    form = UNCHANGED | {"to": "duplicate", "original": str(issue.number)}
    assert client.post(address(Issue, "change", another.pk), form).status_code == 302
    closed = Issue.objects.get(pk=another.pk)
    assert (closed.state, closed.duplicate_of) == (State.DUPLICATE, issue)
    assert IssueEvent.objects.get(issue=another, now="duplicate").user == marta


def test_duplicate_needs_another_report_of_the_same_community(
    client: Client, marta: User, city: City, issue: Issue, another: Issue, elsewhere: Community, town: Town
) -> None:
    subject = Subject.objects.create(community=elsewhere, kind="issue")
    theirs = Issue.objects.get(pk=issue.pk)
    theirs.pk, theirs.subject, theirs.community, theirs.number = None, subject, elsewhere, 77
    theirs.save()
    client.force_login(marta)
    page = address(Issue, "change", another.pk)
    for number in ("", str(another.number), "77", "999", "0", "nine", "99999999999999999999"):
        assert errors_of(client.post(page, UNCHANGED | {"to": "duplicate", "original": number})) == {"original"}
    Issue.objects.filter(pk=issue.pk).update(state=State.DUPLICATE)
    form = UNCHANGED | {"to": "duplicate", "original": str(issue.number)}
    assert errors_of(client.post(page, form)) == {"original"}
    assert state_of(another) == State.NEW


def test_moderator_rejects_with_words_and_reopens_with_words(
    client: Client, marta: User, issue: Issue, full: Community
) -> None:
    client.force_login(marta)
    page = address(Issue, "change", issue.pk)
    assert errors_of(client.post(page, UNCHANGED | {"to": "rejected", "words": " "})) == {"words"}
    assert client.post(page, UNCHANGED | {"to": "rejected", "words": "Це приватний двір."}).status_code == 302
    rejected = IssueEvent.objects.get(issue=issue, now="rejected")
    assert (rejected.by, rejected.words and rejected.words.text) == ("staff", "Це приватний двір.")
    assert errors_of(client.post(page, UNCHANGED | {"to": "reopened"})) == {"words"}
    assert client.post(page, UNCHANGED | {"to": "reopened", "words": "Двір спільний."}).status_code == 302
    assert state_of(issue) == State.REOPENED


def test_moderator_withdraws_for_the_reporter(client: Client, marta: User, issue: Issue, full: Community) -> None:
    client.force_login(marta)
    assert client.post(address(Issue, "change", issue.pk), UNCHANGED | {"to": "withdrawn"}).status_code == 302
    assert state_of(issue) == State.WITHDRAWN


@pytest.mark.parametrize("to", ["reopened", "done", "confirmed", "nowhere", "\0"])
def test_moderator_makes_only_moves_that_the_workflow_has(
    client: Client, marta: User, issue: Issue, full: Community, to: str
) -> None:
    client.force_login(marta)
    answer = client.post(address(Issue, "change", issue.pk), UNCHANGED | {"to": to, "words": "Бо так."})
    assert errors_of(answer) == {"to"}
    assert state_of(issue) == State.NEW


def test_words_without_a_move_are_not_lost_silently(client: Client, marta: User, issue: Issue, full: Community) -> None:
    client.force_login(marta)
    answer = client.post(address(Issue, "change", issue.pk), UNCHANGED | {"words": "Скоро зробимо."})
    assert errors_of(answer) == {"to"}


def test_another_communitys_administrator_moves_nothing(
    client: Client, lesia: User, issue: Issue, full: Community
) -> None:
    client.force_login(lesia)
    client.post(address(Issue, "change", issue.pk), UNCHANGED | {"to": "withdrawn"})
    assert state_of(issue) == State.NEW


# Words -------------------------------------------------------------------------------------------------------
@pytest.fixture
def told(issue: Issue, full: Community, now: datetime) -> IssueEvent:
    """Оля added somebody's telephone to her report."""
    with scope(community=full):
        add_by_reporter(issue=issue, text="Телефон Івана 067 123 45 67", at=now)
        found: IssueEvent = IssueEvent.objects.get(issue=issue, kind="added")
    return found


@pytest.mark.parametrize("who", ["marta", "taras"])
def test_staff_take_the_words_out_of_an_event(
    client: Client, request: pytest.FixtureRequest, told: IssueEvent, who: str
) -> None:
    client.force_login(request.getfixturevalue(who))
    listed = address(IssueEvent, "changelist")
    assert "067 123 45 67" in client.get(listed).content.decode()
    assert client.post(listed, {"action": "redact", "_selected_action": [told.pk]}).status_code == 302
    assert "067 123 45 67" not in client.get(listed).content.decode()
    assert "067 123 45 67" not in client.get("/yavoryn/issues/1/").content.decode()
    assert IssueEvent.objects.get(kind="redacted").user == request.getfixturevalue(who)


def test_another_communitys_staff_redact_nothing(client: Client, lesia: User, told: IssueEvent) -> None:
    client.force_login(lesia)
    client.post(address(IssueEvent, "changelist"), {"action": "redact", "_selected_action": [told.pk]})
    told.refresh_from_db()
    assert told.words
    assert told.words.text == "Телефон Івана 067 123 45 67"


# Links and letters -------------------------------------------------------------------------------------------
def test_administrator_revokes_a_secret_link(client: Client, taras: User, full: Community, now: datetime) -> None:
    token = Token.objects.filter(community=full, purpose="answer").get()
    client.force_login(taras)
    form = {"action": "revoke", "_selected_action": [str(token.pk)]}
    assert client.post(address(Token, "changelist"), form).status_code == 302
    token.refresh_from_db()
    assert not token.is_good(now)


@pytest.mark.parametrize("who", ["lesia", "marta"])
def test_nobody_else_revokes_a_secret_link(
    client: Client, request: pytest.FixtureRequest, full: Community, now: datetime, who: str
) -> None:
    token = Token.objects.filter(community=full, purpose="answer").get()
    client.force_login(request.getfixturevalue(who))
    client.post(address(Token, "changelist"), {"action": "revoke", "_selected_action": [str(token.pk)]})
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize("who", ["taras", "operator"])
def test_reporters_address_is_shown_to_nobody(
    client: Client, request: pytest.FixtureRequest, taras: User, full: Community, now: datetime, who: str
) -> None:
    user = taras if who == "taras" else User.objects.create_superuser("olha@example.org")
    message = OutboxMessage.objects.get(audience="author")
    fault = "550 <olia@example.org>: Recipient address rejected: olia@example.org, unknown"
    OutboxMessage.objects.filter(pk=message.pk).update(last_error=fault, dead_at=now)
    client.force_login(user)
    models: list[tuple[type[Model], object]] = [(OutboxMessage, message.pk)]
    models += [(Issue, Issue.objects.get().pk), (Token, Token.objects.get(purpose="mine").pk)]
    for model, key in models:
        for page in (address(model, "changelist"), address(model, "change", key), address(model, "history", key)):
            answer = client.get(page)
            assert answer.status_code == 200
            assert "olia@example.org" not in answer.content.decode()
    assert (
        "550 &lt;…@…&gt;: Recipient address rejected: …@…, unknown"
        in client.get(address(OutboxMessage, "change", message.pk)).content.decode()
    )


def test_address_of_an_organisation_helps_to_find_its_dead_letters(
    client: Client, taras: User, full: Community
) -> None:
    client.force_login(taras)
    assert "roads@example.org" in client.get(address(OutboxMessage, "changelist")).content.decode()


def test_letters_are_read_by_operators_only(client: Client, taras: User, full: Community) -> None:
    page = address(OutboxMessage, "change", OutboxMessage.objects.get(audience="organisation").pk)
    client.force_login(taras)
    assert "[[secret:" not in client.get(page).content.decode()
    client.force_login(User.objects.create_superuser("olha@example.org"))
    assert "[[secret:" in client.get(page).content.decode()


def test_moderator_gives_a_report_that_nobody_holds_to_somebody(
    client: Client, marta: User, issue: Issue, city: City, now: datetime
) -> None:
    CommunityRouting.objects.all().delete()
    not_ours(delivery=Delivery.objects.get(subject=issue.subject), reason="Не наше.", at=now)
    client.force_login(marta)
    page = client.get(address(Issue, "change", issue.pk))
    assert "place.svg" in page.content.decode()
    assert city.vodokanal in page.context["adminform"].form.fields["give_to"].queryset
    client.post(address(Issue, "change", issue.pk), UNCHANGED | {"give_to": city.vodokanal.pk})
    assert Delivery.objects.standing().get(subject=issue.subject).organisation == city.vodokanal


def test_report_that_somebody_holds_can_be_given_to_nobody_else(client: Client, marta: User, issue: Issue) -> None:
    client.force_login(marta)
    page = client.get(address(Issue, "change", issue.pk))
    assert not page.context["adminform"].form.fields["give_to"].queryset.exists()
