"""A town with photos, and where its backups go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from issues.actions import report_issue
from media.actions import clean_waiting, keep_draft
from openmap.backup.making import Made, make
from tests import photos
from tests.conftest import NOW, City, hole
from tests.grid import Town

MakeBackup = Callable[..., Made]


@pytest.fixture
def storage(settings: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of the storage, and nothing else in it."""
    folder = tmp_path / "storage"
    given = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = settings.STORAGES | {"default": given}  # type: ignore[attr-defined]
    return folder


@pytest.fixture
def lived_in(city: City, town: Town, storage: Path, tmp_path: Path) -> City:
    """Two reports, one with a photo; a base map; a file that no row names."""
    shot = keep_draft(community=city.community, file=photos.upload(photos.jpeg()), name="яма.jpg", at=NOW)
    report_issue(new=hole(city, town["p"], photos=[shot]), community=city.community, at=NOW)
    report_issue(new=hole(city, town["p"]), community=city.community, at=NOW + timedelta(minutes=1))
    clean_waiting(at=NOW)
    default_storage.save("left/over", ContentFile(b"of a worker that was killed"))
    basemap = tmp_path / "basemap" / "yavoryn" / "0123456789abcdef.pmtiles"
    basemap.parent.mkdir(parents=True)
    basemap.write_bytes(b"PMTiles, more or less")
    return city


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where backups lie."""
    return tmp_path / "backups"


@pytest.fixture
def backup(lived_in: City, place: Path) -> MakeBackup:
    """Makes one, an hour after the one before, always later than the photos were stored."""
    made = 0

    def one(**options: object) -> Made:
        nonlocal made
        made += 1
        at = datetime.now(UTC) + timedelta(hours=made)
        return make(place, at=at, **options)  # type: ignore[arg-type]

    return one
