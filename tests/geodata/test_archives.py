"""An archive of a stranger can neither fill the disk nor reach past its own files."""

import io
import zipfile
from typing import Any

import pytest

from geodata import archives
from geodata.problems import RefusedError
from geodata.reading import read_features
from tests.geodata.files import collection, feature, packed
from tests.grid import grid

TOWN = grid("A B", "D C")
AREAS = collection(feature(TOWN.polygon("ABCD")))


def refusal_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refusal:
        read_features(data)
    assert "%(" not in refusal.value.problem.text
    return refusal.value.problem.kind


def test_packed_geojson_is_read() -> None:
    found = read_features(packed({"Межі/areas.geojson": AREAS, "readme.txt": b"", ".DS_Store": b""}))
    assert (found.format, len(found.features)) == ("GeoJSON", 1)


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "zip_nothing"),
        ({"readme.txt": b"text"}, "zip_nothing"),
        ({"inner.zip": packed({"a.geojson": AREAS})}, "zip_nothing"),
        ({"a.geojson": AREAS, "b.geojson": AREAS}, "zip_several"),
        ({"../a.geojson": AREAS}, "zip_path"),
        ({"/etc/a.geojson": AREAS}, "zip_path"),
        ({"..\\a.geojson": AREAS}, "zip_path"),
        ({"C:/a.geojson": AREAS}, "zip_path"),
        ({f"{number}.geojson": b"" for number in range(archives.MAX_MEMBERS + 1)}, "zip_members"),
    ],
)
def test_unusable_archive_is_refused(members: dict[str, bytes], kind: str) -> None:
    assert refusal_of(packed(members)) == kind


def test_bomb_is_stopped_while_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1000)
    assert refusal_of(packed({"a.geojson": bytes(1001)})) == "zip_too_large"


def test_locked_archive_is_refused() -> None:
    data = bytearray(packed({"a.geojson": AREAS}))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    assert refusal_of(bytes(data)) == "zip_encrypted"


def test_rare_packing_is_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.geojson", AREAS)
    assert refusal_of(written.getvalue()) == "zip_packing"


def test_cut_off_archive_is_refused() -> None:
    data = packed({"a.geojson": AREAS})
    for length in (4, 40, len(data) - 10):
        assert refusal_of(data[:length]) == "cut_off"
    assert refusal_of(data.replace(b"PK\x01\x02", b"PK\x01\x00")) == "bad_zip"


def test_names_written_by_windows_are_understood() -> None:
    class Plain(zipfile.ZipInfo):
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  as zipfile calls it
            return self.filename.encode("cp866"), self.flag_bits

    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in ("межа.geojson", "двори.geojson"):
            archive.writestr(Plain(name), AREAS)
    with pytest.raises(RefusedError) as refusal:
        read_features(written.getvalue())
    details: Any = refusal.value.problem.details
    assert details["files"] == "межа.geojson, двори.geojson"
