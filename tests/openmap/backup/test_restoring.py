"""Restoring: into an empty place only, from a whole backup only; a restore that broke off is repeated."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from openmap.backup import database
from openmap.backup.checking import check, check_dump
from openmap.backup.layout import BackupError
from openmap.backup.restoring import restore
from openmap.backup.sums import digest_of
from tests.databases import at_the_server, contents, empty_database, url_of
from tests.faults.service import ROOT, environment
from tests.openmap.backup.conftest import MakeBackup

pytestmark = pytest.mark.django_db(transaction=True)
Damage = Callable[[Path], object]


def restored(backup: Path, database: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`manage.py restore` into that database and folder."""
    env = environment(
        DATABASE_URL=url_of(database),
        MISTO_MEDIA_ROOT=str(folder / "media"),
        MISTO_BASEMAP_DIR=str(folder / "basemap"),
    )
    command = [sys.executable, "manage.py", "restore", str(backup), *words]
    return subprocess.run(command, cwd=ROOT, env=env | {"LANGUAGE": "en"}, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest_of(path) for path in folder.rglob("*") if path.is_file()}


@contextmanager
def of_a_postgis_image(database: str) -> Iterator[None]:
    """The database has what the image docker.io/postgis/postgis puts into each: schemas with tables of their own."""
    with psycopg.connect(at_the_server(database), autocommit=True) as there:
        there.execute("CREATE EXTENSION postgis_tiger_geocoder CASCADE")
        # The extension itself asks for a superuser, whom the service does not have; this is how its schema begins.
        there.execute("CREATE SCHEMA topology; CREATE TABLE topology.topology (id serial PRIMARY KEY, name varchar)")
        try:
            yield
        finally:
            there.execute("DROP EXTENSION postgis_tiger_geocoder CASCADE")
            there.execute("DROP SCHEMA IF EXISTS tiger, tiger_data, topology CASCADE")
            there.execute(SQL("ALTER DATABASE {} RESET search_path").format(Identifier(database)))


def flip(name: str) -> Damage:
    """Changes one byte in the middle."""

    def damage(backup: Path) -> None:
        path = backup / name
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    return damage


def test_a_damaged_backup_is_refused_by_name(backup: MakeBackup, tmp_path: Path) -> None:
    whole = backup().folder
    photo = str(next(path for path in (whole / "files").rglob("*") if path.is_file()).relative_to(whole))
    truncated = (whole / "database.dump").read_bytes()[:-100]
    damages: list[tuple[str, Damage]] = [
        (photo, flip(photo)),
        (photo, lambda copy: (copy / photo).unlink()),
        ("database.dump", flip("database.dump")),
        ("database.dump", lambda copy: (copy / "database.dump").write_bytes(truncated)),
        ("database.dump", lambda copy: (copy / "database.dump").unlink()),
        ("secrets.json", flip("secrets.json")),
        ("SHA256SUMS", flip("SHA256SUMS")),
        ("SHA256SUMS", lambda copy: (copy / "SHA256SUMS").unlink()),
        ("manifest.json", flip("manifest.json")),
        ("manifest.json", lambda copy: (copy / "manifest.json").unlink()),
        ("manifest.json", flip("manifest.sha256")),
        ("manifest.sha256", lambda copy: (copy / "manifest.sha256").unlink()),
    ]
    assert check(whole).files == 3
    for name, damage in damages:
        copy = tmp_path / "copy"
        shutil.copytree(whole, copy)
        damage(copy)
        with pytest.raises(BackupError, match=name):
            check(copy)
        shutil.rmtree(copy)


def test_a_dump_that_was_never_whole_is_refused_though_its_sum_fits(backup: MakeBackup) -> None:
    made = backup()
    dump = made.folder / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-5000])
    with pytest.raises(BackupError, match="pg_restore"):
        check_dump(made.folder, made.manifest)
    more = replace(made.manifest, tables=made.manifest.tables | {"issues_forgotten": 1})
    with pytest.raises(BackupError, match="issues_forgotten"):
        check_dump(made.folder, more)


def test_everything_comes_back_and_a_broken_restore_is_repeated(
    backup: MakeBackup, storage: Path, tmp_path: Path
) -> None:
    with of_a_postgis_image(connection.settings_dict["NAME"]):
        made = backup()
    there = tmp_path / "there"
    photo = next(path for path in (made.folder / "files").rglob("*") if path.is_file())
    half = there / "media" / photo.relative_to(made.folder / "files")  # a restore was killed while it wrote this
    half.parent.mkdir(parents=True)
    half.write_bytes(photo.read_bytes()[:100])
    with empty_database() as name, of_a_postgis_image(name):
        assert database.extensions() == {"postgis", "btree_gist", "pg_trgm", "fuzzystrmatch"}
        done = restored(made.folder, name, there)
        assert done.returncode == 0, done.stderr
        assert contents(at_the_server(name)) == contents(at_the_server(connection.settings_dict["NAME"]))
        assert files(there / "media") == files(made.folder / "files")
        assert files(there / "basemap") == files(tmp_path / "basemap")
        again = restored(made.folder, name, there)
        assert again.returncode == 1
        assert "CommandError" in again.stderr
        assert "accounts_apiclient" in again.stderr  # the database is not empty any more


def test_nothing_is_touched_where_something_is(backup: MakeBackup, tmp_path: Path) -> None:
    """And a backup of older tables is brought up to date."""
    call_command("migrate", "accounts", "0002", verbosity=0)
    try:
        made = backup()
    finally:
        call_command("migrate", "accounts", verbosity=0)
    assert ["accounts", "0003_answers_that_are_kept"] not in made.manifest.migrations
    foreign = tmp_path / "there" / "media" / "originals" / "of-others"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody else's photo")
    with empty_database() as name:
        refused = restored(made.folder, name, tmp_path / "there")
        assert refused.returncode == 1
        assert "originals/of-others" in refused.stderr
        assert files(tmp_path / "there" / "media").keys() == {"originals/of-others"}
        kept = restored(made.folder, name, tmp_path / "there", "--keep-files")
        assert kept.returncode == 0, kept.stderr
        assert contents(at_the_server(name)).keys() == contents(at_the_server(connection.settings_dict["NAME"])).keys()
        with psycopg.connect(at_the_server(name)) as there:
            there.execute("SELECT key FROM accounts_keptanswer")
            there.execute("SELECT levenshtein('яма', 'ями')")  # of an extension that the new database lacked
    assert foreign.read_bytes() == b"somebody else's photo"


def test_a_backup_of_newer_tables_is_refused(backup: MakeBackup, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = [*database.applied_migrations(), ["issues", "9999_later"]]
    monkeypatch.setattr(database, "applied_migrations", lambda: newer)
    made = backup()
    with pytest.raises(BackupError, match=r"issues\.9999_later"):
        restore(made.folder)
