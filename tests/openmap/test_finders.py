"""Libraries from npm become static files one by one, by name."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from pytest_django import Settings

from openmap.finders import LIBRARIES, NpmFinder


@pytest.mark.parametrize("name", LIBRARIES)
def test_named_file_is_found_and_listed(name: str) -> None:
    found = finders.find(name)
    assert found
    assert Path(found).is_file()
    assert finders.find(name, find_all=True) == [found]
    [storage] = [storage for listed, storage in NpmFinder().list(None) if listed == name]
    with storage.open(name) as file:
        assert file.read() == Path(found).read_bytes()


@pytest.mark.parametrize("name", ["protomaps-leaflet/package.json", "typescript/lib/tsc.js", "../package.json"])
def test_no_other_file_of_a_package_is_found(name: str) -> None:
    assert NpmFinder().find(name) == []


def test_library_that_is_not_installed_is_not_found(settings: Settings, tmp_path: Path) -> None:
    settings.NPM_ROOT = tmp_path
    assert NpmFinder().find("protomaps-leaflet/protomaps-leaflet.js") == []
    assert list(NpmFinder().list(None)) == []
