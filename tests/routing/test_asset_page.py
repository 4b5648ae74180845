"""The public page of a thing of a register, and the registers in everything that shows layers."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.http import urlencode

from accounts.models import Organisation, User
from geodata import cells
from geodata.models import CellCheck, Community
from geodata.tasks import check_cells
from issues.lookalikes import Draft, look_alikes
from routing.models import Asset, Register
from routing.register_map import show_on_map
from tests.conftest import LONG_AGO, NOW, City
from tests.geodata.conftest import TODAY, question
from tests.geodata.every_tile import tile_around
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("_clock")
SECRETS = ("номер договору", "ф-77", "17-ключ")


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def lamps(city: City) -> Register:
    """On the map."""
    register = Register.objects.create(
        community=city.community, code="lamps", name="Вуличні ліхтарі", name_en="Street lights", kind="lamps"
    )
    show_on_map(register, True, at=NOW)
    return register


@pytest.fixture
def lamp(lamps: Register, town: Town) -> Asset:
    """Lamp № 5 of a street, kept by Яворинсвітло."""
    found: Asset = Asset.objects.create(
        community=lamps.community,
        register=lamps,
        key="17-ключ",
        name="вул. Соборна",
        number="5",
        keeper=Organisation.objects.create(name="КП «Яворинсвітло»", name_en="Yavoryn Light"),
        attributes={"номер договору": "ф-77"},
        geometry=town["p"],
        valid_from=LONG_AGO,
    )
    return found


def page_of(asset: Asset, community: str = "yavoryn", register: str = "lamps") -> str:
    return f"/{community}/registers/{register}/{asset.pk}/"


# The page ----------------------------------------------------------------------------------------------------------
def test_stranger_reads_what_is_public_and_nothing_else(client: Client, lamp: Asset) -> None:
    page = client.get(page_of(lamp)).content.decode()
    for word in ("вул. Соборна, 5", "Вуличні ліхтарі", "КП «Яворинсвітло»"):
        assert word in page
    for secret in SECRETS:
        assert secret not in page


def test_page_speaks_english_too(client: Client, lamp: Asset) -> None:
    client.cookies["language"] = "en"
    page = client.get(page_of(lamp)).content.decode()
    for word in ("Street lights", "Yavoryn Light", "Report a problem here", "Kept by"):
        assert word in page


def test_page_leads_to_the_form_with_the_place_and_the_lamp_chosen(client: Client, lamp: Asset, city: City) -> None:
    type(city.roads).objects.create(community=city.community, code="lights", name="Освітлення", register=lamp.register)
    address = client.get(page_of(lamp)).context["report_url"]
    form = client.get(address).context["form"]
    assert (form["category"].value(), form["asset"].value()) == ("lights", str(lamp.pk))
    assert float(form["lat"].value()) == pytest.approx(lamp.geometry.y, abs=1e-5)


def test_page_of_a_thing_that_no_category_asks_for_leads_to_its_place(client: Client, lamp: Asset) -> None:
    form = client.get(client.get(page_of(lamp)).context["report_url"]).context["form"]
    assert form["category"].value() is None
    assert float(form["lon"].value()) == pytest.approx(lamp.geometry.x, abs=1e-5)


def test_page_leads_to_the_map_with_its_layer(client: Client, lamp: Asset) -> None:
    address = client.get(page_of(lamp)).context["map_url"]
    assert "вул. Соборна, 5" in client.get(address).content.decode()


def test_area_and_line_have_a_page_and_a_pin_on_them(client: Client, lamp: Asset, town: Town) -> None:
    for shape in (town.area("ABDC"), town.line("ABF")):
        Asset.objects.filter(pk=lamp.pk).update(geometry=shape)
        answer = client.get(page_of(lamp))
        assert answer.status_code == 200
        assert client.get(answer.context["place_image_url"]).status_code == 200


def test_address_of_an_earlier_version_leads_to_the_one_on_the_map(client: Client, lamp: Asset) -> None:
    Asset.objects.filter(pk=lamp.pk).update(valid_to=TODAY)
    newer = Asset.objects.create(
        community=lamp.community, register=lamp.register, key=lamp.key, geometry=lamp.geometry, valid_from=TODAY
    )
    answer = client.get(page_of(lamp))
    assert (answer.status_code, answer["Location"]) == (302, page_of(newer))


def test_what_is_not_on_the_map_has_no_page(
    client: Client, lamp: Asset, lamps: Register, elsewhere: Community, taras: User
) -> None:
    """For nobody: not for strangers, not for staff; not under another register, not in another community."""
    other = Register.objects.create(
        community=lamps.community, code="other", name="Інший", is_on_map=True, map_day=TODAY
    )
    for address in (page_of(lamp, "sosnivka"), page_of(lamp, register=other.code), page_of(lamp, register="no-such")):
        assert client.get(address).status_code == 404
    Asset.objects.filter(pk=lamp.pk).update(valid_to=TODAY)
    assert client.get(page_of(lamp)).status_code == 404  # it has ended
    Asset.objects.filter(pk=lamp.pk).update(valid_to=None)
    show_on_map(lamps, False, at=NOW)
    assert client.get(page_of(lamp)).status_code == 404
    client.force_login(taras)
    assert client.get(page_of(lamp)).status_code == 404


# Everything that shows layers --------------------------------------------------------------------------------------
def test_registers_are_off_until_somebody_switches_them_on(client: Client, lamp: Asset) -> None:
    page = client.get("/yavoryn/")
    assert "Соборна" not in page.content.decode()
    (layer,) = (one for one in page.context["filters"]["layers"] if one["name"] == "registers")
    assert (layer["on"], layer["is_default"]) == (False, False)


@pytest.mark.parametrize("address", ["/yavoryn/", "/yavoryn/list/"])
def test_map_and_list_show_a_register_that_is_switched_on(client: Client, lamp: Asset, address: str) -> None:
    answer = client.get(f"{address}?layer=registers&category=register.lamps")
    text = answer.content.decode()
    for word in ("вул. Соборна, 5", "Вуличні ліхтарі", "КП «Яворинсвітло»", page_of(lamp)):
        assert word in text
    assert not any(secret in text for secret in SECRETS)
    assert [(one["code"], one["on"]) for one in answer.context["filters"]["categories"]] == [("register.lamps", True)]


def test_kind_of_reports_hides_no_lamp(client: Client, lamp: Asset, town: Town) -> None:
    box = urlencode({"box": ",".join(map(str, town.box(0.001)))})
    for chosen, total in (("category=roads", 1), ("category=register.lamps", 1), ("state=done", 1)):
        found = client.get(f"/yavoryn/marks.geojson?layer=issues&layer=registers&{chosen}&{box}").json()
        assert found["total"] == total


def test_marks_tiles_and_feeds_tell_the_public_part(client: Client, lamp: Asset, city: City, town: Town) -> None:
    asked = question(city.community, town)
    box = urlencode({"box": str(asked.box)})
    marks = client.get(f"/yavoryn/marks.geojson?layer=registers&{box}").content.decode()
    tile = client.get(f"/yavoryn/tiles/x/registers/{'/'.join(map(str, tile_around(asked)))}.mvt")
    feeds = [client.get(f"/yavoryn/feed.{kind}?layer=registers").content.decode() for kind in ("atom", "geojson")]
    for text in (marks, tile.content.decode(errors="replace"), *feeds):
        assert "Соборна" in text
        assert not any(secret in text for secret in SECRETS)
    assert json.loads(marks)["features"][0]["properties"]["icon"] == "lamp"


def test_tiles_of_counted_layers_have_a_version_that_grows(client: Client, lamp: Asset) -> None:
    cells.fold_all()
    first = client.get("/yavoryn/tiles.json?layer=registers").json()["tiles"][0]
    assert "/now/" not in first
    Asset.objects.filter(pk=lamp.pk).update(name="вул. Нова", changed_at=NOW)
    cells.fold_all()
    assert client.get("/yavoryn/tiles.json?layer=registers").json()["tiles"][0] != first
    both = client.get("/yavoryn/tiles.json?layer=registers&layer=works").json()["tiles"][0]
    assert "/now/" in both  # nobody knows when works change


def test_areas_embed_and_search_open_with_registers_on_them(client: Client, lamp: Asset) -> None:
    areas = client.get("/yavoryn/areas/?layer=registers")
    assert [one.total for _part, some in areas.context["divisions"] for one, _url in some] == [1, 0]
    assert client.get("/yavoryn/embed/?layer=registers").status_code == 200
    assert client.get("/yavoryn/search/?q=%E2%84%96+5").status_code == 200


def test_lamp_is_no_look_alike_of_a_report(city: City, lamp: Asset, town: Town) -> None:
    Asset.objects.filter(pk=lamp.pk).update(changed_at=NOW - timedelta(days=1))
    draft = Draft(category=city.roads, point=town["p"], text="Не світить ліхтар")
    assert look_alikes(draft, community=city.community, at=NOW) == []


@pytest.mark.django_db(transaction=True)
def test_nightly_check_and_rebuilding_count_registers(lamp: Asset) -> None:
    cells.fold_all()
    call_command("rebuild_cells", "yavoryn", "--layer", "registers")
    assert check_cells() == 0
    assert CellCheck.objects.filter(layer="registers", wrong=0, squares__gt=0).count() == 1
