"""A backup is made while people report with photos, and restored elsewhere: nothing is missing, and work goes on."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django_scopes import scopes_disabled

from core.models import Token
from core.tokens import secret_of
from geodata.cells import fold_all
from issues.actions import AUTHOR_PURPOSE, report_issue
from launcher import places, service
from launcher.places import ROOT, Places
from launcher.servers import for_command
from openmap.backup.layout import backups_in
from openmap.backup.making import make
from openmap.backup.sums import digest_of
from routing.models import Asset, Register
from routing.register_map import show_on_map
from tests.conftest import LONG_AGO, NOW, City, hole
from tests.databases import at_the_server, contents
from tests.faults.service import environment, process, python
from tests.grid import Town
from tests.openmap.backup.conftest import storage

__all__ = ["storage"]

AS_IT_IS = {"MISTO_ENV": "development"}  # static files were not collected
LOOK = """
from django.test import Client
print(Client().get('/yavoryn/mine/%s/', HTTP_HOST='localhost').status_code)
"""
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lived_in(city: City, town: Town) -> None:
    """Reports, one of them in a sensitive category, a lamp on the map, and squares that count them."""
    for day in range(3):
        report_issue(new=hole(city, town["p"]), community=city.community, at=NOW - timedelta(days=day))
    city.manholes.is_sensitive = True
    city.manholes.save()
    report_issue(new=hole(city, town["q"], category=city.manholes), community=city.community, at=NOW)
    lamps = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    Asset.objects.create(community=city.community, register=lamps, key="5", name="вул. Соборна", number="5",
                         keeper=city.road_service, geometry=town["p"], valid_from=LONG_AGO)  # fmt: skip
    show_on_map(lamps, True, at=NOW)
    fold_all()


@pytest.fixture
def elsewhere_on_disk() -> Iterator[Places]:
    """An empty place for another installation of this checkout, with its cluster; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="misto-kept-", dir="/tmp"))
    folder.chmod(0o711)
    there = Places(root=ROOT, var=folder / "var")
    try:
        yield there
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(there.sockets, ignore_errors=True)
        shutil.rmtree(there.data("postgres", places.database_account()).parent, ignore_errors=True)


def as_an_operator(there: Places) -> dict[str, str]:
    """The environment of somebody who starts ./misto for that place, with no settings of their own."""
    named = ("PG", "MISTO_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "PYTHONPATH")
    return {key: value for key, value in os.environ.items() if not key.startswith(named)} | {
        "MISTO_VAR": str(there.var)
    }


def files(folder: Path) -> dict[str, str]:
    """Digests by names."""
    return {str(path.relative_to(folder)): digest_of(path) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.timeout(400)  # two clusters and a dozen processes, one after another: a loaded machine takes its time
@pytest.mark.usefixtures("lived_in")
def test_a_backup_made_while_people_report_is_restored_elsewhere_and_goes_on(
    city: City,
    town: Town,
    storage: Path,
    tmp_path: Path,
    elsewhere_on_disk: Places,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, spot = tmp_path / "backups", town["p"]
    arguments = ["yavoryn", "roads", str(spot.x), str(spot.y)]

    # While people report and faces are hidden.
    env = environment(MISTO_MEDIA_ROOT=str(storage))
    with process([sys.executable, "-m", "tests.faults.photographer", *arguments], env, tmp_path / "log") as people:
        assert people.stdin
        assert people.stdout
        first = int(people.stdout.readline())
        busy = make(place, at=datetime.now(UTC))
        people.stdin.close()
        numbers = [first, *map(int, people.stdout.read().split())]
        assert people.wait(timeout=30) == 0, (tmp_path / "log").read_text()
    assert first <= busy.manifest.tables["issues_issue"] < numbers[-1], "nobody reported during the backup"
    assert busy.manifest.missing == []

    # Then another, when they are at home: every row and every file can be compared.
    quiet = make(place, at=datetime.now(UTC) + timedelta(hours=1))
    assert [path.name for path in backups_in(place)] == [busy.folder.name, quiet.folder.name]
    rows = contents(at_the_server(connection.settings_dict["NAME"]))
    assert rows["issues_issue"][0] == numbers[-1]

    restore = ["./misto", "restore", str(quiet.folder)]
    done = subprocess.run(
        restore, cwd=ROOT, env=as_an_operator(elsewhere_on_disk), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (elsewhere_on_disk.var / "secret-key").read_text() == settings.SECRET_KEY
    assert files(elsewhere_on_disk.var / "media") == files(storage)

    # There every row is as it was, a letter's old link opens, and the next report is accepted.
    with scopes_disabled():
        link = secret_of(Token.objects.filter(purpose=AUTHOR_PURPOSE).latest("created_at"))
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)
    with for_command(elsewhere_on_disk) as addresses:
        env = service.environment(
            elsewhere_on_disk, port=8000, addresses=addresses, base=as_an_operator(elsewhere_on_disk)
        )
        assert contents(env["DATABASE_URL"].replace("postgis:", "postgresql:", 1)) == rows
        page = subprocess.run(
            python(LOOK % link), cwd=ROOT, env=env | AS_IT_IS, capture_output=True, text=True, check=False
        )
        assert page.stdout.strip() == "200", page.stderr
        with process([sys.executable, "-m", "tests.faults.reporter", *arguments], env, tmp_path / "log") as reporter:
            assert reporter.stdin
            assert reporter.stdout
            print("Яма на переході", file=reporter.stdin, flush=True)
            number, _seconds = reporter.stdout.readline().split()
        assert int(number) == numbers[-1] + 1, (tmp_path / "log").read_text()
