"""OpenStreetMap fills the base map, the addresses and, when asked, the districts: once, and only of this community."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django_scopes import scope

from geodata.models import Address, Area, Community, MapShape, Street
from geodata.osm_import import CREDIT
from tests.geodata.osm import OsmFile
from tests.grid import Town, grid

Bring = Callable[..., str]


@pytest.fixture
def land() -> Town:
    """The community is ABFE, 3 by 4 km. o is 2 km beyond its border, the ring WXYZ 9 km."""
    return grid(
        "A a b B . . . . . . . Z Y",
        ". . p . . . . . . . . W X",
        "C c d D . o . . . . . . .",
        ". . q . . . . . . . . . .",
        "E e f F . . . . . . . . .",
        cell=1000.0,
    )


@pytest.fixture
def community(db: None, land: Town) -> Iterator[Community]:
    made = Community.objects.create(
        slug="osm-town", name="Яворин", boundary=land.area("ABFE"), centre=land["p"], zoom=13
    )
    with scope(community=made):
        yield made


@pytest.fixture
def osm(land: Town) -> OsmFile:
    return OsmFile(land)


@pytest.fixture
def bring(community: Community, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bring:
    """Writes the drawing as a file and imports it; what the command said."""

    def run(osm: OsmFile, *options: str, ending: str = ".osm.pbf") -> str:
        call_command("import_osm", "osm-town", osm.write(tmp_path / f"a{ending}"), *options, no_color=True)
        return capsys.readouterr().out

    return run


def house(street: str, number: str, **more: str) -> dict[str, str]:
    return {"addr:street": street, "addr:housenumber": number} | more


def drawn(kind: str) -> list[str]:
    return sorted(MapShape.objects.filter(kind=kind).values_list("key", flat=True))


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"landuse": "residential"}, "land"),
        ({"leisure": "park"}, "park"),
        ({"landuse": "forest"}, "park"),
        ({"natural": "water"}, "water"),
        ({"building": "apartments"}, "building"),
        ({"building": "no"}, ""),
        ({"landuse": "farmland"}, ""),
    ],
)
def test_each_polygon_is_drawn_as_its_kind(bring: Bring, osm: OsmFile, tags: dict[str, str], kind: str) -> None:
    osm.point("p", house("вул. Соборна", "1"))
    identity = osm.ring("abdc", tags)
    bring(osm)
    assert [(row.kind, row.key) for row in MapShape.objects.all()] == (
        [(kind, f"osm:{identity}:{kind}")] if kind else []
    )


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "residential"}, "street"),
        ({"highway": "primary_link"}, "road"),
        ({"railway": "tram"}, "rail"),
        ({"railway": "rail", "tunnel": "yes"}, ""),
        ({"highway": "footway", "name": "Алея"}, ""),
        ({"waterway": "river"}, "water"),
    ],
)
def test_each_line_is_drawn_as_its_kind(bring: Bring, osm: OsmFile, tags: dict[str, str], kind: str) -> None:
    osm.point("p", house("вул. Соборна", "1"))
    osm.line("cd", tags)
    bring(osm)
    assert [row.kind for row in MapShape.objects.all()] == ([kind] if kind else [])


def test_river_that_is_a_line_becomes_as_wide_as_it_says(bring: Bring, osm: OsmFile) -> None:
    osm.line("cd", {"waterway": "river", "width": "40"})
    bring(osm)
    shape = MapShape.objects.get()
    assert shape.geometry.geom_type == "Polygon"
    shape.geometry.transform(32635)
    assert shape.geometry.area == pytest.approx(1000 * 40, rel=0.1)


def test_relation_with_a_hole_is_one_shape(bring: Bring, osm: OsmFile, land: Town) -> None:
    identity = osm.many(["ABFE"], {"natural": "wood", "name": "Ліс"}, holes=["pdc"])
    bring(osm)
    shape = MapShape.objects.get()
    assert (shape.key, shape.name) == (f"osm:{identity}:park", "Ліс")
    assert not shape.geometry.covers(land.polygon("pdc").centroid)
    assert shape.geometry.covers(land["q"])


def test_what_lies_beyond_the_community_is_left_out_and_wide_shapes_end_at_its_edge(
    bring: Bring, osm: OsmFile, land: Town
) -> None:
    osm.ring("WXYZ", {"landuse": "residential"})
    osm.point("o", house("вул. Чужа", "1"))
    osm.line("oW", {"highway": "residential", "name": "вул. Чужа"})
    osm.ring("AYXE", {"natural": "water"})
    bring(osm)
    (lake,) = MapShape.objects.all()
    assert lake.kind == "water"
    assert lake.geometry.extent[2] < land["o"].x
    assert not Street.objects.exists()


def test_streets_and_houses_come_with_all_their_names(bring: Bring, osm: OsmFile, land: Town) -> None:
    named = {"name": "вулиця Соборна", "old_name": "вулиця Леніна;Дворянська", "old_name:1923-1941": "вулиця Рози",
             "name:en": "Soborna Street", "alt_name": "Соборка"}  # fmt: skip
    osm.line("cd", {"highway": "residential", **named})
    osm.line("dD", {"highway": "tertiary", **named})
    osm.point("p", house("вулиця Соборна", "12"))
    osm.ring("abdc", house("вулиця Соборна", "14;16", building="yes"))
    bring(osm)
    street = Street.objects.get()
    assert street.former_names == ["вулиця Леніна", "Дворянська", "вулиця Рози"]
    assert sorted(street.other_names) == ["Soborna Street", "Соборка"]
    assert street.path is not None
    assert len(street.path) == 2
    assert sorted(Address.objects.values_list("number", flat=True)) == ["12", "14", "16"]


def test_door_and_building_of_one_number_are_one_house_and_namesakes_far_away_are_two(
    bring: Bring, osm: OsmFile, land: Town
) -> None:
    osm.point("p", house("вулиця Соборна", "12"))
    osm.point("q", house("вулиця Соборна", "12"))
    bring(osm)
    assert Address.objects.count() == 2
    near = OsmFile(grid("A B", "D C", cell=50.0, origin=land.places["q"]))
    near.point("A", house("вулиця Соборна", "12"))
    building = near.ring("ABCD", house("вулиця Соборна", "12", building="yes"))
    Address.objects.all().delete()
    bring(near)
    assert building
    assert Address.objects.get().location.coords == pytest.approx(
        (near._town["A"].x + 0.00034, near._town["A"].y - 0.00022), abs=2e-4
    )


def test_square_is_found_as_a_street(bring: Bring, osm: OsmFile) -> None:
    osm.ring("abdc", {"place": "square", "name": "площа Ринок"})
    bring(osm)
    assert Street.objects.get().name == "площа Ринок"


def test_settlements_tell_streets_of_one_name_apart(bring: Bring, osm: OsmFile) -> None:
    osm.ring("ABDC", {"place": "village", "name": "Верхівка"})
    osm.ring("CDFE", {"place": "village", "name": "Низівка"})
    osm.line("ab", {"highway": "residential", "name": "Шкільна вулиця"})
    osm.line("ef", {"highway": "residential", "name": "Шкільна вулиця"})
    osm.point("p", house("Шкільна вулиця", "1"))
    osm.point("q", house("Шкільна вулиця", "1"))
    bring(osm)
    assert sorted(map(str, Street.objects.all())) == ["Шкільна вулиця (Верхівка)", "Шкільна вулиця (Низівка)"]
    assert Address.objects.count() == 2


def test_the_only_settlement_is_not_repeated_in_each_address(bring: Bring, osm: OsmFile) -> None:
    osm.line("cd", {"highway": "residential", "name": "Шкільна вулиця"})
    osm.point("p", house("Шкільна вулиця", "1", **{"addr:city": "Яворин"}))
    bring(osm)
    assert str(Street.objects.get()) == "Шкільна вулиця"


def test_the_same_file_again_changes_nothing_and_says_so(bring: Bring, osm: OsmFile) -> None:
    osm.ring("abdc", {"leisure": "park", "name": "Парк"})
    osm.line("ef", {"highway": "residential", "name": "вул. Соборна"})
    osm.point("p", house("вул. Соборна", "12"))
    first = bring(osm)
    before = list(MapShape.objects.order_by("pk").values_list("pk", "key"))
    again = bring(osm)
    assert "нічого не змінено" not in first
    assert "2 без змін" in again or "2 unchanged" in again
    assert list(MapShape.objects.order_by("pk").values_list("pk", "key")) == before
    assert "nothing was changed" in again or "нічого не змінено" in again


def test_shape_that_went_away_goes_and_one_that_changed_keeps_its_row(
    bring: Bring, osm: OsmFile, land: Town, community: Community
) -> None:
    own = MapShape.objects.create(community=community, kind="park", name="Сквер", geometry=land.polygon("abdc"))
    osm.ring("abdc", {"leisure": "park", "name": "Парк"})
    osm.ring("cdfe", {"natural": "water"})
    bring(osm)
    park = MapShape.objects.get(name="Парк").pk
    later = OsmFile(land)
    later.ring("abdc", {"leisure": "park", "name": "Парк Миру"})
    bring(later)
    assert MapShape.objects.get(pk=park).name == "Парк Миру"
    assert not MapShape.objects.filter(kind="water").exists()
    assert MapShape.objects.filter(pk=own.pk).exists()


def test_another_community_keeps_its_shapes(bring: Bring, osm: OsmFile, land: Town, elsewhere: Community) -> None:
    with scope(community=elsewhere):
        MapShape.objects.create(community=elsewhere, kind="park", key="osm:w9:park", geometry=land.polygon("abdc"))
    osm.ring("abdc", {"leisure": "park"})
    bring(osm)
    with scope(community=elsewhere):
        assert MapShape.objects.count() == 1
    elsewhere.refresh_from_db()
    assert elsewhere.map_credit == ""


def test_map_says_whose_data_it_shows(bring: Bring, osm: OsmFile, community: Community) -> None:
    osm.point("p", house("вул. Соборна", "12"))
    bring(osm, "--without=shapes")
    community.refresh_from_db()
    assert community.map_credit == ""
    osm.ring("abdc", {"building": "yes"})
    bring(osm)
    community.refresh_from_db()
    assert community.map_credit == CREDIT


def test_parts_are_left_out_when_told(bring: Bring, osm: OsmFile) -> None:
    osm.ring("abdc", house("вул. Соборна", "12", building="yes"))
    bring(osm, "--without=addresses")
    assert MapShape.objects.count() == 1
    assert not Address.objects.exists()


def test_districts_come_only_when_asked(bring: Bring, osm: OsmFile, community: Community) -> None:
    level = {"boundary": "administrative", "admin_level": "9"}
    north = osm.many(["ABDC"], level | {"name": "Північний район"}, kind="boundary")
    south = osm.many(["CDFE"], level | {"name": "Південний район"}, kind="boundary")
    osm.many(["WXYZ"], level | {"name": "Чужий район"}, kind="boundary")
    osm.ring("abdc", {"building": "yes"})
    bring(osm)
    assert not Area.objects.exists()
    bring(osm, "--districts=districts")
    found = list(Area.objects.order_by("code").values_list("code", "name"))
    assert found == [(north, "Північний район"), (south, "Південний район")]
    again = bring(osm, "--districts=districts")
    assert Area.objects.count() == 2
    assert "nothing was changed" in again or "нічого не змінено" in again


def test_of_several_levels_of_districts_one_is_to_be_chosen(bring: Bring, osm: OsmFile) -> None:
    for level in ("9", "10"):
        tags = {"boundary": "administrative", "admin_level": level, "name": f"Район {level}"}
        osm.many(["ABFE"], tags, kind="boundary")
    with pytest.raises(CommandError, match=r"10 \(1\), 9 \(1\)"):
        bring(osm, "--districts=districts")
    bring(osm, "--districts=districts", "--level=10")
    assert Area.objects.get().name == "Район 10"


def test_file_without_districts_is_refused_when_they_are_asked_for_and_nothing_changes(
    bring: Bring, osm: OsmFile
) -> None:
    osm.ring("abdc", {"building": "yes"})
    with pytest.raises(CommandError, match="admin_level"):
        bring(osm, "--districts=districts")
    assert not MapShape.objects.exists()


def test_dry_run_writes_nothing(bring: Bring, osm: OsmFile, community: Community) -> None:
    osm.ring("abdc", house("вул. Соборна", "12", building="yes"))
    bring(osm, "--dry-run")
    assert not MapShape.objects.exists()
    assert not Street.objects.exists()
    community.refresh_from_db()
    assert community.map_credit == ""


def test_objects_with_missing_nodes_are_counted_and_the_others_taken(bring: Bring, osm: OsmFile) -> None:
    osm.line("c", {"highway": "residential"}, missing=2)
    osm.line("cd", {"highway": "residential"})
    said = bring(osm)
    assert len(drawn("street")) == 1
    assert ": 1." in said


@pytest.mark.parametrize("ending", [".osm", ".osm.bz2", ".osm.gz", ".pbf"])
def test_other_kinds_of_files_are_read(bring: Bring, osm: OsmFile, ending: str) -> None:
    osm.ring("abdc", {"building": "yes"})
    bring(osm, ending=ending)
    assert len(drawn("building")) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.osm.pbf", b""),
        ("a.osm.pbf", b"\x00\x00\x00\x0d not a map at all"),
        ("a.osm", b"<html></html>"),
        ("a.osm", b'<osm version="0.6"><node id="1" lat="x" lon="1"/></osm>'),
        ("a.osm", b"<osm version='0.6'><node"),
        ("a.osm.bz2", b"BZh9 broken"),
        ("a.geojson", b"{}"),
    ],
)
def test_file_that_is_no_use_is_refused_in_words(
    community: Community, tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("import_osm", "osm-town", path)


def test_import_reminds_of_a_map_that_was_built_before_it(
    bring: Bring, osm: OsmFile, capsys: pytest.CaptureFixture[str]
) -> None:
    osm.ring("abdc", {"building": "yes"})
    assert "build_basemap" not in bring(osm)
    call_command("build_basemap", "osm-town", "--max-zoom=12")
    assert "build_basemap" not in bring(osm).splitlines()[-1]  # the same file changes nothing
    osm.ring("cdfe", {"natural": "water"})
    assert bring(osm).splitlines()[-1].endswith("build_basemap osm-town")


def test_file_that_breaks_off_changes_nothing(bring: Bring, osm: OsmFile, tmp_path: Path) -> None:
    osm.ring("abdc", {"building": "yes"})
    bring(osm)
    path = osm.write(tmp_path / "b.osm.pbf")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CommandError):
        call_command("import_osm", "osm-town", path)
    with pytest.raises(CommandError):
        call_command("import_osm", "osm-town", tmp_path / "missing.osm.pbf")
    assert len(drawn("building")) == 1


def test_file_of_another_town_empties_nothing(bring: Bring, osm: OsmFile, land: Town) -> None:
    osm.ring("abdc", {"building": "yes"})
    bring(osm)
    other = OsmFile(land)
    other.ring("WXYZ", {"building": "yes"})
    with pytest.raises(CommandError):
        bring(other)
    assert len(drawn("building")) == 1


def test_community_without_a_boundary_takes_what_is_around_its_centre(
    bring: Bring, osm: OsmFile, community: Community
) -> None:
    Community.objects.filter(pk=community.pk).update(boundary=None)
    community.refresh_from_db()
    osm.ring("abdc", {"building": "yes"})
    bring(osm)
    assert len(drawn("building")) == 1


def test_addresses_alone_come_by_their_own_command(
    osm: OsmFile, community: Community, tmp_path: Path, land: Town
) -> None:
    osm.line("cd", {"highway": "residential", "name": "вулиця Соборна", "old_name": "вулиця Леніна"})
    osm.point("p", house("вулиця Соборна", "12"))
    path = osm.write(tmp_path / "a.osm.pbf")
    call_command("import_addresses", "osm-town", path)
    assert Street.objects.get().former_names == ["вулиця Леніна"]
    assert Address.objects.get().number == "12"
    path.write_bytes(b"broken")
    with pytest.raises(CommandError):
        call_command("import_addresses", "osm-town", path)
    assert not MapShape.objects.exists()


def test_database_keeps_a_key_once_in_a_community_and_no_key_often(community: Community, land: Town) -> None:
    for _time in range(2):
        MapShape.objects.create(community=community, kind="park", geometry=land.polygon("abdc"))
    MapShape.objects.create(community=community, kind="park", geometry=land.polygon("abdc"), key="osm:w1:park")
    with pytest.raises(IntegrityError), transaction.atomic():
        MapShape.objects.create(community=community, kind="park", geometry=land.polygon("abdc"), key="osm:w1:park")
