"""Registers in the administration: on maps, never typed, each community's own."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organisation, User
from core.jobs import run_jobs
from core.models import Job
from geodata.models import Community
from openmap import admin_registers, register_jobs
from routing.models import Asset, Register
from tests.conftest import LONG_AGO, City
from tests.grid import Town


@pytest.fixture
def lamp(city: City, town: Town) -> Asset:
    """Lamp 17, kept by somebody whom no letter reaches."""
    register = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    keeper = Organisation.objects.create(name="КП «Яворинсвітло»")
    return Asset.objects.create(
        community=city.community,
        register=register,
        key="17",
        number="17",
        keeper=keeper,
        geometry=town["p"],
        valid_from=LONG_AGO,
    )


def pages(lamp: Asset) -> list[str]:
    return [
        reverse("admin:routing_register_change", args=[lamp.register_id]),
        reverse("admin:routing_asset_change", args=[lamp.pk]),
        reverse("admin:routing_register_shapes", args=[lamp.register_id]),
    ]


def test_register_tells_its_keepers_and_whom_no_letter_reaches(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    page = client.get(pages(lamp)[0]).content.decode()
    assert "КП «Яворинсвітло»: 1" in page
    assert "register-map" in page


def test_things_are_on_a_map_and_cannot_be_typed(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    (shown,) = json.loads(client.get(pages(lamp)[2]).content)["features"]
    assert (shown["geometry"]["type"], shown["properties"]["label"]) == ("Point", "17")
    page = client.get(pages(lamp)[1])
    assert "asset-map" in page.content.decode()
    assert client.post(pages(lamp)[1], {"number": "18"}).status_code == 403
    assert client.get(reverse("admin:routing_asset_add")).status_code == 403


def saved(client: Client, register: Register, **changes: str) -> Register:
    """The register after its page, opened when it was as it is here, was sent with these changes."""
    address = reverse("admin:routing_register_change", args=[register.pk])
    opened = {"name": register.name, "name_en": "", "initial-is_on_map": str(register.is_on_map)}
    answer = client.post(address, {**opened, **changes})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    register.refresh_from_db()
    return register


def test_administrator_puts_a_register_on_the_map_as_of_today(
    client: Client, taras: User, lamp: Asset, now: datetime, time_machine: Any
) -> None:
    time_machine.move_to(now, tick=False)
    client.force_login(taras)
    register = saved(client, lamp.register, is_on_map="on")
    assert (register.is_on_map, register.map_day) == (True, now.date())
    assert Asset.objects.get().is_shown
    time_machine.move_to(now + timedelta(days=1), tick=False)
    assert saved(client, register, is_on_map="on", name="Ліхтарі міста").map_day == now.date()  # the task moves it
    assert not saved(client, register).is_on_map
    assert not Asset.objects.get().is_shown


def test_long_register_comes_onto_the_map_by_a_job(
    client: Client, taras: User, lamp: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_registers, "MOST_AT_ONCE", 0)
    client.force_login(taras)
    assert not saved(client, lamp.register, is_on_map="on", name="Ліхтарі міста").is_on_map
    assert "Ліхтарі міста" in str(Register.objects.get()), "everything else is saved at once"
    run_jobs()
    assert Register.objects.get().is_on_map
    assert Asset.objects.get().is_shown
    job = Job.objects.get(kind=register_jobs.ON_MAP)
    assert (job.state, job.result) == (Job.State.DONE, {"is_on_map": True})
    assert client.get(reverse("admin:core_job_change", args=[job.pk])).status_code == 200


def test_page_that_was_open_while_the_job_ran_does_not_undo_it(
    client: Client, taras: User, lamp: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_registers, "MOST_AT_ONCE", 0)
    client.force_login(taras)
    register = saved(client, lamp.register, is_on_map="on")
    page = client.get(reverse("admin:routing_register_change", args=[register.pk])).content.decode()
    assert '<input type="hidden" name="initial-is_on_map" value="False"' in page
    run_jobs()
    assert saved(client, register, name="Ліхтарі міста").is_on_map, "nobody changed what the page said then"
    assert Register.objects.get().name == "Ліхтарі міста"
    assert Job.objects.filter(kind=register_jobs.ON_MAP).count() == 1


@pytest.mark.django_db(transaction=True)
def test_switch_does_not_wait_for_an_import_but_is_a_job_then(
    client: Client, taras: User, lamp: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_registers, "PATIENCE", 1)
    client.force_login(taras)
    importing = psycopg.connect(**connection.get_connection_params())
    importing.execute("LOCK TABLE routing_asset IN ROW EXCLUSIVE MODE")  # as whoever writes a thing does
    try:
        assert not saved(client, lamp.register, is_on_map="on", name="Ліхтарі міста").is_on_map
    finally:
        importing.close()
    assert Register.objects.get().name == "Ліхтарі міста", "everything else is saved at once"
    run_jobs()
    assert Register.objects.get().is_on_map
    assert Asset.objects.get().is_shown


def test_job_of_a_register_that_is_no_more_says_so(
    client: Client, taras: User, city: City, lamp: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_registers, "MOST_AT_ONCE", 0)
    client.force_login(taras)
    saved(client, lamp.register, is_on_map="on")
    Job.objects.update(parameters={"register": 0, "is_on_map": True})
    run_jobs()
    assert Job.objects.get().state == Job.State.FAILED


def test_register_may_come_onto_the_map_when_it_is_made(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    given = {"community": city.community.pk, "code": "trees", "name": "Дерева", "kind": "trees", "is_on_map": "on"}
    assert client.post(reverse("admin:routing_register_add"), given).status_code == 302
    assert Register.objects.get(code="trees").is_on_map


def test_list_and_pages_tell_what_is_on_the_map(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    listed = client.get(reverse("admin:routing_register_changelist") + "?is_on_map__exact=0")
    assert listed.context["cl"].result_count == 1
    assert "field-is_on_map" in listed.content.decode()
    assert "field-map_day" in client.get(pages(lamp)[0]).content.decode()
    assert "field-is_shown" in client.get(pages(lamp)[1]).content.decode()


def test_register_with_things_is_not_deleted(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    address = reverse("admin:routing_register_delete", args=[lamp.register_id])
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert Asset.objects.exists()


def test_strangers_moderators_and_other_communities_see_nothing(
    client: Client, lamp: Asset, serhii: User, marta: User, lesia: User, elsewhere: Community
) -> None:
    for user in (None, serhii, marta, lesia):
        if user:
            client.force_login(user)
        assert all(client.get(page).status_code in (302, 403, 404) for page in pages(lamp))
    client.force_login(lesia)
    assert "17" not in client.get(reverse("admin:routing_asset_changelist") + "?q=17").context["cl"].result_list
    assert client.get(reverse("admin:routing_asset_changelist")).context["cl"].result_count == 0


def test_map_asks_for_a_box_and_gets_what_lies_in_it(
    client: Client, taras: User, lamp: Asset, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    Asset.objects.create(
        community=lamp.community, register=lamp.register, key="18", geometry=town["q"], valid_from=LONG_AGO
    )
    client.force_login(taras)
    address = pages(lamp)[2]

    def shown(query: str = "") -> tuple[list[str], str]:
        found = json.loads(client.get(address + query).content)
        return [one["properties"]["label"] for one in found["features"]], found["note"]

    west, south = town["q"].coords
    assert shown() == (["17", "18"], "")
    assert shown(f"?box={west - 0.0001},{south - 0.0001},{west + 0.0001},{south + 0.0001}") == (["18"], "")
    monkeypatch.setattr("openmap.admin_registers.MOST_ON_A_MAP", 1)
    labels, note = shown()
    assert labels == ["17"]
    assert "1" in note
    assert "2" in note


@pytest.mark.parametrize("box", ["", "1,2,3", "a,b,c,d", "3,2,1,0", "nan,0,1,1"])
def test_strange_box_is_told_so(client: Client, taras: User, lamp: Asset, box: str) -> None:
    client.force_login(taras)
    assert client.get(pages(lamp)[2], {"box": box}).status_code == 400


def test_only_the_list_counts_what_registers_hold(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    for address in pages(lamp):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        assert not [
            query for query in asked if "GROUP BY" in query["sql"] and '"routing_register"."id"' in query["sql"]
        ]
    listed = client.get(reverse("admin:routing_register_changelist"), {"o": "-4"})
    assert [row.in_force for row in listed.context["cl"].result_list] == [1]


def test_what_ended_is_off_the_map_and_in_the_history(client: Client, taras: User, lamp: Asset, town: Town) -> None:
    ended = date(2021, 1, 1)
    Asset.objects.filter(pk=lamp.pk).update(valid_to=ended)
    follows = Asset.objects.create(
        community=lamp.community, register=lamp.register, key="17", number="17-А", geometry=town["q"], valid_from=ended
    )
    client.force_login(taras)
    (shown,) = json.loads(client.get(pages(lamp)[2]).content)["features"]
    assert shown["properties"]["label"] == "17-А"
    listed = client.get(reverse("admin:routing_register_changelist")).context["cl"].result_list
    assert [row.in_force for row in listed] == [1]
    history = client.get(pages(lamp)[1]).content.decode()
    assert reverse("admin:routing_asset_change", args=[follows.pk]) in history


@pytest.mark.parametrize("word", ["17", "Яворинсвітло", "(%_"])
def test_things_are_looked_for_by_key_name_and_number(client: Client, taras: User, lamp: Asset, word: str) -> None:
    client.force_login(taras)
    page = client.get(reverse("admin:routing_asset_changelist"), {"q": word})
    assert page.status_code == 200
    assert page.context["cl"].result_count == (1 if word == "17" else 0)


def test_lists_offer_the_filters_and_the_import(client: Client, taras: User, lamp: Asset) -> None:
    client.force_login(taras)
    registers = client.get(reverse("admin:routing_register_changelist"))
    assert reverse("admin:routing_register_import") in registers.content.decode()
    things = client.get(reverse("admin:routing_asset_changelist"), {"keeper__id__exact": str(lamp.keeper_id)})
    assert things.context["cl"].result_count == 1
