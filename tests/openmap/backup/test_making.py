"""A backup: what is in it, what is linked, and that nothing half-written is ever taken for one."""

import json
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django_scopes import scopes_disabled

from media.models import Photo
from openmap.backup import copying, database, making, programs
from openmap.backup.layout import BackupError, Manifest, backups_in
from openmap.backup.making import make
from tests.faults.service import ROOT, environment, python
from tests.openmap.backup.conftest import MakeBackup

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_backup_holds_what_rows_name_and_can_be_checked_without_us(backup: MakeBackup, storage: Path) -> None:
    made = backup()
    assert (made.manifest.files, made.linked, made.manifest.missing) == (3, 0, [])
    assert made.manifest.tables["issues_issue"] == 2
    assert "spatial_ref_sys" not in made.manifest.tables
    assert ["issues", "0001_initial"] in made.manifest.migrations
    with scopes_disabled():
        photo = Photo.objects.get()
    for name in (photo.original, photo.large, photo.small):
        assert (made.folder / "files" / name).read_bytes() == (storage / name).read_bytes()
    assert not (made.folder / "files" / "left").exists()
    assert (made.folder / "basemap/yavoryn/0123456789abcdef.pmtiles").read_bytes() == b"PMTiles, more or less"
    assert json.loads((made.folder / "secrets.json").read_text())["MISTO_SECRET_KEY"].startswith("only-for-tests-")
    for sums in ("SHA256SUMS", "manifest.sha256"):
        subprocess.run(["sha256sum", "--check", "--strict", sums], cwd=made.folder, check=True, capture_output=True)
    for path in made.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_is_unchanged_is_linked_and_old_backups_go(backup: MakeBackup, place: Path) -> None:
    first, second = backup(), backup()
    assert (first.linked, second.linked) == (0, 3)
    with scopes_disabled():
        name = Photo.objects.get().original
    original = second.folder / "files" / name
    assert original.stat().st_ino == (first.folder / "files" / name).stat().st_ino
    (place / "2020-notes").mkdir()
    third = backup(keep=2)
    assert third.removed == [first.folder.name]
    assert backups_in(place) == [second.folder, third.folder]
    assert (place / "2020-notes").is_dir()
    assert original.is_file()


def test_a_file_written_anew_under_its_name_is_not_linked(backup: MakeBackup, storage: Path) -> None:
    first = backup()
    with scopes_disabled():
        name = Photo.objects.get().original
    same_size = bytes(len((storage / name).read_bytes()))
    (storage / name).write_bytes(same_size)
    later = datetime.fromisoformat(first.manifest.made_at).timestamp() + 60
    os.utime(storage / name, (later, later))
    second = backup()
    assert second.linked == 2
    assert (second.folder / "files" / name).read_bytes() == same_size


def test_a_file_that_the_disk_of_backups_lost_stops_no_later_backup(backup: MakeBackup, storage: Path) -> None:
    first = backup()
    with scopes_disabled():
        name = Photo.objects.get().original
    path = first.folder / "files" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    said: list[str] = []
    second = backup(say=said.append)
    assert second.linked == 2
    assert (second.folder / "files" / name).read_bytes() == (storage / name).read_bytes()
    assert any(name in words for words in said), "somebody must look at that disk"
    assert backup().linked == 3


def test_what_a_killed_run_left_is_no_backup_and_goes(backup: MakeBackup, place: Path) -> None:
    (place / ".making-20260101000000" / "files").mkdir(parents=True)
    (place / "2026-01-01T00-00-00Z").mkdir()  # without a manifest
    made = backup()
    assert backups_in(place) == [made.folder]
    assert not (place / ".making-20260101000000").exists()


