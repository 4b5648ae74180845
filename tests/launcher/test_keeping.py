"""./misto backup and ./misto restore: folders as the caller sees them, and the secret that comes with a backup."""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from launcher import claim, commands, keeping
from launcher.console import LauncherError
from launcher.places import Places

KEY = "k" * 60


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str, str]]:
    """What manage.py was asked, and with which secrets."""
    heard: list[tuple[list[str], str, str]] = []

    def manage(here: Places, words: Sequence[str]) -> int:
        env = os.environ
        heard.append((list(words), env.get("MISTO_SECRET_KEY", ""), env.get("MISTO_SECRET_KEY_FALLBACKS", "")))
        return 0

    monkeypatch.setattr(commands, "manage", manage)
    for name in ("MISTO_SECRET_KEY", "MISTO_SECRET_KEY_FALLBACKS"):
        monkeypatch.setenv(name, "")  # so that it is put back, whatever is set meanwhile
    return heard


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    folder = tmp_path / "backups" / "one"
    folder.mkdir(parents=True)
    secrets = {"MISTO_SECRET_KEY": KEY, "MISTO_SECRET_KEY_FALLBACKS": ["f" * 60]}
    (folder / "secrets.json").write_text(json.dumps(secrets))
    return folder


def test_folders_are_those_that_the_caller_sees(
    checkout: Places, asked: list[tuple[list[str], str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keeping.backup(checkout, ["backups", "--keep", "7"])
    assert asked[0][0] == ["backup", f"{tmp_path}/backups", "--keep", "7"]


def test_the_secret_of_the_backup_becomes_that_of_the_installation(
    checkout: Places, asked: list[tuple[list[str], str, str]], backup: Path
) -> None:
    checkout.make()
    (checkout.var / "secret-key").write_text("of an empty installation")
    assert keeping.restore(checkout, [str(backup)]) == 0
    assert asked == [(["restore", str(backup)], KEY, "f" * 60)]
    assert (checkout.var / "secret-key").read_text() == KEY
    assert stat.S_IMODE((checkout.var / "secret-key").stat().st_mode) == 0o600
    assert (checkout.var / "secret-key.before-restore").read_text() == "of an empty installation"


def test_an_operator_s_own_secret_and_a_mere_check_leave_it_alone(
    checkout: Places, asked: list[tuple[list[str], str, str]], backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.make()
    keeping.restore(checkout, ["--check", str(backup)])
    monkeypatch.setenv("MISTO_SECRET_KEY", "of the operator")
    keeping.restore(checkout, [str(backup)])
    assert [secret for _words, secret, _former in asked] == ["", "of the operator"]
    assert not (checkout.var / "secret-key").exists()


def test_a_restore_that_failed_keeps_no_secret(
    checkout: Places, backup: Path, asked: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.make()
    monkeypatch.setattr(commands, "manage", lambda here, words: 1)
    assert keeping.restore(checkout, [str(backup)]) == 1
    assert not (checkout.var / "secret-key").exists()


def test_nothing_is_restored_under_a_running_service(checkout: Places, asked: list[object], backup: Path) -> None:
    checkout.make()
    with claim.hold(checkout.run, role=claim.SERVICE), pytest.raises(LauncherError, match="stop"):
        keeping.restore(checkout, [str(backup)])
    assert asked == []
