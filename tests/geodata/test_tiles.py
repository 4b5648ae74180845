"""Vector tiles hold what the map shows: things, or counts that add up, and nobody sees more in them than elsewhere."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope
from hypothesis import given
from hypothesis import strategies as st

from core.models import Visibility
from geodata import cells, tile_sql
from geodata.layers import Layer, layer_named
from geodata.models import Area, Community, Division
from geodata.squares import FINEST, place_in_grid
from geodata.tiles import tile
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.geodata.conftest import PETITIONS, TODAY, pin, question
from tests.geodata.every_tile import decoded
from tests.geodata.towns import FIRST_DAY, Dot, dots, seen_by_strangers
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("_clock")


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def around(place: Any, z: int) -> tuple[int, int, int]:
    x, y = place_in_grid(place.x, place.y)
    return z, x >> FINEST - z, y >> FINEST - z


def read(layer: Layer, asked: Any, z: int, x: int, y: int) -> list[dict[str, Any]]:
    return decoded(tile([layer], asked, z, x, y), layer.name)


def test_tile_has_the_things_with_their_words(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads, title="Яма «велика»")
    (row,) = read(layer_named("issues"), question(city.community), *around(town["p"], 14))
    assert (row["title"], row["category"], row["state_group"]) == ("Яма «велика»", "roads", "wait")
    assert row["url"] == f"/yavoryn/issues/{issue.number}/"
    assert set(row) - {"type", "wkb"} <= {
        "id",
        "title",
        "category",
        "icon",
        "state",
        "state_group",
        "starts_at",
        "url",
        "mvt_id",
    }


def test_tile_beside_has_nothing(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    z, x, y = around(town["p"], 14)
    assert tile([layer_named("issues")], question(city.community), z, x + 3, y) == b""


def test_areas_stand_in_every_tile_that_they_touch(inside: Community, squares: Division, blocks: Town) -> None:
    Area.objects.create(community=inside, division=squares, code="big", name="Велика", valid_from=TODAY,
                        boundary=blocks.area("ACFD"))  # fmt: skip
    for corner in "ACFD":
        (row,) = read(PETITIONS, question(inside), *around(blocks[corner], 18))
        assert row["type"] in {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_what_strangers_do_not_see_is_in_no_tile(city: City, town: Town, visibility: Visibility) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=visibility)
    for z in (8, 12, 16):
        assert tile([layer_named("issues")], question(city.community), *around(town["p"], z)) == b""


def test_another_communitys_things_are_in_no_tile(city: City, elsewhere: Community, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    with scope(community=elsewhere):
        assert tile([layer_named("issues")], question(elsewhere), *around(town["p"], 12)) == b""


def test_one_query_reads_one_layer(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    with CaptureQueriesContext(connection) as queries:
        tile([layer_named("issues"), layer_named("works")], question(city.community), *around(town["p"], 12))
    assert len(queries) == 2


@given(
    drawn=st.lists(dots, max_size=20),
    z=st.sampled_from([0, 6, 9, 12, 14, 16, 17, 19]),
    few=st.sampled_from([0, 3, 2000]),
    folded=st.booleans(),
    period=st.sampled_from([None, (100, 130), (40, 400), (0, None), (None, 300)]),
    groups=st.sampled_from([(), ("wait",), ("done", "shut")]),
    kinds=st.sampled_from([(), ("roads",)]),
)
def test_tiles_of_all_the_ground_hold_each_thing_once(
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    drawn: list[Dot],
    z: int,
    few: int,
    folded: bool,
    period: tuple[int | None, int | None] | None,
    groups: tuple[str, ...],
    kinds: tuple[str, ...],
) -> None:
    monkeypatch.setattr(tile_sql, "FEW", few)
    since, until = (None if day is None else FIRST_DAY + timedelta(days=day) for day in period or (None, None))
    with rolled_back():
        for dot in drawn:
            category = (city.roads, city.manholes)[dot.kind]
            pin(city.community, dot.point, category=category, state=dot.state, visibility=dot.visibility, at=dot.at)
        if folded:
            cells.fold_all()
        seen = [
            one
            for one in seen_by_strangers([city.roads, city.manholes])
            if (not groups or one.group in groups)
            and (not kinds or one.category in kinds)
            and (since is None or one.at >= since)
            and (until is None or one.at < until)
        ]
        asked = question(city.community, groups=groups, categories=kinds, since=since, until=until)
        by_tile: Counter[tuple[int, int]] = Counter((one.x >> FINEST - z, one.y >> FINEST - z) for one in seen)
        corners = [place_in_grid(lon, lat) for lon in (28.459, 28.466, 28.473) for lat in (49.219, 49.226, 49.233)]
        tiles = {*by_tile, *((x >> FINEST - z, y >> FINEST - z) for x, y in corners)}
        for x, y in tiles:
            rows = read(layer_named("issues"), asked, z, x, y)
            assert sum(int(row.get("count") or 1) for row in rows) == by_tile[(x, y)]


def test_address_of_tiles_has_their_version_and_the_filters(client: Client, city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    answer = client.get("/yavoryn/tiles.json", {"layer": "issues", "state": "wait"})
    found = json.loads(answer.content)
    (template,) = found["tiles"]
    assert template.startswith("http://testserver/yavoryn/tiles/")
    assert template.endswith("/issues/{z}/{x}/{y}.mvt?layer=issues&state=wait")
    assert found["vector_layers"][0]["id"] == "issues"
    z, x, y = around(town["p"], 13)
    path = template.removeprefix("http://testserver").format(z=z, x=x, y=y)
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    assert client.get("/yavoryn/tiles.json", {"layer": "issues"}).json()["tiles"] != found["tiles"]
    assert client.get(path).headers["Cache-Control"] == "public, max-age=5"  # a version that was


def test_empty_tile_says_so_with_204(client: Client, city: City) -> None:
    response = client.get("/yavoryn/tiles/x/issues/14/0/0.mvt")
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize(
    "path", ["x/dragons/3/0/0", "x/issues/3/8/0", "x/issues/40/0/0", "x/issues+dragons/3/0/0", "x/issues/3/0/99"]
)
def test_tile_that_is_none_is_not_found(client: Client, city: City, path: str) -> None:
    assert client.get(f"/yavoryn/tiles/{path}.mvt").status_code == 404


def test_combined_tile_is_the_tiles_of_its_layers(client: Client, city: City, town: Town, squares: Division) -> None:
    pin(city.community, town["p"], category=city.roads)
    asked = question(city.community)
    z, x, y = around(town["p"], 14)
    both = tile([layer_named("issues"), PETITIONS], asked, z, x, y)
    assert both == tile([layer_named("issues")], asked, z, x, y) + tile([PETITIONS], asked, z, x, y)
    assert {row["title"] for row in decoded(both, "petitions")} == {"Заріччя", "Слобідка"}


def test_box_of_the_question_does_not_matter(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    here = around(town["p"], 14)
    asked = question(city.community)
    elsewhere = replace(asked, box=question(city.community, town).box)
    assert tile([layer_named("issues")], asked, *here) == tile([layer_named("issues")], elsewhere, *here)


def test_only_tiles_of_counted_layers_are_kept_long(client: Client, city: City, town: Town) -> None:
    """Nobody knows when a work changes: no version of its tiles is the current one."""
    pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    z, x, y = around(town["p"], 13)
    version = cells.version_of(city.community.pk)
    kept = {}
    for names in ("issues", "works", "issues+works"):
        for named in (version, "now"):
            path = f"/yavoryn/tiles/{named}/{names}/{z}/{x}/{y}.mvt"
            kept[names, named] = client.get(path).headers["Cache-Control"]
    long = {key for key, value in kept.items() if value == "public, max-age=86400"}
    assert long == {("issues", version)}
    assert set(kept.values()) == {"public, max-age=86400", "public, max-age=5"}
