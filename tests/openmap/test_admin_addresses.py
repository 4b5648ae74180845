"""Streets and addresses in the administration: each community's staff find and correct their own, nobody else's."""

from datetime import date

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.models import User
from geodata.address_import import import_addresses
from geodata.addresses import find_addresses
from geodata.models import Address, Community, Street
from tests.accounts.conftest import address as page_of
from tests.geodata.test_addresses import row
from tests.grid import Town

TODAY = date(2026, 11, 19)


@pytest.fixture
def street(yavoryn: Community, town: Town) -> Street:
    """вул. Соборна, once Леніна, with two houses; and вул. Миру with one."""
    with scope(community=yavoryn):
        rows = [row("вул. Соборна", number, town["p"], former=["вул. Леніна"]) for number in ("12", "14")]
        import_addresses(yavoryn, [*rows, row("вул. Миру", "5", town["q"])])
        found: Street = Street.objects.get(name="вул. Соборна")
    return found


@pytest.fixture
def house(street: Street) -> Address:
    with scopes_disabled():
        found: Address = Address.objects.select_related("street").get(street=street, number="12")
    return found


def listed(client: Client, model: type[Street] | type[Address], words: str) -> list[str]:
    found = client.get(page_of(model, "changelist"), {"q": words})
    assert found.status_code == 200
    return [str(one) for one in found.context["cl"].result_list]


def found_by(words: str, community: Community) -> list[str]:
    """What residents find."""
    with scope(community=community):
        return [one.label for one in find_addresses(words, community=community, on=TODAY)]


@pytest.mark.parametrize("words", ["Соборна", "собор", "Леніна", "Ленина", "вул. Соборна"])
def test_street_is_found_by_each_of_its_names(client: Client, taras: User, street: Street, words: str) -> None:
    client.force_login(taras)
    assert listed(client, Street, words) == ["вул. Соборна"]


@pytest.mark.parametrize(
    ("words", "found"), [("Соборна 12", ["вул. Соборна, 12"]), ("Миру", ["вул. Миру, 5"]), ("Зоряна", [])]
)
def test_address_is_found_by_its_street_and_number(
    client: Client, taras: User, street: Street, words: str, found: list[str]
) -> None:
    client.force_login(taras)
    assert listed(client, Address, words) == found


def test_corrected_street_is_found_by_what_it_is_called_now(client: Client, taras: User, street: Street) -> None:
    client.force_login(taras)
    given = {
        "name": "вул. Гетьманська",
        "locality": "",
        "former_names": "вул. Соборна\r\n\r\nвул. Леніна\r\nвул. Леніна",
        "other_names": "Hetmanska Street\r\nСоборка",
    }
    assert client.post(page_of(Street, "change", street.pk), given).status_code == 302
    with scopes_disabled():
        street.refresh_from_db()
    assert (street.name, street.former_names) == ("вул. Гетьманська", ["вул. Соборна", "вул. Леніна"])
    assert street.other_names == ["Hetmanska Street", "Соборка"]
    for words in ("Гетьманська 12", "Соборна 12", "Леніна 12", "Соборка 12", "hetmanska 12"):
        assert found_by(words, street.community) == ["вул. Гетьманська, 12"]


def test_corrected_address_is_found_by_its_number_at_its_place(
    client: Client, taras: User, house: Address, town: Town
) -> None:
    client.force_login(taras)
    place = Point(town["q"].x, town["q"].y, srid=4326)
    given = {"street": house.street_id, "number": "12-А", "location": place.geojson}
    assert client.post(page_of(Address, "change", house.pk), given).status_code == 302
    with scopes_disabled():
        house.refresh_from_db()
    assert (house.number, house.number_key) == ("12-А", "12а")
    assert house.location.distance(place) < 1e-6
    assert found_by("Соборна 12а", house.community) == ["вул. Соборна, 12-А"]


