"""Every layer shows one set, whether rows are read or squares are counted, folded or not, whatever shapes it has."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection

from geodata import cells, counted_sql, recount, tile_sql
from geodata.boxes import Box
from geodata.layer_sql import Question
from geodata.layers import Layer
from geodata.lists import things
from geodata.marks import marks
from geodata.models import Area, Community
from tests.conftest import NOW, City
from tests.geodata.conftest import question
from tests.geodata.every_layer import CATEGORIES, LAYERS, SHAPES, Thing, every_layer, put
from tests.geodata.every_tile import features_of_tile
from tests.grid import Town, grid

pytestmark = [pytest.mark.usefixtures("counted_petitions", "_clock")]
counted_layer = pytest.mark.parametrize(
    "layer", [layer for layer in LAYERS if layer.counted], ids=lambda layer: layer.name
)
KINDS_OF_SHAPES = {"line": "LineString", "area": "Polygon"}
every_shape = pytest.mark.parametrize(
    ("layer", "shape"),
    [
        pytest.param(layer, shape, id=f"{layer.name} as {shape}")
        for layer in LAYERS
        for shape in SHAPES[layer.name]
        if shape in KINDS_OF_SHAPES
    ],
)
ways = pytest.mark.parametrize(
    ("few", "folded"), [(0, True), (0, False), (2000, True), (2000, False)],
    ids=["cells", "cells and deltas", "rows", "rows, nothing folded"],
)  # fmt: skip
HERE, THERE = "abcde", "vwxyz"  # places of things in the drawing


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def wide() -> Town:
    """Five places in the west, five in the east, a kilometre apart."""
    return grid(
        "a . b . . . . . v . w",
        ". . . . . . . . . . .",
        "c . d . . . . . x . y",
        ". e . . . . . . . z .",
        cell=150.0,
    )


@pytest.fixture
def fill(city: City, wide: Town, few: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[Layer], None]:
    """Ten things of all shapes, kinds and families, three hidden ones and three of another community among them."""
    Area.objects.filter(division=city.division).delete()
    for module in (counted_sql, tile_sql):
        monkeypatch.setattr(module, "FEW", few)
    neighbour = Community.objects.create(slug="sosnivka", name="Соснівка", centre=wide["v"])

    def filled(layer: Layer) -> None:
        shapes = SHAPES[layer.name]
        for number, name in enumerate(HERE + THERE):
            one = Thing(city.community, wide[name], name, shapes[number % len(shapes)], number % 2, number // 5)
            put(layer, one)
            if name in "adz":
                put(layer, replace(one, title="приховане", is_hidden=True))
                put(layer, replace(one, title="чуже", community=neighbour))

    return filled


def asked_of(city: City, wide: Town, zoom: float = 14, **filters: Any) -> Question:
    return replace(question(city.community, wide, **filters), zoom=zoom)


def seen(layer: Layer, asked: Question) -> tuple[int, int, int, int, int]:
    """How many things the list, its rows, the marks' total, the marks themselves and a tile tell of."""
    page, answer = things([layer], asked, limit=50), json.loads(marks([layer], asked))
    shown = [feature["properties"] for feature in answer["features"]]
    assert {"приховане", "чуже"}.isdisjoint({row["title"] for row in page.rows} | {one.get("title") for one in shown})
    in_marks, in_tile = (sum(one.get("count", 1) for one in some) for some in (shown, features_of_tile(layer, asked)))
    return page.total, len(page.rows), answer["total"], in_marks, in_tile


@every_layer
@ways
@pytest.mark.parametrize("most", [200, 4])
def test_list_marks_and_tiles_tell_of_the_same_things(
    layer: Layer, folded: bool, most: int, fill: Callable[[Layer], None], city: City, wide: Town
) -> None:
    fill(layer)
    if folded:
        cells.fold_all()
    asked = replace(asked_of(city, wide), most=most)
    assert seen(layer, asked) == (10,) * 5
    for code in CATEGORIES[layer.name]:
        narrowed = replace(asked, filters=replace(asked.filters, categories=(code,)))
        assert seen(layer, narrowed) == (5,) * 5
    for group, _name in layer.groups:
        narrowed = replace(asked, filters=replace(asked.filters, groups=(group,)))
        assert seen(layer, narrowed)[0] in (0, 5)
        assert len(set(seen(layer, narrowed))) == 1


