"""Every door of the administration behind which rules may mean something else asks for a check of them."""

from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import Organisation, User
from core.models import Job
from geodata.models import Area, Community, Division
from routing.models import Category
from routing.rule_check import KIND
from tests.conftest import LONG_AGO, City
from tests.openmap.test_admin_saves import filled


@pytest.fixture
def operator(client: Client, city: City) -> User:
    """Ольга runs the installation, and is signed in."""
    operator: User = User.objects.create_superuser("olha@example.org")
    client.force_login(operator)
    return operator


def asked_of() -> list[str]:
    """The communities in which a check waits."""
    with scopes_disabled():
        return sorted(Job.objects.filter(kind=KIND).values_list("community__slug", flat=True))


def send(client: Client, page: str, pk: int, **form: Any) -> None:
    answer = client.post(reverse(f"admin:{page}", args=[pk]), form)
    assert answer.status_code == 302, answer.context and answer.context["errors"]


def delete_chosen(client: Client, page: str, pk: int) -> None:
    form = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    assert client.post(reverse(f"admin:{page}_changelist"), form).status_code == 302


def test_organisation_that_works_no_longer(client: Client, operator: User, city: City) -> None:
    form = {"name": "Водоканал", "name_en": "", "edrpou": "", "icon": "building"}
    send(client, "accounts_organisation_change", city.vodokanal.pk, **form, is_active="on")
    assert asked_of() == [], "a new name changes no answer"
    send(client, "accounts_organisation_change", city.vodokanal.pk, **form)
    assert not Organisation.objects.get(pk=city.vodokanal.pk).is_active
    assert asked_of() == ["yavoryn"]


def test_boundary_of_a_community(client: Client, operator: User, city: City) -> None:
    Community.objects.filter(pk=city.community.pk).update(boundary=None)
    page = reverse("admin:geodata_community_change", args=[city.community.pk])
    form = filled(client.get(page).content.decode()) | {"centre": city.community.centre.geojson}
    send(client, "geodata_community_change", city.community.pk, **form | {"boundary": ""})
    assert asked_of() == [], "the same ground as before"
    send(client, "geodata_community_change", city.community.pk, **form | {"boundary": city.zarichchia.boundary.geojson})
    assert asked_of() == ["yavoryn"]


@pytest.mark.parametrize("by_action", [True, False])
def test_area_that_is_deleted(client: Client, operator: User, city: City, by_action: bool) -> None:
    if by_action:
        delete_chosen(client, "geodata_area", city.slobidka.pk)
    else:
        send(client, "geodata_area_delete", city.slobidka.pk, post="yes")
    assert not Area.objects.filter(pk=city.slobidka.pk).exists()
    assert asked_of() == ["yavoryn"]


@pytest.mark.parametrize("by_action", [True, False])
def test_division_that_is_deleted(client: Client, operator: User, city: City, by_action: bool) -> None:
    wards = Division.objects.create(community=city.community, code="wards", name="Округи")
    shape = MultiPolygon(city.zarichchia.boundary[0], srid=4326)
    Area.objects.create(
        community=city.community, division=wards, code="1", name="Перший", boundary=shape, valid_from=LONG_AGO
    )
    if by_action:
        delete_chosen(client, "geodata_division", wards.pk)
    else:
        send(client, "geodata_division_delete", wards.pk, post="yes")
    assert not Division.objects.filter(pk=wards.pk).exists()
    assert asked_of() == ["yavoryn"]


@pytest.mark.parametrize("by_action", [True, False])
def test_category_that_is_deleted(client: Client, operator: User, city: City, by_action: bool) -> None:
    trees = Category.objects.create(community=city.community, code="trees", name="Дерева")
    if by_action:
        delete_chosen(client, "routing_category", trees.pk)
    else:
        send(client, "routing_category_delete", trees.pk, post="yes")
    assert not Category.objects.filter(pk=trees.pk).exists()
    assert asked_of() == ["yavoryn"]
