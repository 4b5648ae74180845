"""A community without addresses of its own is called by the houses of its registers."""

from datetime import date

import pytest
from django.contrib.gis.geos import Polygon
from django_scopes import scope

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.address_sources import Sure
from geodata.addresses import find_addresses, nearest_address
from geodata.models import Community
from routing.models import Asset, Register
from routing.registers import search_text
from tests.conftest import LONG_AGO
from tests.grid import Town, degrees_per_metre

TODAY = date(2026, 11, 19)


@pytest.fixture
def houses(inside: Community, town: Town) -> Community:
    """вул. Соборна, 12: ten metres around p."""
    register = Register.objects.create(community=inside, code="houses", name="Будинки", kind="buildings")
    east, north = degrees_per_metre(town["p"].y)
    x, y = town.places["p"]
    Asset.objects.create(
        community=inside,
        register=register,
        key="b-1",
        name="вул. Соборна",
        number="12",
        search=search_text("вул. Соборна 12"),
        geometry=Polygon.from_bbox((x - 10 * east, y - 10 * north, x + 10 * east, y + 10 * north)),
        valid_from=LONG_AGO,
    )
    return inside


def test_house_of_a_register_is_found_and_names_a_point(houses: Community, town: Town) -> None:
    (found,) = find_addresses("Соборная 12", community=houses, on=TODAY)
    assert (found.label, found.sure) == ("вул. Соборна, 12", Sure.EXACT)
    near = nearest_address(town["p"], community=houses, on=TODAY)
    assert near
    assert (near.label, near.metres) == ("вул. Соборна, 12", 0)


def test_imported_addresses_take_its_place(houses: Community, town: Town) -> None:
    import_addresses(houses, [AddressRow(1, "a", "вул. Мостова", "3", "", (), town.places["q"])])
    assert find_addresses("Соборна 12", community=houses, on=TODAY) == []
    assert nearest_address(town["p"], community=houses, on=TODAY) is None


def test_houses_of_one_community_name_nothing_in_another(houses: Community, elsewhere: Community, town: Town) -> None:
    with scope(community=elsewhere):
        assert find_addresses("Соборна 12", community=elsewhere, on=TODAY) == []
        assert nearest_address(town["p"], community=elsewhere, on=TODAY) is None
