"""The administration pages: staff see their own community's rows, operators see all, nobody else gets in."""

from datetime import datetime

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client

from accounts.models import Membership, User
from core.models import OutboxMessage, Subject, Visibility
from geodata.models import Community, Unit
from issues.models import Issue, IssueEvent
from media.models import Photo
from openmap.admin_addresses import Imported
from openmap.admin_site import ReadOnly, ScopedAdmin
from routing.models import Category, Rule
from routing.rulesets import new_draft
from tests.accounts.conftest import address, label, row_of
from tests.conftest import City
from tests.people import member, person

REGISTERED = list(admin.site._registry)
SCOPED = [model for model in REGISTERED if isinstance(admin.site._registry[model], ScopedAdmin)]
WRITTEN_BY_PEOPLE = [model for model in SCOPED if not isinstance(admin.site._registry[model], ReadOnly | Imported)]
FOR_OPERATORS = [model for model in REGISTERED if model not in SCOPED]
GONE = {302, 403, 404}  # 302: to the index, with words that there is no such row


def test_every_model_of_a_community_is_narrowed_to_it() -> None:
    for model in FOR_OPERATORS:
        known = {"accounts.User", "accounts.Organisation", "accounts.Membership", "core.SendingLimit", "geodata.Unit"}
        assert label(model) in known
    assert len(SCOPED) > 10


@pytest.mark.parametrize("model", REGISTERED, ids=label)
def test_signed_out_visitor_is_sent_to_the_door(client: Client, model: type[Model], db: None) -> None:
    answer = client.get(address(model, "changelist"))
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("model", REGISTERED, ids=label)
def test_stranger_with_an_account_is_sent_to_the_door(
    client: Client, serhii: User, full: Community, model: type[Model]
) -> None:
    client.force_login(serhii)
    row = row_of(model, full)
    for page in (address(model, "changelist"), address(model, "change", row.pk), address(model, "add")):
        answer = client.get(page)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("model", REGISTERED, ids=label)
def test_another_communitys_administrator_sees_none_of_its_rows(
    client: Client, lesia: User, full: Community, model: type[Model]
) -> None:
    client.force_login(lesia)
    row = row_of(model, full)
    listed = client.get(address(model, "changelist"))
    assert listed.status_code in {200, *GONE}
    if listed.status_code == 200:
        assert row not in listed.context["cl"].result_list
        page = listed.content.decode()
        assert "Яворин" not in page, "not in the filters beside the list either"
        assert "Дороги" not in page
    for page in ("change", "delete", "history"):
        assert client.get(address(model, page, row.pk)).status_code in GONE
        assert client.post(address(model, page, row.pk), {"post": "yes"}).status_code in {*GONE, 405}
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", WRITTEN_BY_PEOPLE, ids=label)
def test_form_of_another_communitys_administrator_offers_nothing_of_ours(
    client: Client, lesia: User, full: Community, model: type[Model]
) -> None:
    client.force_login(lesia)
    answer = client.get(address(model, "add"))
    assert answer.status_code in {200, 403}
    page = answer.content.decode()
    for name in ("Яворинська громада", "Дороги", "Райони"):
        assert f">{name}</option>" not in page


@pytest.mark.parametrize("model", SCOPED, ids=label)
def test_administrator_sees_the_rows_of_their_community(
    client: Client, taras: User, full: Community, model: type[Model]
) -> None:
    client.force_login(taras)
    row = row_of(model, full)
    listed = client.get(address(model, "changelist"))
    assert listed.status_code == 200
    assert row in listed.context["cl"].result_list
    assert client.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", FOR_OPERATORS, ids=label)
