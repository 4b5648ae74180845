"""The commands that bring places in say what they did, and fail loudly without leaving anything."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override
from django_scopes import scope

from geodata.models import Area, Community
from tests.geodata.files import collection, feature, geopackage, kml, kml_polygon, packed, placemark, shapefile
from tests.grid import Town

SPRING = date(2026, 3, 1)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes features into a file."""

    def write(*features: Any, **members: Any) -> Path:
        path = tmp_path / "areas.geojson"
        path.write_bytes(collection(*features, **members))
        return path

    return write


def test_command_imports_and_counts(
    yavoryn: Community, blocks: Town, file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("mCFn"), 2))
    call_command("import_areas", "yavoryn", "blocks", path, "--valid-from=2026-03-01", no_color=True)
    said = capsys.readouterr().out
    assert "1 + 2: 59\N{NO-BREAK SPACE}998 m²" in said
    with scope(community=yavoryn):
        assert sorted(area.code for area in Area.objects.on(SPRING)) == ["1", "2"]


def test_command_lists_refusals_and_fails(
    yavoryn: Community, blocks: Town, file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(feature(blocks.polygon("ABED"), 1), feature(None, "another"))
    with pytest.raises(CommandError) as failure:
        call_command("import_areas", "yavoryn", "blocks", path)
    assert failure.value.returncode == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "another" in line]
    assert line.startswith("2 ")


def test_command_reads_metres_when_told(yavoryn: Community, blocks: Town, file: Callable[..., Path]) -> None:
    metres = blocks.polygon("ABED")
    metres.transform(32635)
    shape = {"type": "Polygon", "coordinates": json.loads(metres.json)["coordinates"]}
    path = file(feature(shape))
    with pytest.raises(CommandError):
        call_command("import_areas", "yavoryn", "blocks", path)
    call_command("import_areas", "yavoryn", "blocks", path, "--crs=EPSG:32635", "--valid-from=2026-03-01")
    with scope(community=yavoryn):
        assert Area.objects.get().boundary.extent == pytest.approx(blocks.area("ABED").extent, abs=1e-6)


def test_command_says_what_is_wrong_with_the_file(yavoryn: Community, tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("import_areas", "yavoryn", "blocks", tmp_path / "none.geojson")
    broken = tmp_path / "broken.geojson"
    broken.write_bytes(b"{]")
    with pytest.raises(CommandError, match="JSON"):
        call_command("import_areas", "yavoryn", "blocks", broken)


def test_command_names_the_way_to_make_a_community(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="create_community"):
        call_command("import_areas", "nowhere", "blocks", tmp_path / "none.geojson")


def test_community_is_made_from_its_districts(db: None, blocks: Town, file: Callable[..., Path]) -> None:
    path = file(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    call_command(
        "create_community", "dc", "Вашингтон", "--name-en=Washington", f"--file={path}", "--time-zone=America/New_York"
    )
    made = Community.objects.get(slug="dc")
    assert made.boundary is not None
    assert made.boundary.equals(blocks.area("ACFD"))
    assert made.boundary.contains(made.centre)
    assert made.time_zone == "America/New_York"
    assert made.zoom >= 15


def test_community_without_a_boundary_opens_at_its_centre(db: None) -> None:
    call_command("create_community", "yavoryn", "Яворинська громада", "--centre=28.46,49.22")
    made = Community.objects.get(slug="yavoryn")
    assert made.boundary is None
    assert made.centre.coords == (28.46, 49.22)


@pytest.mark.parametrize(
    "arguments",
    [
        ("yavoryn", "Інша", "--centre=28.46,49.22"),  # taken
        ("admin", "Громада", "--centre=28.46,49.22"),  # reserved
        ("Нова", "Громада", "--centre=28.46,49.22"),  # not Latin
        ("nova", "Громада"),  # nowhere
        ("nova", "Громада", "--centre=somewhere"),
        ("nova", "Громада", "--centre=28.46,149.22"),
        ("nova", "Громада", "--centre=28.46,49.22", "--time-zone=Europe/Yavoryn"),
    ],
)
def test_impossible_community_is_refused(yavoryn: Community, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("create_community", *arguments)
    assert list(Community.objects.all()) == [yavoryn]


def test_command_reads_every_format(yavoryn: Community, blocks: Town, tmp_path: Path) -> None:
    one = blocks.polygon("ABED")
    packed_file, placemarks = tmp_path / "areas.zip", tmp_path / "areas.kml"
    packed_file.write_bytes(packed(shapefile(tmp_path, one)))
    placemarks.write_bytes(kml(placemark(kml_polygon(blocks.ring("ABED")))))
    for division, path in (("a", geopackage(tmp_path, one, srid=6383)), ("b", packed_file), ("c", placemarks)):
        call_command("import_areas", "yavoryn", division, path, "--code=@number", "--name=@number")
    with scope(community=yavoryn):
        extents = [area.boundary.extent for area in Area.objects.all()]
    assert len(extents) == 3
    assert all(extent == pytest.approx(one.extent, abs=2e-5) for extent in extents)


def test_layer_is_chosen_by_its_name(yavoryn: Community, blocks: Town, tmp_path: Path) -> None:
    geopackage(tmp_path, blocks.polygon("ABED"), layer="wards")
    path = geopackage(tmp_path, blocks.polygon("BCFE"), layer="yards")
    with pytest.raises(CommandError, match="wards, yards"):
        call_command("import_areas", "yavoryn", "blocks", path, "--name=code")
    call_command("import_areas", "yavoryn", "blocks", path, "--name=code", "--layer=yards")
    call_command("create_community", "dc", "Вашингтон", f"--file={path}", "--layer=yards")
    made = Community.objects.get(slug="dc")
    assert made.boundary is not None
    assert made.boundary.extent == pytest.approx(blocks.area("BCFE").extent)


def test_labels_beside_areas_are_left_out_and_that_is_told(
    yavoryn: Community, blocks: Town, file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(feature(blocks.polygon("ABED"), 1), feature(blocks["A"], None, None), feature(blocks["B"], 1))
    with override("en"):
        call_command("import_areas", "yavoryn", "blocks", path)
    assert "points beside the areas were left out: 2" in capsys.readouterr().out
    with scope(community=yavoryn):
        assert Area.objects.get().code == "1"


def test_line_is_refused_as_it_may_be_a_boundary_with_a_gap(
    yavoryn: Community, blocks: Town, file: Callable[..., Path]
) -> None:
    path = file(feature(blocks.polygon("ABED"), 1), feature(blocks.line("ABE"), 2))
    with pytest.raises(CommandError):
        call_command("import_areas", "yavoryn", "blocks", path)
    call_command("import_areas", "yavoryn", "blocks", path, "--only-polygons")
    with scope(community=yavoryn):
        assert Area.objects.get().code == "1"


def test_file_of_points_alone_is_refused(yavoryn: Community, blocks: Town, file: Callable[..., Path]) -> None:
    with pytest.raises(CommandError):
        call_command("import_areas", "yavoryn", "blocks", file(feature(blocks["A"])), "--only-polygons")
