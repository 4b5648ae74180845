"""What is asked of the operating system, on Debian 12 and on Ubuntu 24.04."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from launcher import console, system
from launcher.system import DEBIAN_12, UBUNTU_24_04, Distribution, Need

DEBIAN_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'
UBUNTU_RELEASE = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n'


def release(tmp_path: Path, text: str) -> dict[str, str]:
    file = tmp_path / "os-release"
    file.write_text(text, encoding="utf-8")
    return system.read_os_release(file)


def packages(needs: list[Need]) -> list[str | None]:
    return [need.package for need in needs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEBIAN_RELEASE, DEBIAN_12),
        (UBUNTU_RELEASE, UBUNTU_24_04),
        ('ID=debian\nVERSION_ID="11"\n', None),
        ("", None),
    ],
)
def test_distribution_is_read_from_os_release(tmp_path: Path, text: str, expected: Distribution | None) -> None:
    assert system.distribution(release(tmp_path, text)) == expected


def test_missing_os_release_is_an_unknown_distribution(tmp_path: Path) -> None:
    assert system.distribution(system.read_os_release(tmp_path / "absent")) is None


def test_debian_packages_postgresql_15() -> None:
    assert packages(system.runtime_needs(DEBIAN_12)) == [
        "postgresql-15",
        "postgresql-15-postgis-3",
        "redis-server",
        "gettext",
        "python3-venv",
    ]


def test_ubuntu_packages_postgresql_16() -> None:
    assert packages(system.runtime_needs(UBUNTU_24_04))[:2] == ["postgresql-16", "postgresql-16-postgis-3"]


def test_an_operators_own_servers_need_no_packages() -> None:
    needs = system.runtime_needs(DEBIAN_12, database=False, redis=False)
    assert packages(needs) == ["gettext", "python3-venv"]


def test_tests_need_a_browser_letters_and_the_servers_of_large_installations_too() -> None:
    extra = packages(system.test_needs(DEBIAN_12))[len(system.runtime_needs(DEBIAN_12)) :]
    assert extra == ["chromium", "fonts-dejavu-core", "caddy", "pgbouncer", "rabbitmq-server"]


def test_ubuntu_is_told_that_its_chromium_is_a_snap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "read_os_release", lambda: {"ID": "ubuntu", "VERSION_ID": "24.04"})
    monkeypatch.setattr(system, "chromium_binary", lambda: None)
    browser = [need for need in system.test_needs(UBUNTU_24_04) if need.title == "Chromium"]
    with pytest.raises(console.LauncherError, match="snap install chromium"):
        system.ensure(lambda _: browser)


def test_nothing_missing_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(names: list[str]) -> None:
        pytest.fail(f"apt was asked for {names}")

    monkeypatch.setattr(system, "_install", refuse)
    system.ensure(lambda _: [Need(title="here", package="here", present=lambda: True)])


def test_only_missing_packages_are_installed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(system, "read_os_release", lambda: {"ID": "debian", "VERSION_ID": "12"})
    monkeypatch.setattr(system, "_install", installed.extend)
    system.ensure(
        lambda _: [
            Need(title="here", package="here", present=lambda: True),
            Need(title="one", package="both", present=lambda: bool(installed)),
            Need(title="two", package="both", present=lambda: bool(installed)),
        ]
    )
    assert installed == ["both"]


def test_package_that_brings_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "read_os_release", lambda: {"ID": "debian", "VERSION_ID": "12"})
    monkeypatch.setattr(system, "_install", lambda names: None)
    with pytest.raises(console.LauncherError, match="Still missing after apt: PostGIS"):
        system.ensure(lambda _: [Need(title="PostGIS", package="postgis", present=lambda: False)])


def test_unknown_distribution_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "read_os_release", lambda: {"ID": "fedora", "VERSION_ID": "44"})
    with pytest.raises(console.LauncherError, match="Missing: Redis"):
        system.ensure(lambda _: [Need(title="Redis", package="redis-server", present=lambda: False)])


@pytest.mark.parametrize(
    ("uid", "sudo", "works", "prefix"),
    [
        (0, None, False, []),
        (0, "/usr/bin/sudo", True, []),
        (1000, "/usr/bin/sudo", True, ["/usr/bin/sudo"]),
        (1000, "/usr/bin/sudo", False, None),
        (1000, None, False, None),
    ],
)
def test_root_needs_no_sudo_and_others_need_one_that_works(
    uid: int, sudo: str | None, works: bool, prefix: list[str] | None
) -> None:
    assert system.how_to_become_root(uid=uid, sudo=sudo, sudo_works=works) == prefix


def test_without_root_one_line_is_printed_and_nothing_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(system, "_which", lambda name: None)
    monkeypatch.setattr(console, "run", lambda *words: pytest.fail("something was run"))
    with pytest.raises(console.LauncherError):
        system._install(["redis-server"])
    commands = [line for line in capsys.readouterr().out.splitlines() if "apt-get" in line]
    assert len(commands) == 1
    assert commands[0].startswith("su -c ")


@pytest.mark.parametrize(("sudo", "start"), [(True, ["sudo", "sh", "-c"]), (False, ["su", "-c"])])
def test_the_one_line_creates_no_cluster_and_leaves_no_redis(sudo: bool, start: list[str]) -> None:
    *words, script = shlex.split(system.root_line(["redis-server", "postgresql-15"], sudo=sudo, systemd=True))
    assert words == start
    steps = script.split(" && ")
    assert steps.index("echo create_main_cluster=false > " + str(system.CREATE_CLUSTER_CONF)) < steps.index(
        "apt-get update"
    )
    assert "--no-install-recommends --no-upgrade postgresql-15 redis-server" in script
    assert steps[-1] == "systemctl disable --now redis-server"


def test_the_one_line_leaves_no_server_of_a_large_installation_running() -> None:
    line = system.root_line(["pgbouncer", "rabbitmq-server", "chromium"], sudo=True, systemd=True)
    assert shlex.split(line)[-1].endswith("systemctl disable --now pgbouncer rabbitmq-server")


def test_the_one_line_without_servers_is_plain_apt() -> None:
    *_, script = shlex.split(system.root_line(["gettext"], sudo=True, systemd=True))
    assert script == ("apt-get update && apt-get install --yes --no-install-recommends --no-upgrade gettext")


def test_servers_are_kept_from_starting_only_while_packages_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf, policy = tmp_path / "createcluster.d" / "misto.conf", tmp_path / "policy-rc.d"
    monkeypatch.setattr(system, "CREATE_CLUSTER_CONF", conf)
    monkeypatch.setattr(system, "POLICY", policy)
    with system._no_servers_started([]):
        assert conf.read_text(encoding="utf-8").endswith("create_main_cluster = false\n")
        assert policy.read_text(encoding="utf-8").endswith("exit 101\n")
        assert policy.stat().st_mode & 0o777 == 0o755
    assert not conf.exists()
    assert not policy.exists()


def test_an_administrators_own_policy_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    monkeypatch.setattr(system, "CREATE_CLUSTER_CONF", tmp_path / "misto.conf")
    monkeypatch.setattr(system, "POLICY", policy)
    with pytest.raises(RuntimeError), system._no_servers_started([]):
        raise RuntimeError
    assert policy.read_text(encoding="utf-8") == "#!/bin/sh\nexit 0\n"


def test_files_of_a_killed_installation_are_removed_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf, policy = tmp_path / "misto.conf", tmp_path / "policy-rc.d"
    monkeypatch.setattr(system, "CREATE_CLUSTER_CONF", conf)
    monkeypatch.setattr(system, "POLICY", policy)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    system._write_as_root([], policy, system.NO_SERVERS["policy-rc.d"], "0755")
    conf.write_text("create_main_cluster = false\n", encoding="utf-8")  # an administrator's
    system.ensure(lambda _: [])
    assert not policy.exists()
    assert conf.exists()
