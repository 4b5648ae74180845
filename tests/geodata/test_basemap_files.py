"""Which file is drawn, and how a new one takes its place."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from geodata.basemap_files import BaseMapFile, drawn_file, file_at, new_file
from geodata.map_config import base_config
from geodata.models import Community


def written(content: bytes, *, at: int, slug: str = "yavoryn") -> BaseMapFile:
    """A file with that content, built at that second since 1970."""
    with new_file(slug) as file:
        file.write(content)
    found = drawn_file(slug)
    assert found
    os.utime(found.path, (at, at))
    return found


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in (Path(settings.BASEMAP_DIR) / "yavoryn").iterdir())


def test_without_any_file_nothing_is_found() -> None:
    assert drawn_file("yavoryn") is None


def test_newest_is_drawn_and_the_one_before_can_still_be_read() -> None:
    first, second = written(b"one", at=1_000), written(b"two", at=2_000)
    newest = drawn_file("yavoryn")
    assert newest
    assert newest.version == second.version != first.version
    assert file_at("yavoryn", first.version), "a page that is open goes on reading it"


def test_only_the_last_two_are_kept(settings: Settings) -> None:
    versions = [written(content, at=1_000 + turn).version for turn, content in enumerate([b"one", b"two", b"three"])]
    assert names(settings) == sorted(f"{version}.pmtiles" for version in versions[1:])


def test_same_content_has_the_same_address(settings: Settings) -> None:
    assert written(b"one", at=1_000).version == written(b"one", at=2_000).version
    assert len(names(settings)) == 1


def test_what_fails_leaves_the_former_file_and_nothing_else(settings: Settings) -> None:
    first = written(b"one", at=1_000)
    with pytest.raises(TypeError), new_file("yavoryn") as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert names(settings) == [first.path.name]


def test_what_a_killed_build_left_goes_with_the_next(settings: Settings) -> None:
    first = written(b"one", at=1_000)
    (first.path.parent / "tmpabc.part").write_bytes(b"half")
    second = written(b"two", at=2_000)
    assert names(settings) == sorted([first.path.name, second.path.name])


def test_community_draws_its_own_file_only() -> None:
    written(b"one", at=1_000, slug="sosnivka")
    assert drawn_file("yavoryn") is None


def test_ready_file_comes_before_raster_and_raster_before_what_was_built(settings: Settings, tmp_path: Path) -> None:
    built = written(b"one", at=1_000)
    settings.BASEMAP_URL = "https://tiles.example.org/{z}/{x}/{y}.png"
    assert drawn_file("yavoryn") is None
    settings.BASEMAP_PMTILES = str(tmp_path / "country.pmtiles")
    assert drawn_file("yavoryn") is None, "it is not there"
    (tmp_path / "country.pmtiles").write_bytes(b"country")
    ready = drawn_file("yavoryn")
    assert ready
    assert (ready.owner, ready.path.name) == ("_all", "country.pmtiles")
    settings.BASEMAP_PMTILES = settings.BASEMAP_URL = ""
    assert drawn_file("yavoryn") == BaseMapFile("yavoryn", built.version, built.path, 1_000 * 10**9)


def test_pages_are_told_where_the_file_and_its_script_are(yavoryn: Community) -> None:
    assert base_config(yavoryn)["vector"] is None
    file = written(b"one", at=1_000)
    vector = base_config(yavoryn)["vector"]
    assert vector["url"] == f"/tiles/yavoryn/{file.version}.pmtiles"
    assert vector["script"] == "/static/protomaps-leaflet/protomaps-leaflet.js"
    assert vector["failed"]