@pytest.mark.parametrize("number", ["", "—", "1" * 31])
def test_number_that_nobody_can_look_for_is_refused(client: Client, taras: User, house: Address, number: str) -> None:
    client.force_login(taras)
    given = {"street": house.street_id, "number": number, "location": house.location.geojson}
    answer = client.post(page_of(Address, "change", house.pk), given)
    assert "number" in answer.context["adminform"].form.errors
    with scopes_disabled():
        assert Address.objects.get(pk=house.pk).number == "12"


def test_street_without_a_name_is_refused(client: Client, taras: User, street: Street) -> None:
    client.force_login(taras)
    answer = client.post(page_of(Street, "change", street.pk), {"name": " ", "locality": "", "former_names": ""})
    assert "name" in answer.context["adminform"].form.errors


def test_nothing_is_typed_anew_and_no_street_takes_its_houses_along(
    client: Client, taras: User, street: Street, house: Address
) -> None:
    client.force_login(taras)
    assert client.get(page_of(Street, "add")).status_code == 403
    assert client.get(page_of(Address, "add")).status_code == 403
    assert client.post(page_of(Street, "delete", street.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [street.pk], "post": "yes"}
    client.post(page_of(Street, "changelist"), chosen)
    assert client.post(page_of(Address, "delete", house.pk), {"post": "yes"}).status_code == 302
    with scopes_disabled():
        assert Street.objects.filter(pk=street.pk).exists()
        assert not Address.objects.filter(pk=house.pk).exists()


@pytest.mark.parametrize("who", ["", "serhii", "lesia"])
def test_strangers_and_staff_of_another_community_see_and_change_nothing(
    client: Client, street: Street, house: Address, request: pytest.FixtureRequest, who: str
) -> None:
    if who:
        client.force_login(request.getfixturevalue(who))
    for model, row_of in ((Street, street), (Address, house)):
        change = page_of(model, "change", row_of.pk)
        assert client.get(change).status_code in {302, 403}
        assert client.post(change, {"name": "вул. Чужа", "number": "1"}).status_code in {302, 403}
        assert client.post(page_of(model, "delete", row_of.pk), {"post": "yes"}).status_code in {302, 403}
        seen = client.get(page_of(model, "changelist"))
        assert "Соборна" not in seen.content.decode()
    with scopes_disabled():
        street.refresh_from_db()
        house.refresh_from_db()
    assert (street.name, house.number) == ("вул. Соборна", "12")


def test_staff_of_another_community_are_offered_none_of_its_streets(
    client: Client, lesia: User, street: Street, elsewhere: Community, town: Town
) -> None:
    with scope(community=elsewhere):
        import_addresses(elsewhere, [row("вул. Лісова", "1", town["p"])])
        own = Address.objects.get()
    client.force_login(lesia)
    asked = {"app_label": "geodata", "model_name": "address", "field_name": "street", "term": "вул"}
    offered = client.get("/admin/autocomplete/", asked).json()["results"]
    assert [one["text"] for one in offered] == ["вул. Лісова"]
    given = {"street": street.pk, "number": "1", "location": own.location.geojson}
    answer = client.post(page_of(Address, "change", own.pk), given)
    assert "street" in answer.context["adminform"].form.errors


def test_operator_moves_no_house_to_a_street_of_another_community(
    client: Client, house: Address, elsewhere: Community, town: Town
) -> None:
    with scope(community=elsewhere):
        import_addresses(elsewhere, [row("вул. Лісова", "1", town["p"])])
        theirs = Street.objects.get()
    client.force_login(User.objects.create_superuser("olha@example.org"))
    given = {"street": theirs.pk, "number": "12", "location": house.location.geojson}
    answer = client.post(page_of(Address, "change", house.pk), given)
    assert "street" in answer.context["adminform"].form.errors


def test_street_is_shown_on_a_map(client: Client, taras: User, street: Street) -> None:
    client.force_login(taras)
    assert "street-map" in client.get(page_of(Street, "change", street.pk)).content.decode()
