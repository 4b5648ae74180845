"""About a house the resident chooses which one: its manager answers. A form that is wrong loses nothing."""

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.test import Client

from geodata.models import Community
from issues.models import Issue
from routing.models import Asset, Delivery, Register
from tests.conftest import LONG_AGO, NOW, City
from tests.grid import Town
from tests.issues.conftest import Houses

ADDRESS = "/yavoryn/report/"
pytestmark = pytest.mark.usefixtures("_morning")


@pytest.fixture
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def filled(houses: Houses, town: Town) -> dict[str, str]:
    """What a resident gives about a house at p, but which one."""
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "houses",
        "text": "Тече дах над під’їздом.",
        "key": str(uuid.uuid4()),
        "asked": "houses",
        "do": "send",
    }


def send(client: Client, filled: dict[str, str]) -> Issue:
    """Looked at and sent."""
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    assert client.post(ADDRESS, filled | {"seen": seen}).status_code == 302
    return Issue.objects.latest("id")


def test_manager_of_the_chosen_house_answers(client: Client, filled: dict[str, str], houses: Houses) -> None:
    issue = send(client, filled | {"asset": str(houses.second.pk), "entrance": "2", "flat": "31"})
    assert Delivery.objects.get(subject=issue.subject).organisation == houses.domkom
    assert (issue.asset, issue.entrance, issue.flat) == (houses.second, "2", "31")
    assert issue.address == "вул. Соборна, 14"


def test_same_form_sent_again_after_the_register_came_anew_is_one_report(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    """The answer was lost on its way; meanwhile the house got a new version under its key."""
    sent = filled | {"asset": str(houses.second.pk)}
    send(client, sent)
    Asset.objects.filter(pk=houses.second.pk).update(valid_to=NOW.date())
    Asset.objects.create(
        community=houses.second.community, register=houses.register, key="14", name="вул. Соборна", number="14",
        keeper=houses.domkom, geometry=houses.second.geometry, valid_from=NOW.date(),
    )  # fmt: skip
    assert client.post(ADDRESS, sent).status_code == 302, "it leads to what was sent"
    assert Issue.objects.count() == 1


def test_typed_address_is_kept_beside_the_chosen_house(client: Client, filled: dict[str, str], houses: Houses) -> None:
    issue = send(client, filled | {"asset": str(houses.first.pk), "address": "двір за аптекою"})
    assert issue.address == "двір за аптекою"


def test_house_that_is_not_in_the_list_is_decided_by_the_place(
    client: Client, filled: dict[str, str], city: City
) -> None:
    issue = send(client, filled | {"asset": "none", "entrance": "а", "flat": "7"})
    assert issue.asset is None
    assert (issue.entrance, issue.flat) == ("а", "7")
    assert Delivery.objects.get(subject=issue.subject).organisation == city.council


def test_questions_come_before_the_first_error(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"asked": "", "do": "check"})
    assert page.status_code == 200
    assert page.context["form"].errors == {}
    assert page.context["is_asking"]
    assert "вул. Соборна, 12" in page.content.decode()


def test_no_choice_is_an_error_beside_the_list_and_all_stays(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"flat": "31", "entrance": "2"})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["asset"]
    assert 'id="asset-error"' in page.content.decode()
    assert page.context["form"]["flat"].value() == "31"
    assert page.context["answerer"].asks_first


def test_nearest_houses_are_offered_with_their_distance(client: Client, filled: dict[str, str]) -> None:
    offer = client.post(ADDRESS, filled | {"do": "find"}).context["form"].offer
    assert [(one.label, one.metres) for one in offer.options] == [("вул. Соборна, 12", 0), ("вул. Соборна, 14", 32)]


