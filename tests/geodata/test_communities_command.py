"""The command that brings in the communities of the country: what it reports, and what it refuses in words."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from geodata.models import Community
from tests.geodata.codifier import KYIV, SOSNIVKA, TABLE, YAVORYN, pair
from tests.geodata.files import collection
from tests.grid import Town


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Writes polygons and their table of codes."""

    def write(*features: Any, table: bytes = TABLE) -> tuple[Path, Path]:
        (tmp_path / "communities.geojson").write_bytes(collection(*features))
        (tmp_path / "codes.csv").write_bytes(table)
        return tmp_path / "communities.geojson", tmp_path / "codes.csv"

    return write


def test_command_reports_and_a_dry_run_writes_nothing(
    codifier: None,
    thin: Town,
    files: Callable[..., tuple[Path, Path]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    polygons, table = files(*pair(thin))
    report = tmp_path / "shared.csv"
    call_command("import_communities", polygons, codes=table, dry_run=True, report=report)
    assert not Community.objects.exists()
    rows = list(csv.DictReader(report.open(encoding="utf-8")))
    assert [(row["kept_by"], row["claimed_by"]) for row in rows] == [(SOSNIVKA, YAVORYN)]
    call_command("import_communities", polygons, codes=table)
    assert Community.objects.count() == 2
    assert "Соснівська сільська громада" in capsys.readouterr().out


def test_command_asks_for_the_codifier_first(db: None, thin: Town, files: Callable[..., tuple[Path, Path]]) -> None:
    polygons, table = files(*pair(thin))
    with pytest.raises(CommandError, match="import_katottg"):
        call_command("import_communities", polygons, codes=table)


def test_command_refuses_bad_files_in_words(
    codifier: None, thin: Town, country: Town, files: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    polygons, table = files(*pair(country))
    with pytest.raises(CommandError):
        call_command("import_communities", polygons, codes=table)
    with pytest.raises(CommandError, match="hromada_code"):
        call_command("import_communities", polygons, codes=files(*pair(thin), table=b"id\n1\n")[1])
    files(*pair(thin))
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_communities", polygons, codes=table, report=tmp_path / "nowhere" / "x.csv", dry_run=True)
    with pytest.raises(CommandError, match=KYIV):
        call_command("import_communities", polygons, codes=table, keep=[KYIV])
    polygons.write_bytes(b"[1, 2")
    with override("en"), pytest.raises(CommandError, match="breaks off"):
        call_command("import_communities", polygons, codes=table)
    assert not Community.objects.exists()