@counted_layer
@ways
def test_counts_equal_a_recount(layer: Layer, folded: bool, fill: Callable[[Layer], None], city: City) -> None:
    fill(layer)
    if folded:
        cells.fold_all()
    assert layer.counted
    for community_id in recount.communities_counted(layer.counted):
        found = recount.difference(layer.counted, community_id)
        assert found.is_exact
        assert found.cells > 0


@counted_layer
@pytest.mark.parametrize("few", [0])
def test_hidden_things_are_in_no_square(layer: Layer, fill: Callable[[Layer], None], city: City) -> None:
    fill(layer)
    cells.fold_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n) FROM geodata_cell WHERE layer = %s AND community = %s AND category = 0 AND c < 1 << 17",
            [layer.counted.number if layer.counted else 0, city.community.pk],
        )
        assert cursor.fetchone()[0] == 10  # of level 8 alone


@counted_layer
@pytest.mark.parametrize("few", [0])
def test_thing_alone_in_a_square_beyond_the_box_is_told_by_name(
    layer: Layer, few: int, city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole squares are counted where there is much: what stands in them beside the view is a thing like the others."""
    monkeypatch.setattr(counted_sql, "FEW", few)
    p = town["p"]
    put(layer, Thing(city.community, Point(p.x + 0.012, p.y, srid=4326), "Осторонь"))
    asked = replace(question(city.community), box=Box(p.x - 0.001, p.y - 0.001, p.x + 0.001, p.y + 0.001), zoom=10)
    (feature,) = json.loads(marks([layer], asked))["features"]
    assert feature["properties"]["title"] == "Осторонь"
    assert [row["title"] for row in things([layer], asked).rows] == ["Осторонь"]


# Lines and areas ---------------------------------------------------------------------------------------------------
@every_shape
@pytest.mark.parametrize("few", [0, 2000], ids=["cells", "rows"])
def test_lines_and_areas_are_drawn_beside_their_marks(
    layer: Layer, shape: str, few: int, city: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_sql, "FEW", few)
    Area.objects.filter(division=city.division).delete()
    put(layer, Thing(city.community, town["p"], shape=shape))
    answer = json.loads(marks([layer], asked_of(city, town, zoom=16)))
    (mark,), (drawn,) = answer["features"], answer["shapes"]["features"]
    assert (mark["geometry"]["type"], drawn["geometry"]["type"]) == ("Point", KINDS_OF_SHAPES[shape])
    assert drawn["properties"] == {name: mark["properties"][name] for name in ("layer", "id", "state_group")}
    assert GEOSGeometry(json.dumps(drawn["geometry"])).distance(town["p"]) < 1e-6


@every_shape
def test_lines_and_areas_are_lines_and_areas_in_tiles(layer: Layer, shape: str, city: City, town: Town) -> None:
    Area.objects.filter(division=city.division).delete()
    put(layer, Thing(city.community, town["p"], shape=shape))
    p = town["p"]
    (row,) = features_of_tile(layer, replace(question(city.community), box=Box(p.x, p.y, p.x + 1e-4, p.y + 1e-4)))
    assert row["type"].removeprefix("Multi") == KINDS_OF_SHAPES[shape]


@pytest.mark.parametrize("few", [0, 2000], ids=["cells", "rows"])
def test_all_layers_together_are_as_many_as_each_alone(fill: Callable[[Layer], None], city: City, wide: Town) -> None:
    for layer in LAYERS:
        fill(layer)
    answer = json.loads(marks(LAYERS, asked_of(city, wide)))
    assert answer["total"] == 10 * len(LAYERS)
    assert sum(one["properties"].get("count", 1) for one in answer["features"]) == answer["total"]