def test_house_is_found_by_street_and_number_without_a_pin(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    page = client.post(ADDRESS, filled | {"lon": "", "lat": "", "find": "соборна 14", "do": "find"})
    assert [one.pk for one in page.context["form"].offer.options] == [houses.second.pk]
    assert page.context["form"]["text"].value() == filled["text"]


def test_chosen_house_sets_the_pin_when_there_is_none(
    client: Client, filled: dict[str, str], houses: Houses, town: Town
) -> None:
    issue = send(client, filled | {"lon": "", "lat": "", "asset": str(houses.first.pk)})
    assert (issue.location.x, issue.location.y) == pytest.approx((town["p"].x, town["p"].y), abs=1e-5)


def test_pin_that_a_house_set_follows_to_another_house(client: Client, filled: dict[str, str], houses: Houses) -> None:
    bare = filled | {"lon": "", "lat": "", "do": "check"}
    form = client.post(ADDRESS, bare | {"asset": str(houses.first.pk)}).context["form"]
    kept = {name: form[name].value() for name in ("lon", "lat", "pinned")}
    moved = client.post(ADDRESS, bare | kept | {"asset": str(houses.second.pk)}).context["form"]
    assert float(moved["lon"].value()) > float(kept["lon"])
    assert moved["pinned"].value() == str(houses.second.pk)


def test_pin_that_somebody_moved_stays_where_it_is(
    client: Client, filled: dict[str, str], houses: Houses, town: Town
) -> None:
    pinned = {"pinned": str(houses.first.pk), "asset": str(houses.second.pk), "do": "check"}
    filled |= {"lon": f"{town['p'].x + 0.0001:.6f}"}
    form = client.post(ADDRESS, filled | pinned).context["form"]
    assert form["lon"].value() == filled["lon"]


def test_house_far_from_the_pin_is_taken_with_a_note(
    client: Client, filled: dict[str, str], houses: Houses, town: Town
) -> None:
    south = {"lat": f"{town['q'].y:.6f}", "asset": str(houses.first.pk), "do": "check"}
    offer = client.post(ADDRESS, filled | south).context["form"].offer
    assert offer.far > 100
    near = client.post(ADDRESS, filled | {"asset": str(houses.first.pk), "do": "check"}).context["form"].offer
    assert near.far is None


@pytest.mark.parametrize("why", ["another community", "another register", "ended", "words", "huge"])
def test_house_that_cannot_be_chosen_is_refused_beside_the_list(
    client: Client, filled: dict[str, str], houses: Houses, elsewhere: Community, why: str
) -> None:
    given = {"key": "1", "valid_from": LONG_AGO, "geometry": Point(28.47, 49.22, srid=4326)}
    choice = ""
    if why == "another community":
        register = Register.objects.create(community=elsewhere, code="houses", name="Б", kind="buildings")
        choice = str(Asset.objects.create(community=elsewhere, register=register, **given).pk)
    elif why == "another register":
        register = Register.objects.create(community=houses.register.community, code="lamps", name="Л", kind="lamps")
        choice = str(Asset.objects.create(community=register.community, register=register, **given).pk)
    elif why == "ended":
        houses.first.valid_to = NOW.date()
        houses.first.save()
        choice = str(houses.first.pk)
    else:
        choice = {"words": "соборна", "huge": "9" * 19}[why]
    page = client.post(ADDRESS, filled | {"asset": choice, "flat": "31"})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["asset"]
    assert page.context["form"]["flat"].value() == "31"
    assert Issue.objects.count() == 0


def test_entrance_is_chosen_from_those_that_the_house_has(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    known = client.post(ADDRESS, filled | {"asset": str(houses.first.pk), "do": "check"})
    assert known.context["form"].entrances == ["1", "2", "3", "4"]
    wrong = client.post(ADDRESS, filled | {"asset": str(houses.first.pk), "entrance": "9"})
    assert list(wrong.context["form"].errors) == ["entrance"]
    assert 'value="9"' in wrong.content.decode()
    unknown = client.post(ADDRESS, filled | {"asset": str(houses.second.pk), "do": "check"})
    assert unknown.context["form"].entrances == []


@pytest.mark.parametrize(("field", "most"), [("entrance", 10), ("flat", 20)])
def test_too_long_an_entrance_or_flat_is_refused_beside_its_field(
    client: Client, filled: dict[str, str], houses: Houses, field: str, most: int
) -> None:
    page = client.post(ADDRESS, filled | {"asset": str(houses.second.pk), field: "1" * (most + 1)})
    assert list(page.context["form"].errors) == [field]


def test_lamps_are_chosen_without_entrance_and_flat(
    client: Client, filled: dict[str, str], houses: Houses, town: Town
) -> None:
    lamps = Register.objects.create(community=houses.register.community, code="lamps", name="Ліхтарі", kind="lamps")
    Asset.objects.create(
        community=lamps.community, register=lamps, key="L-7", number="7", valid_from=LONG_AGO, geometry=town["p"]
    )
    houses.category.register = lamps
    houses.category.save()
    page = client.post(ADDRESS, filled | {"flat": "31", "do": "check", "asset": str(Asset.objects.latest("id").pk)})
    assert 'name="asset"' in page.content.decode()
    assert 'name="flat"' not in page.content.decode()
    issue = send(client, filled | {"flat": "31", "asset": str(Asset.objects.latest("id").pk)})
    assert issue.flat == ""
    assert issue.address == "вул. Соборна, 12", "what stands near names the place"


def test_empty_register_asks_nothing(client: Client, filled: dict[str, str]) -> None:
    Asset.objects.all().delete()
    page = client.post(ADDRESS, filled)
    assert page.status_code == 200
    assert 'name="asset"' not in page.content.decode()


def test_changed_house_is_another_report(client: Client, filled: dict[str, str], houses: Houses) -> None:
    first = send(client, filled | {"asset": str(houses.first.pk)})
    second = send(client, filled | {"asset": str(houses.second.pk)})
    assert first.pk != second.pk


def test_fragment_asks_for_the_house_and_keeps_the_flat_out_of_addresses(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    asked = {"category": "houses", "lon": filled["lon"], "lat": filled["lat"], "asset": str(houses.first.pk)}
    page = client.get(f"{ADDRESS}details/", asked).content.decode()
    assert "вул. Соборна, 12" in page
    assert '<select class="input" id="entrance"' in page
    assert "no-store" in client.get(f"{ADDRESS}details/", asked)["Cache-Control"]


def test_words_that_no_database_takes_are_searched_for_all_the_same(client: Client, houses: Houses) -> None:
    page = client.get(f"{ADDRESS}details/", {"category": "houses", "find": "соб\0орна", "asset": "\0"})
    assert page.status_code == 200


def test_preview_follows_the_chosen_house(client: Client, filled: dict[str, str], houses: Houses) -> None:
    asked = {name: filled[name] for name in ("lon", "lat", "category")}
    assert client.get(f"{ADDRESS}answerer/", asked).context["answerer"].asks_first
    found = client.get(f"{ADDRESS}answerer/", asked | {"asset": str(houses.second.pk)}).context["answerer"]
    assert found.organisation == houses.domkom


def test_house_that_ends_between_the_look_and_the_sending_is_asked_again(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    filled |= {"asset": str(houses.first.pk)}
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    Asset.objects.filter(pk=houses.first.pk).update(valid_to=NOW.date() - timedelta(days=1))
    assert client.post(ADDRESS, filled | {"seen": seen}).status_code == 422


def renewed(house: Asset, *, on: date, **changed: Any) -> Asset:
    """What an import of the register leaves: the version before ends, another begins under the same key."""
    Asset.objects.filter(pk=house.pk).update(valid_to=on)
    house = Asset.objects.get(pk=house.pk)
    house.pk, house.valid_from, house.valid_to = None, on, None
    for name, value in changed.items():
        setattr(house, name, value)
    house.save()
    return house


def test_form_that_was_open_across_an_import_of_the_register_keeps_its_house(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    choice = {"asset": str(houses.second.pk), "flat": "31"}
    seen = client.post(ADDRESS, filled | choice).context["answerer"].seen
    now_it_is = renewed(houses.second, on=NOW.date(), attributes={"поверхів": "9"})
    page = client.post(ADDRESS, filled | choice | {"seen": seen})
    assert page.status_code == 302
    assert Issue.objects.latest("id").asset == now_it_is


def test_kept_draft_finds_its_house_in_the_list_once(client: Client, filled: dict[str, str], houses: Houses) -> None:
    now_it_is = renewed(houses.second, on=NOW.date())
    place = {"lon": filled["lon"], "lat": filled["lat"]}
    for asked in ({**place}, {}, {"find": "соборна 14"}):
        page = client.get(f"{ADDRESS}details/", {"category": "houses", "asset": str(houses.second.pk), **asked})
        options = page.context["form"].offer.options
        assert [one.pk for one in options if one.is_chosen] == [now_it_is.pk]
        assert len(options) == len({one.pk for one in options})


def test_house_that_the_register_no_longer_has_is_chosen_anew(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    Asset.objects.filter(pk=houses.second.pk).update(valid_to=NOW.date())
    page = client.post(ADDRESS, filled | {"asset": str(houses.second.pk)})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["asset"])


def test_version_of_another_register_stands_for_nothing_of_this_one(
    client: Client, filled: dict[str, str], houses: Houses
) -> None:
    lamps = Register.objects.create(community=houses.register.community, code="lamps", name="Ліхтарі", kind="lamps")
    lamp = Asset.objects.create(
        community=lamps.community, register=lamps, key="14", geometry=houses.second.geometry, valid_from=LONG_AGO
    )
    page = client.post(ADDRESS, filled | {"asset": str(lamp.pk)})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["asset"])


def test_form_says_who_sees_the_entrance_and_the_flat(client: Client, filled: dict[str, str], houses: Houses) -> None:
    chosen = filled | {"asset": str(houses.first.pk), "entrance": "9"}
    page = client.post(ADDRESS, chosen).content.decode()
    for name in ("entrance", "flat"):
        (described,) = re.findall(rf'<(?:input|select)[^>]* name="{name}"[^>]* aria-describedby="([^"]+)"', page)
        assert f"{name}-hint" in described.split()
        assert all(f'id="{one}"' in page for one in described.split())
