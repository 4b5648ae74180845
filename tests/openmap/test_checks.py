"""What `manage.py check --deploy` says about the base map."""

from pathlib import Path

import pytest
from pytest_django import Settings

from openmap.checks import base_map_file_can_be_read, maps_burden_no_public_server


@pytest.mark.parametrize(
    "url",
    [
        "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        "https://{s}.tile.openstreetmap.org/{z}/{x}/{y}.png",
        "//a.tile.OpenStreetMap.org:443/{z}/{x}/{y}.png",
    ],
)
def test_operator_is_warned_of_the_public_server(settings: Settings, url: str) -> None:
    settings.BASEMAP_URL = url
    [warning] = maps_burden_no_public_server(None)
    assert warning.id == "openmap.W002"
    assert "build_basemap" in str(warning.hint)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/static/tiles/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}.png",
        "https://notopenstreetmap.org/{z}",
    ],
)
def test_other_tiles_need_no_warning(settings: Settings, url: str) -> None:
    settings.BASEMAP_URL = url
    assert maps_burden_no_public_server(None) == []


def test_public_server_is_nobodys_default(settings: Settings) -> None:
    assert settings.BASEMAP_URL == ""


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"", "not a PMTiles file"), (b"PMTiles\x02", "not a PMTiles file")]
)
def test_operator_is_warned_of_a_file_that_cannot_be_drawn(
    settings: Settings, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "country.pmtiles"
    if content is not None:
        file.write_bytes(content)
    settings.BASEMAP_PMTILES = str(file)
    [warning] = base_map_file_can_be_read(None)
    assert reason in warning.msg
    file.write_bytes(b"PMTiles\x03 and so on")
    assert base_map_file_can_be_read(None) == []
