"""Areas and boundaries on maps in the administration: simplified for the screen, untouched in the database."""

import json
import math

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.test import Client
from django.urls import reverse

from accounts.models import User
from geodata.models import Area, Community
from tests.conftest import LONG_AGO, City

LIST = "admin:geodata_area_changelist"
SHAPES = "admin:geodata_area_shapes"


def shapes(client: Client, query: str = "") -> list[dict[str, object]]:
    answer = client.get(reverse(SHAPES) + query)
    assert answer.status_code == 200
    found: list[dict[str, object]] = json.loads(answer.content)["features"]
    return found


@pytest.fixture
def round_area(city: City) -> Area:
    """A circle of 4,000 points in its own division's place."""
    west, south = city.zarichchia.boundary.extent[:2]
    turns = [2 * math.pi * n / 4000 for n in range(4000)]
    ring = [(west + 0.002 + 0.001 * math.cos(turn), south + 0.002 + 0.001 * math.sin(turn)) for turn in turns]
    return Area.objects.create(
        community=city.community,
        division=city.division,
        code="round",
        name="Кругле",
        boundary=MultiPolygon(Polygon([*ring, ring[0]]), srid=4326),
        valid_from=LONG_AGO,
    )


def test_list_shows_the_areas_in_force_on_a_map(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    page = client.get(reverse(LIST))
    assert "areas-map" in page.content.decode()
    labels = {feature["properties"]["label"] for feature in shapes(client)}  # type: ignore[index]
    assert labels == {"Заріччя", "Слобідка"}


def test_map_follows_the_filters_of_the_list(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    assert [one["properties"]["label"] for one in shapes(client, "?q=Слобідка")] == ["Слобідка"]  # type: ignore[index]


def test_shape_on_the_screen_is_simple_and_the_stored_one_stays(
    client: Client, taras: User, city: City, round_area: Area
) -> None:
    client.force_login(taras)
    (shown,) = [one for one in shapes(client) if one["properties"]["label"] == "Кругле"]  # type: ignore[index]
    assert len(shown["geometry"]["coordinates"][0][0]) < 400  # type: ignore[index]
    assert Area.objects.get(pk=round_area.pk).boundary.num_coords == 4001


def test_area_page_shows_its_boundary_and_takes_none(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    page = client.get(reverse("admin:geodata_area_change", args=[city.zarichchia.pk]))
    assert "area-map" in page.content.decode()
    assert "boundary" not in page.context["adminform"].form.fields


def test_boundary_of_a_community_is_shown_and_not_typed(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    page = client.get(reverse("admin:geodata_community_change", args=[city.community.pk]))
    assert "boundary-map" in page.content.decode()
    assert "boundary" not in page.context["adminform"].form.fields


def test_stranger_and_moderator_get_no_shapes(client: Client, serhii: User, marta: User, city: City) -> None:
    for user in (serhii, marta):
        client.force_login(user)
        assert client.get(reverse(SHAPES)).status_code in (302, 403)


def test_other_communitys_administrator_sees_none_of_ours(
    client: Client, lesia: User, city: City, elsewhere: Community
) -> None:
    client.force_login(lesia)
    assert shapes(client) == []
    assert client.get(reverse("admin:geodata_area_change", args=[city.zarichchia.pk])).status_code == 302


def test_strange_filters_are_no_server_error(client: Client, taras: User, city: City) -> None:
    client.force_login(taras)
    assert client.get(reverse(LIST) + "?community__id__exact=x").status_code in (200, 302)
    assert client.get(reverse(SHAPES) + "?community__id__exact=x").status_code in (200, 302, 400)
