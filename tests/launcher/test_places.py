"""Where a checkout keeps its files and sockets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from launcher import console, places
from launcher.cluster import SOCKET as DATABASE_SOCKET
from launcher.places import LONGEST_SOCKET_PATH, Places
from launcher.redis import SOCKET as REDIS_SOCKET


def at(root: str) -> Places:
    return Places(root=Path(root), var=Path(root) / "var")


@pytest.mark.parametrize("uid", [0, 1000, 4294967294])
@pytest.mark.parametrize("name", [DATABASE_SOCKET, REDIS_SOCKET, f"{DATABASE_SOCKET}.lock"])
def test_sockets_of_a_very_long_checkout_path_fit(monkeypatch: pytest.MonkeyPatch, uid: int, name: str) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    folder = at("/home/олена/" + "дуже довга назва/" * 30).sockets
    assert len(os.fsencode(places.socket_path(folder, name))) <= LONGEST_SOCKET_PATH


def test_socket_path_that_the_system_cannot_bind_is_refused() -> None:
    with pytest.raises(console.LauncherError, match="108 bytes"):
        places.socket_path(Path("/") / ("x" * 102), "sock")


def test_two_checkouts_share_no_sockets() -> None:
    assert at("/srv/one").sockets != at("/srv/two").sockets


def test_a_checkout_finds_its_sockets_again() -> None:
    assert at("/srv/one").sockets == at("/srv/one").sockets


def test_two_users_of_one_path_share_no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = set()
    for uid in (0, 1000, 1001):
        monkeypatch.setattr(os, "getuid", lambda uid=uid: uid)
        folders.add(at("/srv/one").sockets)
    assert len(folders) == 3


def test_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o777)
    places.private_folder(folder, None)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_the_private_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "run"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(console.LauncherError, match="belongs to somebody else"):
        places.private_folder(link, None)


def test_run_time_files_of_another_user_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = at(str(tmp_path))
    here.make()
    monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(console.LauncherError, match="belongs to another user"):
        here.make()


def test_logs_are_closed_to_others(checkout: Places) -> None:
    assert checkout.logs.stat().st_mode & 0o777 == 0o700


def test_misto_var_moves_the_run_time_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTO_VAR", str(tmp_path / "elsewhere"))
    assert Places.of_this_checkout().var == tmp_path / "elsewhere"
