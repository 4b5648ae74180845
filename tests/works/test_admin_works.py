"""Staff announce works on a map; only those of their own community."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django_scopes import scope, scopes_disabled

from accounts.models import User
from core.models import Subject, Visibility
from geodata.models import Community
from routing.models import Category
from tests.conftest import City
from tests.grid import Town
from works.models import Work

ADD = "admin:works_work_add"
CHANGE = "admin:works_work_change"


@pytest.fixture
def typed(city: City, town: Town) -> dict[str, Any]:
    """What staff fill in."""
    return {
        "community": city.community.pk,
        "kind": "outage",
        "name": "Немає світла",
        "name_en": "",
        "text": "Міняємо трансформатор.",
        "text_en": "",
        "geometry": json.dumps({"type": "Point", "coordinates": list(town["p"].coords)}),
        "categories": [city.roads.pk],
        "organisation": city.vodokanal.pk,
        "starts_at_0": "2026-11-19",
        "starts_at_1": "08:00",
        "ends_at_0": "2026-11-20",
        "ends_at_1": "18:00",
        "is_shown": "on",
    }


def test_administrator_announces_works(client: Client, taras: User, typed: dict[str, Any]) -> None:
    client.force_login(taras)
    assert "geometry" in client.get(reverse(ADD)).content.decode()
    assert client.post(reverse(ADD), typed).status_code == 302
    with scopes_disabled():
        work = Work.objects.get()
        assert (work.name, work.kind, work.subject.visibility) == ("Немає світла", "outage", Visibility.PUBLIC)
        assert [category.code for category in work.categories.all()] == ["roads"]


def test_unticked_box_keeps_them_as_a_draft(client: Client, taras: User, typed: dict[str, Any]) -> None:
    client.force_login(taras)
    del typed["is_shown"]
    client.post(reverse(ADD), typed)
    with scopes_disabled():
        assert Work.objects.get().subject.visibility == Visibility.HELD


def test_later_tick_shows_a_draft_and_what_was_hidden_stays_hidden(
    client: Client, taras: User, typed: dict[str, Any], works: Work
) -> None:
    client.force_login(taras)
    address = reverse(CHANGE, args=[works.pk])
    for before, after in ((Visibility.HELD, Visibility.PUBLIC), (Visibility.HIDDEN, Visibility.HIDDEN)):
        Subject.objects.filter(pk=works.subject_id).update(visibility=before, hidden_reason="помилка")
        assert client.post(address, typed).status_code == 302
        works.subject.refresh_from_db()
        assert works.subject.visibility == after


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("ends_at_0", "2026-11-18", "The end comes after the beginning."),
        ("geometry", '{"type": "Point", "coordinates": [30.52, 50.45]}', "This place lies outside the community."),
        ("geometry", "", "No geometry value provided."),
        ("name", "", "This field is required."),
    ],
)
def test_mistake_is_told_and_what_was_typed_stays(
    client: Client, taras: User, typed: dict[str, Any], field: str, value: str, words: str
) -> None:
    client.force_login(taras)
    client.cookies["language"] = "en"
    page = client.post(reverse(ADD), typed | {field: value}).content.decode()
    assert words in page
    assert "Міняємо трансформатор." in page
    with scopes_disabled():
        assert not Work.objects.exists()


def test_kind_of_problem_of_another_community_cannot_be_chosen(
    client: Client, taras: User, typed: dict[str, Any], elsewhere: Community
) -> None:
    with scope(community=elsewhere):
        foreign = Category.objects.create(community=elsewhere, code="x", name="Чуже")
    client.force_login(taras)
    assert client.post(reverse(ADD), typed | {"categories": [foreign.pk]}).status_code == 200
    with scopes_disabled():
        assert not Work.objects.exists()


def test_staff_of_another_community_neither_see_nor_change_them(
    client: Client, lesia: User, works: Work, typed: dict[str, Any]
) -> None:
    client.force_login(lesia)
    assert works.name not in client.get(reverse("admin:works_work_changelist")).content.decode()
    assert client.get(reverse(CHANGE, args=[works.pk])).status_code == 302
    client.post(reverse(CHANGE, args=[works.pk]), typed)
    client.post(reverse("admin:works_work_delete", args=[works.pk]), {"post": "yes"})
    works.refresh_from_db()
    assert works.name == "Ремонт водогону"
    assert client.post(reverse(ADD), typed).status_code == 200, "nor make any in a community that is not theirs"
    assert Work.objects.count() == 1


def test_stranger_is_asked_to_sign_in(client: Client, serhii: User, works: Work) -> None:
    for address in (reverse(ADD), reverse(CHANGE, args=[works.pk]), reverse("admin:works_work_changelist")):
        assert client.get(address).status_code == 302
        client.force_login(serhii)
        assert client.get(address).status_code == 302
        client.logout()


def test_deleted_works_take_their_subject_along(client: Client, taras: User, works: Work, now: datetime) -> None:
    client.force_login(taras)
    with translation.override("en"):
        client.post(reverse("admin:works_work_delete", args=[works.pk]), {"post": "yes"})
    assert not Subject.objects.filter(pk=works.subject_id).exists()