def test_two_backups_are_not_made_in_one_place_at_once(
    backup: MakeBackup, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def meanwhile(*_args: object) -> None:
        with pytest.raises(BackupError) as trouble:
            make(place, at=datetime.now(UTC))
        refused.append(str(trouble.value))

    def from_another_process(*args: object) -> None:
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()

    monkeypatch.setattr(making, "_refuse_full", from_another_process)
    backup()
    assert len(refused) == 1
    assert str(place) in refused[0]


def test_a_photo_deleted_meanwhile_makes_a_new_snapshot(backup: MakeBackup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its original is forgotten at the worst moment: the snapshot names it, and it is gone before it was copied."""
    monkeypatch.setattr(making, "PAUSE", 0.0)
    with scopes_disabled():
        photo = Photo.objects.get()
    take, names = copying.Copied.take, database.named_files
    asked: list[int] = []

    def named_files() -> Iterator[str]:
        asked.append(len(asked))
        return iter(()) if asked[-1] < 2 else names()  # the photo came after the first copies

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE media_photo SET original = ''")
        connection.close()

    def late(self: copying.Copied, wanted: list[str], **more: object) -> list[str]:
        if photo.original in wanted and default_storage.exists(photo.original):
            default_storage.delete(photo.original)
            thread = threading.Thread(target=forget)
            thread.start()
            thread.join()
        return take(self, wanted, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "named_files", named_files)
    monkeypatch.setattr(copying.Copied, "take", late)
    made = backup()
    assert len(asked) == 4, "two snapshots"
    assert (made.manifest.files, made.manifest.missing) == (2, [])


def test_what_was_deleted_before_the_snapshot_stays_deleted(
    backup: MakeBackup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An original that was copied first and is forgotten before the dump is in no backup."""
    with scopes_disabled():
        photo = Photo.objects.get()
    first = making._of_one_moment

    def forget_then(copied: copying.Copied, **options: object) -> Manifest:
        assert (copied.folder / "files" / photo.original).exists()
        with scopes_disabled():
            Photo.objects.update(original="")
        default_storage.delete(photo.original)
        return first(copied, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "_of_one_moment", forget_then)
    made = backup()
    assert made.manifest.files == 2
    assert not (made.folder / "files" / photo.original).exists()


def test_a_file_that_the_storage_lost_is_named(
    backup: MakeBackup, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "PAUSE", 0.0)
    with scopes_disabled():
        photo = Photo.objects.get()
    default_storage.delete(photo.large)
    with pytest.raises(BackupError, match=photo.large):
        backup()
    assert backups_in(place) == []
    made = backup(allow_missing=True)
    assert made.manifest.missing == [photo.large]


def test_a_disk_without_room_is_seen_before_anything_is_written(
    backup: MakeBackup, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=1_000_000))
    with pytest.raises(BackupError, match=r"\b1 (MB|МБ)"):
        backup()
    assert [path.name for path in place.iterdir()] == [".lock"]


def test_a_disk_that_fills_up_leaves_nothing(backup: MakeBackup, place: Path, tmp_path: Path) -> None:
    """The system refuses files past 100 kB, as a full disk would: pg_dump says so, and nothing looks like a backup."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"from django.core.management import call_command; call_command('backup', {str(place)!r})"
    )
    env = environment(MISTO_MEDIA_ROOT=str(tmp_path / "storage"), MISTO_BASEMAP_DIR=str(tmp_path / "basemap"))
    done = subprocess.run(python(code), cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "CommandError: pg_dump" in done.stderr
    assert [path.name for path in place.iterdir()] == [".lock"]


def test_an_older_pg_dump_is_refused_in_words(backup: MakeBackup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_installed", lambda name: {14: f"/usr/bin/{name}"})
    with pytest.raises(BackupError, match=r"postgresql-client-1[5-9]"):
        backup()


def test_passwords_stand_in_no_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "dbname": "misto",
        "host": "db",
        "user": "misto",
        "password": "p@ss",
        "sslmode": "require",
        "options": "-c x",
    }
    monkeypatch.setattr(connection, "get_connection_params", lambda: given | {"cursor_factory": object})
    words, password = programs.database()
    assert password == "p@ss"
    assert sorted(words.split()) == ["dbname=misto", "host=db", "sslmode=require", "user=misto"]


def test_the_command_says_what_it_did(lived_in: object, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("backup", str(place), "--keep", "3")
    (only,) = backups_in(place)
    assert str(only) in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("backup", str(place), "--keep", "-1")
