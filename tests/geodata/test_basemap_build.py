"""A base map is built of what was imported: what it shows at which zoom, and always the same bytes."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyogrio.raw
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django_scopes import scopes_disabled
from pmtiles.reader import MemorySource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pytest_django import Settings

from geodata.basemap_build import Grid, NothingToDrawError, Progress, build, plan
from geodata.basemap_files import drawn_file
from geodata.models import Area, Community, MapShape
from tests.conftest import City
from tests.geodata.conftest import TODAY
from tests.grid import Town

ZOOMS: dict[str, Any] = {"min_zoom": 8, "max_zoom": 15}
Shapes = list[tuple[str, str]]  # kind and name


@pytest.fixture
def drawn(city: City, town: Town) -> City:
    """Яворин with one shape of each kind; two pieces of one street meet at D."""
    add = MapShape.objects.create
    given = {"community": city.community}
    add(kind="land", geometry=town.polygon("ABFE"), **given)
    add(kind="park", name="Міський парк", geometry=town.polygon("ABDC"), **given)
    add(kind="water", name="Бужанка", geometry=town.polygon("CDFE"), **given)
    add(kind="building", geometry=town["p"].buffer(0.0001), **given)
    add(kind="street", name="вулиця Садова", geometry=town.line("BD"), **given)
    add(kind="street", name="вулиця Садова", geometry=town.line("DF"), **given)
    add(kind="street", geometry=town.line("AD"), **given)
    add(kind="road", name="проспект Миру", geometry=town.line("CD"), **given)
    add(kind="rail", geometry=town.line("AF"), **given)
    return city


def built(community: Community, **changes: Any) -> bytes:
    file = io.BytesIO()
    build(community, file, **({"on": TODAY} | ZOOMS | changes))
    return file.getvalue()


@pytest.fixture
def shown(drawn: City, tmp_path: Path) -> Callable[..., Shapes]:
    """`shown("roads", zoom=14)`: kinds and names of what that zoom holds, as GDAL reads the file."""
    path = tmp_path / "map.pmtiles"
    path.write_bytes(built(drawn.community))

    def read(layer: str, zoom: int) -> Shapes:
        facts, _ids, _shapes, columns = pyogrio.raw.read(path, layer=layer, ZOOM_LEVEL=str(zoom))
        values = dict(zip(facts["fields"], columns, strict=True))
        kinds = values["kind"]
        return sorted(zip(kinds, (name or "" for name in values.get("name", [""] * len(kinds))), strict=True))

    return read


def test_every_kind_is_there_at_the_closest_zoom(shown: Callable[..., Shapes]) -> None:
    assert shown("earth", zoom=15) == [("earth", "")]
    assert {("park", ""), ("park", "Міський парк")} == set(shown("landuse", zoom=15))
    assert {("water", ""), ("water", "Бужанка")} == set(shown("water", zoom=15))
    assert set(shown("buildings", zoom=15)) == {("building", "")}
    assert {kind for kind, _name in shown("boundaries", zoom=15)} == {"community", "district"}
    assert set(shown("places", zoom=15)) == {("district", "Заріччя"), ("district", "Слобідка")}


def test_pieces_of_a_street_become_one_line(shown: Callable[..., Shapes]) -> None:
    assert set(shown("roads", zoom=15)) == {
        ("major_road", "проспект Миру"),
        ("minor_road", ""),
        ("minor_road", "вулиця Садова"),
        ("rail", ""),
    }
    assert shown("roads", zoom=13).count(("minor_road", "вулиця Садова")) == 1


def test_far_away_there_are_main_roads_and_no_houses(shown: Callable[..., Shapes]) -> None:
    assert {kind for kind, _name in shown("roads", zoom=11)} == {"major_road", "rail"}
    assert {kind for kind, _name in shown("roads", zoom=12)} == {"major_road", "minor_road", "rail"}
    assert shown("roads", zoom=8) == [("major_road", "проспект Миру")]
    assert shown("buildings", zoom=13) == shown("places", zoom=10) == []


def test_specks_are_left_out_until_one_is_close(drawn: City, town: Town) -> None:
    MapShape.objects.all().delete()
    add = MapShape.objects.create
    add(community=drawn.community, kind="building", geometry=town["p"].buffer(0.00001))  # about two metres
    assert "buildings" not in layers_at(built(drawn.community), zoom=14)
    assert "buildings" in layers_at(built(drawn.community), zoom=15)


def layers_at(content: bytes, *, zoom: int) -> str:
    """Raw tiles of that zoom: names of layers stand in them."""
    tiles = [gzip.decompress(tile) for (z, _x, _y), tile in all_tiles(MemorySource(content)) if z == zoom]
    return b"".join(tiles).decode(errors="replace")


def test_community_without_land_stands_on_its_own_ground(city: City) -> None:
    assert plan(city.community, on=TODAY, **ZOOMS).shapes["earth/community"] == 1


def test_areas_are_those_in_force(drawn: City) -> None:
    Area.objects.filter(code="north").update(valid_to=TODAY)
    assert "Заріччя" not in layers_at(built(drawn.community), zoom=15)


def test_header_says_where_the_map_is_and_how_it_is_read(drawn: City) -> None:
    Community.objects.filter(pk=drawn.community.pk).update(map_credit="© Яворин")
    drawn.community.refresh_from_db()
    reader = Reader(MemorySource(built(drawn.community)))
    header, metadata = reader.header(), reader.metadata()
    assert drawn.community.boundary
    west, south, east, north = drawn.community.boundary.extent
    found = [header[f"{edge}_e7"] / 1e7 for edge in ("min_lon", "min_lat", "max_lon", "max_lat")]
    assert found == pytest.approx([west, south, east, north], abs=1e-6)
    assert (header["min_zoom"], header["max_zoom"]) == (8, 15)
    assert (header["tile_type"], header["tile_compression"]) == (TileType.MVT, Compression.GZIP)
    assert header["clustered"], "tiles lie in the order in which neighbours are read together"
    assert metadata["attribution"] == "© Яворин"


def test_same_rows_make_the_same_bytes(drawn: City) -> None:
    first = built(drawn.community)
    assert built(drawn.community) == first
    again = list(MapShape.objects.order_by("-pk"))
    MapShape.objects.all().delete()
    MapShape.objects.bulk_create(
        MapShape(community=one.community, kind=one.kind, name=one.name, geometry=one.geometry) for one in again
    )
    assert built(drawn.community) == first, "in whatever order they were imported"
    MapShape.objects.filter(kind="rail").delete()
    assert built(drawn.community) != first


def test_another_community_is_not_drawn(drawn: City, elsewhere: Community) -> None:
    before = built(drawn.community)
    with scopes_disabled():
        MapShape.objects.create(community=elsewhere, kind="land", geometry=drawn.community.boundary)
    assert built(drawn.community) == before


def test_broken_shapes_do_not_stop_it(drawn: City, town: Town) -> None:
    bow_tie = town.polygon("ADBC")
    assert not bow_tie.valid
    for kind in ("park", "building", "road"):
        MapShape.objects.create(community=drawn.community, kind=kind, geometry=bow_tie)
    MapShape.objects.create(community=drawn.community, kind="street", geometry=town["p"])
    assert built(drawn.community)


def test_progress_is_told_and_nothing_is_left_behind(drawn: City) -> None:
    told: list[Progress] = []
    built(drawn.community, told=told.append)
    assert {one.zoom for one in told} == set(range(8, 16))
    assert all(one.done <= one.all for one in told)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'basemap%%'")
        assert cursor.fetchone() == (0,)


def test_blocks_follow_the_curve_and_miss_no_tile() -> None:
    whole = Grid(13, 4701, 2779, 4731, 2800)
    blocks = whole.blocks()
    tiles = [[(x, y) for x in range(one.left, one.right + 1) for y in range(one.top, one.bottom + 1)] for one in blocks]
    ids = [sorted(zxy_to_tileid(13, x, y) for x, y in block) for block in tiles]
    assert sum(map(len, tiles)) == whole.count == len({tile for block in tiles for tile in block})
    assert [one for block in ids for one in block] == sorted(one for block in ids for one in block)


def test_nothing_to_draw_is_an_error(elsewhere: Community) -> None:
    with pytest.raises(NothingToDrawError):
        build(elsewhere, io.BytesIO(), on=TODAY, **ZOOMS)


# The command ----------------------------------------------------------------------------------------------------
def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("build_basemap", *arguments, stdout=out)
    return out.getvalue()


def test_command_writes_the_file_that_pages_draw(drawn: City, client: Client) -> None:
    told = said("yavoryn")
    file = drawn_file("yavoryn")
    assert file
    assert "15: 100 %" in told
    assert client.get("/yavoryn/").context["map_config"]["vector"]["url"] == f"/tiles/yavoryn/{file.version}.pmtiles"
    said("yavoryn")
    assert drawn_file("yavoryn").version == file.version  # type: ignore[union-attr]


def test_dry_run_writes_nothing(drawn: City) -> None:
    told = said("yavoryn", "--dry-run")
    assert "roads/minor_road: 2" in told
    assert drawn_file("yavoryn") is None


def test_command_says_when_something_else_is_drawn(drawn: City, settings: Settings) -> None:
    settings.BASEMAP_URL = "/static/tiles/{z}/{x}/{y}.png"
    assert "MISTO_BASEMAP_URL" in said("yavoryn")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "nowhere"),
        (["sosnivka"], "Соснівська громада"),
        (["sosnivka", "--min-zoom", "14", "--max-zoom", "12"], "16"),
        (["sosnivka", "--min-zoom", "-1"], "16"),
        (["sosnivka", "--max-zoom", "17"], "16"),
    ],
)
def test_what_cannot_be_built_is_said(elsewhere: Community, arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        said(*arguments)
    assert drawn_file("sosnivka") is None


def test_folder_that_cannot_be_written_is_said(drawn: City, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.BASEMAP_DIR = str(tmp_path / "file")
    with pytest.raises(CommandError, match="file"):
        said("yavoryn")


@pytest.mark.django_db(transaction=True)
def test_two_builds_of_one_map_do_not_meet(drawn: City) -> None:
    other = connections.create_connection("default")
    try:
        with transaction.atomic(), other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('build_basemap'), %s)", [drawn.community.pk])
            with pytest.raises(CommandError):
                said("yavoryn")
    finally:
        other.close()
    assert drawn_file("yavoryn") is None
