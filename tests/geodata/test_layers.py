"""Every layer answers the same questions in the same way: what its rows hold, who sees them, what narrows them."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django_scopes import scope

from core.models import Visibility
from geodata import layers
from geodata.boxes import Box
from geodata.layers import COLUMNS, GROUPS, Filters, Layer, layer_named, register
from geodata.lists import things
from geodata.marks import marks
from geodata.models import Area, Community, Division
from issues.states import State
from tests.conftest import LONG_AGO, NOW, City
from tests.geodata.conftest import PETITIONS, TODAY, pin, question
from tests.geodata.every_layer import CATEGORIES, LAYERS, SHAPES, Thing, every_layer, put
from tests.geodata.every_layer import GROUPS as GROUPS_OF
from tests.geodata.every_tile import features_of_tile
from tests.grid import Town

Fill = Callable[..., None]
pytestmark = [pytest.mark.usefixtures("counted_petitions", "_clock")]


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def fill(city: City, town: Town) -> Fill:
    """Puts a thing on a layer, at p unless something else is said; nothing else is on the map."""
    Area.objects.filter(division=city.division).delete()

    def filled(layer: Layer, title: str = "Видно", **facts: Any) -> None:
        given: dict[str, Any] = {"community": city.community, "place": town["p"], "title": title}
        put(layer, Thing(**given | facts))

    return filled


def titles(layer: Layer, asked: Any) -> set[str]:
    """What the list shows. Marks and a tile show as much: by name, or counted where a long period is asked for."""
    page = things([layer], asked)
    found = {row["title"] for row in page.rows}
    assert page.total == len(page.rows) == len(found)
    if asked.box:
        answer = json.loads(marks([layer], asked))
        assert answer["total"] == page.total
        for shown in ([one["properties"] for one in answer["features"]], features_of_tile(layer, asked)):
            assert {one["title"] for one in shown if "cluster" not in one} <= found
            assert sum(one.get("count", 1) for one in shown) == page.total
    return found


def test_registered_layers_are_among_those_asked() -> None:
    assert {"issues", "works", "registers"} <= {layer.name for layer in LAYERS}
    assert len({layer.counted.number for layer in LAYERS if layer.counted}) == 3


# What is told of a thing -------------------------------------------------------------------------------------------
@every_layer
def test_rows_have_the_fixed_columns_and_the_allowed_properties_only(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer)
    (row,) = layer.rows(city.community.pk, Filters(), today=TODAY)
    assert set(row) == {*COLUMNS, *layer.properties}
    assert row["state_group"] in GROUPS
    assert row["geometry"].srid == 4326


@every_layer
def test_list_shows_the_columns_but_not_the_geometry(layer: Layer, fill: Fill, city: City) -> None:
    fill(layer)
    (row,) = things([layer], question(city.community)).rows
    assert set(row) == {"layer", *COLUMNS, *layer.properties} - {"geometry"}
    assert row["layer"] == layer.name


@every_layer
def test_mark_carries_only_what_is_allowed(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer)
    (feature,) = json.loads(marks([layer], question(city.community, town)))["features"]
    fixed = {"layer", "id", "title", "state", "state_group", "icon", "url"}
    assert set(feature["properties"]) == fixed | set(layer.on_marks)
    assert feature["geometry"]["type"] == "Point"


@every_layer
def test_tile_carries_only_the_fixed_columns(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer)
    (row,) = features_of_tile(layer, question(city.community, town))
    told = {"id", "mvt_id", "title", "category", "icon", "state", "state_group", "starts_at", "url"}
    assert set(row) <= told | {"type", "wkb"}


@every_layer
def test_feeds_carry_only_what_is_allowed(
    layer: Layer, fill: Fill, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(layers._layers, layer.name, layer)
    fill(layer, "Видно в стрічці")
    (feature,) = client.get(f"/yavoryn/feed.geojson?layer={layer.name}").json()["features"]
    assert set(feature["properties"]) == {"layer", *COLUMNS, *layer.properties} - {"geometry", "id"}
    atom = client.get(f"/yavoryn/feed.atom?layer={layer.name}").content.decode()
    assert "Видно в стрічці" in atom
    for secret in ("номер договору", "адреса автора"):
        assert secret not in atom + json.dumps(feature, ensure_ascii=False)


@every_layer
def test_each_reading_is_one_query(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer)
    for ask in (
        lambda: marks([layer], question(city.community, town)),
        lambda: marks([layer], replace(question(city.community, town), most=0)),
        lambda: things([layer], question(city.community, town)),
        lambda: things([layer], question(city.community)),
        lambda: features_of_tile(layer, question(city.community, town)),
    ):
        with CaptureQueriesContext(connection) as queries:
            ask()
        assert len(queries) == 1


@every_layer
def test_titles_pass_unchanged_whatever_they_hold(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    title = "100 % «люк» <b>'%s'</b> \\ 🕳"
    fill(layer, title)
    assert titles(layer, question(city.community, town)) == {title}


# Who sees it -------------------------------------------------------------------------------------------------------
@every_layer
def test_what_is_hidden_never_appears(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Приховане", is_hidden=True)
    assert list(layer.rows(city.community.pk, Filters(), today=TODAY)) == []
    assert titles(layer, question(city.community, town)) == set()
    fill(layer, "Видно")
    assert titles(layer, question(city.community, town)) == {"Видно"}


@every_layer
def test_another_communitys_things_never_appear(
    layer: Layer, fill: Fill, city: City, elsewhere: Community, town: Town
) -> None:
    """Even where both stand in one place."""
    fill(layer, "Тут")
    fill(layer, "Там", community=elsewhere)
    assert titles(layer, question(city.community, town)) == {"Тут"}
    with scope(community=elsewhere):
        assert titles(layer, question(elsewhere, town)) == {"Там"}


# What narrows it ---------------------------------------------------------------------------------------------------
@every_layer
def test_category_filter_keeps_that_kind_only(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    first, second = CATEGORIES[layer.name]
    fill(layer, "Перше", kind=0)
    fill(layer, "Друге", kind=1, place=town["q"])
    assert titles(layer, question(city.community, town, categories=(first,))) == {"Перше"}
    assert titles(layer, question(city.community, town, categories=(second,))) == {"Друге"}
    assert titles(layer, question(city.community, town, categories=(first, second))) == {"Перше", "Друге"}
    assert titles(layer, question(city.community, town, categories=("no-such",))) == set()


@every_layer
def test_group_filter_keeps_that_family_only(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Перше", group=0)
    if not layer.groups:  # what has no states is hidden by none
        assert titles(layer, question(city.community, town, groups=("wait",))) == {"Перше"}
        return
    fill(layer, "Друге", group=1, place=town["q"])
    first, second = GROUPS_OF[layer.name]
    assert titles(layer, question(city.community, town, groups=(first,))) == {"Перше"}
    assert titles(layer, question(city.community, town, groups=(second,))) == {"Друге"}
    for group, _name in layer.groups:
        rows = things([layer], question(city.community, groups=(group,))).rows
        assert {row["state_group"] for row in rows} <= {group}


@every_layer
def test_period_keeps_what_began_in_it(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Раніше", began=NOW - timedelta(days=9))
    fill(layer, "Пізніше", began=NOW - timedelta(days=2), place=town["q"])
    between = NOW - timedelta(days=5)
    asked = replace(question(city.community, town), zoom=14)
    for since, until, wanted in (
        (between, None, {"Пізніше"}),
        (None, between, {"Раніше"}),
        (NOW - timedelta(days=10), between, {"Раніше"}),
        (between, NOW, {"Пізніше"}),
        (NOW - timedelta(days=400), NOW, {"Раніше", "Пізніше"}),
        (NOW - timedelta(days=1), None, set()),
    ):
        assert titles(layer, replace(asked, filters=Filters(since=since, until=until))) == wanted


@every_layer
def test_words_keep_what_has_them(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    fill(layer, "Липа біля школи")
    fill(layer, "Тополя", place=town["q"])
    assert titles(layer, question(city.community, town, text="ЛИП шко")) == {"Липа біля школи"}
    assert titles(layer, question(city.community, town, text="ялина")) == set()


@every_layer
def test_area_keeps_what_stands_in_it(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    quarters = Division.objects.create(community=city.community, code="quarters", name="Квартали")
    south = Area.objects.create(community=city.community, division=quarters, code="hidden-south", name="Слобідка",
                                boundary=town.area("CDFE"), valid_from=LONG_AGO)  # fmt: skip
    fill(layer, "Північ")
    fill(layer, "Південь", place=town["q"])
    assert titles(layer, question(city.community, town, area=south.pk)) == {"Південь"}


@every_layer
def test_box_keeps_what_it_touches_whatever_its_shape(layer: Layer, fill: Fill, city: City, town: Town) -> None:
    for number, shape in enumerate(SHAPES[layer.name]):
        fill(layer, shape, shape=shape, kind=number % 2)
    fill(layer, "Осторонь", place=town["q"])
    p = town["p"]
    here = replace(question(city.community), box=Box(p.x - 0.0005, p.y - 0.0005, p.x + 0.0005, p.y + 0.0005))
    page, answer = things([layer], here), json.loads(marks([layer], here))
    assert {row["title"] for row in page.rows} == set(SHAPES[layer.name])
    assert answer["total"] == page.total == len(SHAPES[layer.name])


# All of them together ----------------------------------------------------------------------------------------------
def test_layers_stand_on_one_map_and_in_one_list(fill: Fill, city: City, town: Town) -> None:
    for layer in LAYERS:
        fill(layer, f"Видно {layer.name}")
    answer = json.loads(marks(LAYERS, question(city.community, town)))
    assert {feature["properties"]["layer"] for feature in answer["features"]} == {layer.name for layer in LAYERS}
    assert answer["total"] == len(LAYERS)
    assert {row["layer"] for row in things(LAYERS, question(city.community)).rows} == {layer.name for layer in LAYERS}


def test_categories_of_two_layers_never_have_one_code(fill: Fill, city: City) -> None:
    """A category that is called as a register, and one as its prefix."""
    for code in ("lamps", "register-lamps"):
        type(city.roads).objects.create(community=city.community, code=code, name=code)
    fill(layer_named("registers"))
    choices = [layer_named(name).categories(city.community.pk) for name in ("issues", "registers")]
    told = [choice.code for some in choices for choice in some]
    assert len(told) == len(set(told)) == 5


def test_categories_are_named_in_the_readers_language(city: City) -> None:
    with translation.override("uk"):
        assert {"Дороги", "Люки"} == {choice.name for choice in layer_named("issues").categories(city.community.pk)}
    with translation.override("en"):
        assert {"Roads", "Manholes"} == {choice.name for choice in layer_named("issues").categories(city.community.pk)}


def test_two_layers_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="registered already"):
        register(Layer(name="issues", title="Інші", rows=PETITIONS.rows))


def test_mark_cannot_carry_what_is_not_allowed() -> None:
    with pytest.raises(ValueError, match="reporter_email"):
        Layer(name="leaky", title="", rows=PETITIONS.rows, on_marks={"mail": "reporter_email"})


def test_name_that_is_no_plain_word_is_refused() -> None:
    with pytest.raises(ValueError, match="plain word"):
        Layer(name="o'hara", title="", rows=PETITIONS.rows)


# What strangers may see of reports ---------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_held_and_hidden_reports_never_appear(city: City, town: Town, visibility: Visibility) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=visibility)
    issues = [layer_named("issues")]
    assert json.loads(marks(issues, question(city.community, town)))["total"] == 0
    assert things(issues, question(city.community)).total == 0


def test_coarse_report_appears_only_blurred(city: City, town: Town) -> None:
    report = pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE)
    wide = question(city.community, None)
    around = replace(wide, box=Box(28.4, 49.1, 28.6, 49.3))
    (feature,) = json.loads(marks([layer_named("issues")], around))["features"]
    longitude, latitude = feature["geometry"]["coordinates"]
    assert (longitude, latitude) == pytest.approx((28.465, 49.225))
    assert (longitude, latitude) != pytest.approx(report.location.coords)


def test_coarse_report_is_found_where_it_is_shown_and_not_where_it_is(city: City, town: Town) -> None:
    place = pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE).location
    issues = [layer_named("issues")]
    at_truth = Box(place.x - 0.0005, place.y - 0.0005, place.x + 0.0005, place.y + 0.0005)
    at_blur = Box(28.4645, 49.2245, 28.4655, 49.2255)
    for box, total in ((at_truth, 0), (at_blur, 1)):
        asked = replace(question(city.community), box=box)
        assert json.loads(marks(issues, asked))["total"] == total
        assert things(issues, asked).total == total


def test_report_is_late_from_the_day_after_its_promise(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, due_on=TODAY, title="сьогодні")
    pin(city.community, town["p"], category=city.roads, due_on=date(2026, 11, 18), title="учора")
    pin(city.community, town["p"], category=city.roads, due_on=date(2026, 11, 18), state=State.DONE, title="виконано")
    rows = things([layer_named("issues")], question(city.community)).rows
    assert {row["title"] for row in rows if row["is_late"]} == {"учора"}