def test_people_and_bodies_are_for_operators(client: Client, taras: User, full: Community, model: type[Model]) -> None:
    client.force_login(taras)
    assert client.get(address(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", REGISTERED, ids=label)
def test_operator_sees_everything(client: Client, full: Community, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    row = row_of(model, full)
    assert row in client.get(address(model, "changelist")).context["cl"].result_list
    assert client.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [model for model in SCOPED if model not in (Issue, IssueEvent)], ids=label)
def test_moderator_looks_at_reports_and_their_history_only(
    client: Client, marta: User, full: Community, model: type[Model]
) -> None:
    client.force_login(marta)
    assert client.get(address(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", [Issue, IssueEvent, OutboxMessage], ids=label)
def test_nobody_adds_or_deletes_history(client: Client, full: Community, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    assert client.get(address(model, "add")).status_code == 403
    assert client.get(address(model, "delete", row_of(model, full).pk)).status_code == 403


def test_administrator_cannot_write_a_rule_for_another_community(
    client: Client, lesia: User, city: City, full: Community, now: datetime
) -> None:
    draft = new_draft(community=full, at=now)
    client.force_login(lesia)
    form = {"organisation": city.vodokanal.pk, "role": "responsible", "priority": "99", "is_active": "on"}
    answer = client.post(f"{address(Rule, 'add')}?set={draft.pk}", form)
    assert answer.status_code == 200
    assert "Яворин" not in answer.content.decode()
    assert not Rule.objects.filter(priority=99).exists()


def test_administrator_cannot_give_a_row_away_to_another_community(
    client: Client, taras: User, elsewhere: Community, full: Community
) -> None:
    client.force_login(taras)
    roads = Category.objects.get(code="roads")
    form = {
        "community": elsewhere.pk,
        "code": "roads",
        "name": "Дороги",
        "icon": "road",
        "working_days": 5,
        "position": 1,
    }
    client.post(address(Category, "change", roads.pk), form)
    roads.refresh_from_db()
    assert roads.community == full


def test_moderator_publishes_a_held_report_and_it_is_an_event(
    client: Client, marta: User, issue: Issue, full: Community
) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.HELD)
    client.force_login(marta)
    form = {"action": "publish", "_selected_action": [issue.pk]}
    assert client.post(address(Issue, "changelist"), form).status_code == 302
    assert Subject.objects.get(pk=issue.subject_id).visibility == Visibility.PUBLIC
    assert IssueEvent.objects.get(kind="visibility").user == marta


def test_another_communitys_staff_cannot_publish(client: Client, lesia: User, issue: Issue, full: Community) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.HELD)
    client.force_login(lesia)
    client.post(address(Issue, "changelist"), {"action": "publish", "_selected_action": [issue.pk]})
    client.post(address(Issue, "change", issue.pk), {"visibility": "public"})
    assert Subject.objects.get(pk=issue.subject_id).visibility == Visibility.HELD


def test_hiding_in_the_administration_pages_needs_a_reason(
    client: Client, marta: User, issue: Issue, full: Community
) -> None:
    client.force_login(marta)
    page = address(Issue, "change", issue.pk)
    refused = client.post(page, {"visibility": "hidden", "reason": " "})
    assert refused.context["adminform"].form.errors.keys() == {"reason"}
    assert client.post(page, {"visibility": "hidden", "reason": "Образа."}).status_code == 302
    subject = Subject.objects.get(pk=issue.subject_id)
    assert (subject.visibility, subject.hidden_reason) == (Visibility.HIDDEN, "Образа.")


def test_dead_letter_is_sent_again_from_the_list(client: Client, taras: User, full: Community, now: datetime) -> None:
    message = OutboxMessage.objects.filter(audience="organisation").first()
    assert message is not None
    OutboxMessage.objects.filter(pk=message.pk).update(dead_at=now, attempts=14)
    client.force_login(taras)
    form = {"action": "send_again", "_selected_action": [message.pk]}
    assert client.post(address(OutboxMessage, "changelist"), form).status_code == 302
    message.refresh_from_db()
    assert (message.dead_at, message.attempts) == (None, 0)


def test_staff_without_a_community_sees_an_empty_house(client: Client, full: Community) -> None:
    client.force_login(person("newcomer", staff=True))
    answer = client.get("/admin/")
    assert answer.status_code == 200
    assert answer.context["app_list"] == []


def test_who_works_in_two_communities_sees_both(
    client: Client, lesia: User, elsewhere: Community, full: Community
) -> None:
    Membership.objects.create(community=full, user=lesia, role=Membership.Role.ADMINISTRATOR)
    client.force_login(lesia)
    listed = client.get(address(Community, "changelist")).context["cl"].result_list
    assert set(listed) == {elsewhere, full}


def test_secrets_and_private_places_are_not_on_the_pages(
    client: Client, full: Community, city: City, now: datetime
) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    photo = row_of(Photo, full)
    page = client.get(address(Photo, "change", photo.pk)).content.decode()
    assert "originals/x" not in page


def test_member_of_an_organisation_administers_nothing(client: Client, city: City, full: Community) -> None:
    client.force_login(member("bohdan", full, Membership.Role.ADMINISTRATOR, city.vodokanal))
    for model in SCOPED:
        assert client.get(address(model, "changelist")).status_code == 403


@pytest.mark.parametrize("model", REGISTERED, ids=label)
def test_form_of_a_new_row_opens_for_operators_where_people_write_rows(
    client: Client, full: Community, model: type[Model]
) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    by_people = model in WRITTEN_BY_PEOPLE + FOR_OPERATORS and model not in (Issue, Unit)
    assert client.get(address(model, "add")).status_code == (200 if by_people else 403)


def test_administrator_writes_a_rule_for_an_area(
    client: Client, taras: User, city: City, full: Community, now: datetime
) -> None:
    client.force_login(taras)
    page = f"{address(Rule, 'add')}?set={new_draft(community=full, at=now).pk}"
    form = {
        "category": city.roads.pk,
        "place": f"{city.division.pk}:south",
        "organisation": city.road_service.pk,
        "role": "responsible",
        "priority": "3",
        "is_active": "on",
    }
    refused = client.post(page, form | {"place": f"{city.division.pk}:nowhere"})
    assert refused.context["adminform"].form.errors.keys() == {"place"}
    assert client.post(page, form).status_code == 302
    rule = Rule.objects.get(priority=3)
    assert (rule.division, rule.area_code, rule.community) == (city.division, "south", full)


def test_operator_adds_a_person_who_can_sign_in(client: Client, full: Community) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    form = {
        "email": "Taras.New@Example.org",
        "name": "Тарас",
        "usable_password": "true",
        "password1": "yavir-yavir-yavir",
        "password2": "yavir-yavir-yavir",
    }
    answer = client.post(address(User, "add"), form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    client.logout()
    assert client.login(username="taras.new@example.org", password="yavir-yavir-yavir")
    assert client.get("/admin/").status_code == 302, "an account alone opens nothing"
