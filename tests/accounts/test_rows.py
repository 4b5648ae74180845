"""Rows in the administration pages stay in their community, keep their history, and fit each other."""

from datetime import date, datetime

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.db.models import Model
from django.test import Client

from accounts.models import User
from geodata.models import Area, Community, Division
from issues.models import Issue
from openmap.admin_site import ReadOnly, ScopedAdmin
from routing.models import Category, Register, Rule
from routing.rulesets import new_draft
from tests.accounts.conftest import address, label, row_of
from tests.conftest import City
from tests.grid import grid

WITH_A_COMMUNITY = [
    model
    for model, page in admin.site._registry.items()
    if isinstance(page, ScopedAdmin)
    and not isinstance(page, ReadOnly)
    and "community" in {field.name for field in model._meta.fields}
]


@pytest.mark.parametrize("model", [Area, Division], ids=label)
def test_administrator_deletes_no_area_and_no_division(
    client: Client, taras: User, full: Community, model: type[Model]
) -> None:
    client.force_login(taras)
    row = row_of(model, full)
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(
        address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert model._default_manager.filter(pk=row.pk).exists()


def test_operator_deletes_only_what_no_report_lies_in(
    client: Client, city: City, issue: Issue, full: Community
) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    used, unused = city.zarichchia, city.slobidka
    assert used in issue.areas.all()
    chosen = {"action": "delete_selected", "_selected_action": [used.pk], "post": "yes"}
    client.post(address(Area, "delete", used.pk), {"post": "yes"})
    client.post(address(Area, "changelist"), chosen)
    client.post(address(Division, "delete", city.division.pk), {"post": "yes"})
    assert used in issue.areas.all()
    assert client.post(address(Area, "delete", unused.pk), {"post": "yes"}).status_code == 302
    assert not Area.objects.filter(pk=unused.pk).exists()


def test_area_is_renamed_and_ended_and_keeps_its_shape(
    client: Client, taras: User, city: City, full: Community
) -> None:
    client.force_login(taras)
    area = city.zarichchia
    other = grid("A B", "D C").area("ABCD")
    given = {"name": "Старе Заріччя", "valid_to": "2027-01-01", "code": "x", "valid_from": "2025-01-01"}
    page = address(Area, "change", area.pk)
    assert client.get(page).status_code == 200
    assert client.post(page, given | {"boundary": other.geojson, "division": "", "community": ""}).status_code == 302
    changed = Area.objects.get(pk=area.pk)
    assert (changed.name, str(changed.valid_to)) == ("Старе Заріччя", "2027-01-01")
    assert (changed.code, changed.valid_from, changed.boundary) == (area.code, area.valid_from, area.boundary)


def test_versions_of_an_area_that_would_overlap_are_refused_in_words(
    client: Client, taras: User, city: City, full: Community
) -> None:
    old = city.zarichchia
    Area.objects.filter(pk=old.pk).update(valid_to=date(2026, 1, 1))
    new = Area(community=full, division=city.division, code=old.code, name=old.name, boundary=old.boundary)
    new.valid_from = date(2026, 1, 1)
    new.save()
    client.force_login(taras)
    answer = client.post(address(Area, "change", old.pk), {"name": old.name, "valid_to": "2026-06-01"})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


def test_codes_stay_unique_though_the_community_of_a_row_is_fixed(
    client: Client, taras: User, city: City, full: Community
) -> None:
    client.force_login(taras)
    form = {"code": "manholes", "name": "Дороги", "icon": "road", "working_days": 5, "position": 1}
    answer = client.post(address(Category, "change", city.roads.pk), form)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


@pytest.mark.parametrize("model", WITH_A_COMMUNITY, ids=label)
def test_no_row_moves_to_another_community(client: Client, full: Community, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    form = client.get(address(model, "change", row_of(model, full).pk)).context["adminform"]
    shown = {name for _title, fieldset in form.fieldsets for name in flatten(fieldset["fields"])}
    assert "community" not in form.form.fields
    assert "community" in form.readonly_fields or "community" not in shown


def test_unknown_time_zone_is_refused_beside_its_field(client: Client, taras: User, full: Community) -> None:
    client.force_login(taras)
    page = address(Community, "change", full.pk)
    form = {name: value or "" for name, value in client.get(page).context["adminform"].form.initial.items()}
    assert full.boundary
    form |= {"boundary": full.boundary.geojson, "centre": full.centre.geojson}
    refused = client.post(page, form | {"time_zone": "Kyiv"})
    assert refused.context["adminform"].form.errors.keys() == {"time_zone"}
    assert client.post(page, form | {"time_zone": "Europe/Warsaw"}).status_code == 302


def test_rule_takes_nothing_of_another_community(
    client: Client, city: City, elsewhere: Community, full: Community, now: datetime
) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    theirs = new_draft(community=elsewhere, at=now)
    page = f"{address(Rule, 'add')}?set={theirs.pk}"
    form = {"organisation": city.council.pk, "role": "responsible", "priority": "5", "is_active": "on"}
    of_a_category = client.post(page, form | {"category": city.roads.pk})
    assert of_a_category.context["adminform"].form.errors.keys() == {"category"}
    of_an_area = client.post(page, form | {"place": f"{city.division.pk}:north"})
    assert of_an_area.context["adminform"].form.errors.keys() == {"place"}
    register = Register.objects.create(community=full, code="houses", name="Будинки")
    of_a_register = client.post(page, form | {"register": register.pk, "asks": "inside"})
    assert "register" in of_a_register.context["adminform"].form.errors
    assert not Rule.objects.filter(ruleset=theirs).exists()


def test_form_of_a_rule_offers_what_its_own_community_has(
    client: Client, city: City, elsewhere: Community, full: Community, now: datetime
) -> None:
    offered = ">Дороги · Яворинська громада</option>"
    client.force_login(User.objects.create_superuser("olha@example.org"))
    for community, is_offered in ((full, True), (elsewhere, False)):
        page = f"{address(Rule, 'add')}?set={new_draft(community=community, at=now).pk}"
        assert (offered in client.get(page).content.decode()) is is_offered


def test_who_works_in_several_communities_is_told_whose_row_is_offered(
    client: Client, taras: User, full: Community
) -> None:
    Register.objects.create(community=full, code="houses", name="Будинки")
    offered = ">Будинки · Яворинська громада</option>"
    client.force_login(taras)
    assert offered not in client.get(address(Category, "add")).content.decode()
    client.force_login(User.objects.create_superuser("olha@example.org"))
    assert offered in client.get(address(Category, "add")).content.decode()
