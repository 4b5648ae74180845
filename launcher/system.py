"""What the operating system has to provide, and how it is installed when it is missing.

A need is recognised by the file it brings (a binary, an extension's control file), so a machine
that has everything is never asked to run apt and needs no network.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import console

APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive"}
INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends", "--no-upgrade"]
CREATE_CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.d/misto.conf")
SYSTEMD = Path("/run/systemd/system")  # exists where systemd runs the services
POLICY = Path("/usr/sbin/policy-rc.d")
WRITTEN_BY = "# Written by ./misto for the time of an installation.\n"
NO_SERVERS = {
    CREATE_CLUSTER_CONF.name: f"{WRITTEN_BY}create_main_cluster = false\n",
    POLICY.name: f"#!/bin/sh\n{WRITTEN_BY}exit 101\n",
}


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A supported release: its name and the PostgreSQL version it packages."""

    name: str
    postgresql: int
    chromium: str | None
    chromium_advice: str = ""


DEBIAN_12 = Distribution(name="Debian 12", postgresql=15, chromium="chromium")
UBUNTU_24_04 = Distribution(
    name="Ubuntu 24.04",
    postgresql=16,
    chromium=None,  # apt's chromium-browser only installs a snap
    chromium_advice="Ubuntu ships Chromium as a snap. Install it with: sudo snap install chromium",
)
SUPPORTED = {("debian", "12"): DEBIAN_12, ("ubuntu", "24.04"): UBUNTU_24_04}


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something the service uses: the package that brings it and how to see that it is here."""

    title: str
    package: str | None
    present: Callable[[], bool]
    advice: str = ""


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """The fields of os-release(5); empty when the file is missing."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {key.strip(): "".join(shlex.split(value)) for key, value in pairs}


def distribution(release: Mapping[str, str]) -> Distribution | None:
    """The supported distribution that os-release describes, or None."""
    return SUPPORTED.get((release.get("ID", ""), release.get("VERSION_ID", "")))


def postgresql_bin() -> Path | None:
    """The newest installed PostgreSQL (15 or later) that has PostGIS beside it, or None."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin/postgres") if _has_postgis(path)]
    versions = {int(path.parent.parent.name): path.parent for path in found}
    return versions[max(versions)] if versions else None


def redis_binary() -> str | None:
    """Path of redis-server, or None."""
    return _which("redis-server")


def rabbitmq_scripts() -> Path | None:
    """The folder of RabbitMQ's own scripts, which run a node as whoever calls them, or None."""
    folder = Path("/usr/lib/rabbitmq/bin")
    return folder if (folder / "rabbitmq-server").exists() else None


def chromium_binary() -> str | None:
    """Path of a Chromium that tests can drive, or None."""
    return _which("chromium") or _which("chromium-browser") or _which("google-chrome")


def runtime_needs(system: Distribution, *, database: bool = True, redis: bool = True) -> list[Need]:
    """What `./misto up` cannot do without; no servers where the operator brings a database or a Redis."""
    version = system.postgresql
    server = Path(f"/usr/lib/postgresql/{version}/bin/postgres")
    servers = [
        Need(
            title="PostgreSQL",
            package=f"postgresql-{version}",
            present=lambda: postgresql_bin() is not None or server.exists(),
        ),
        Need(
            title="PostGIS",
            package=f"postgresql-{version}-postgis-3",
            present=lambda: postgresql_bin() is not None,
        ),
    ]
    broker = Need(title="Redis", package="redis-server", present=lambda: redis_binary() is not None)
    return [
        *(servers if database else []),
        *([broker] if redis else []),
        Need(title="gettext", package="gettext", present=lambda: _which("msgfmt") is not None),
        Need(title="Python's venv", package="python3-venv", present=_has_ensurepip),
    ]


def test_needs(system: Distribution) -> list[Need]:
    """What the tests use beyond the service: a browser, letters for it to draw, a reverse proxy, large servers."""
    return [
        *runtime_needs(system),
        Need(
            title="Chromium",
            package=system.chromium,
            present=lambda: chromium_binary() is not None,
            advice=system.chromium_advice,
        ),
        Need(
            title="fonts with Cyrillic",
            package="fonts-dejavu-core",
            present=lambda: Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists(),
        ),
        Need(title="Caddy", package="caddy", present=lambda: _which("caddy") is not None),
        Need(title="PgBouncer", package="pgbouncer", present=lambda: _which("pgbouncer") is not None),
        Need(title="RabbitMQ", package="rabbitmq-server", present=lambda: rabbitmq_scripts() is not None),
    ]


def ensure(needs_of: Callable[[Distribution], list[Need]]) -> None:
    """Install what is missing; says what to do and raises LauncherError where it cannot."""
    _remove_forgotten()
    system = distribution(read_os_release())
    missing = [need for need in needs_of(system or DEBIAN_12) if not need.present()]
    if not missing:
        return
    titles = ", ".join(need.title for need in missing)
    if system is None:
        console.fail(
            f"Missing: {titles}. This is neither Debian 12 nor Ubuntu 24.04: install them with your\n"
            "system's own tools, then start again."
        )
    for need in missing:
        if need.package is None:
            console.fail(f"{need.title} is missing. {need.advice}")
    _install(sorted({need.package for need in missing if need.package is not None}))
    absent = [need for need in missing if not need.present()]
    if absent:
        console.fail("Still missing after apt: " + ", ".join(need.title for need in absent))


def how_to_become_root(*, uid: int, sudo: str | None, sudo_works: bool) -> list[str] | None:
    """The words to put before a command that needs root: none for root, None when impossible."""
    if uid == 0:
        return []
    return [sudo] if sudo and sudo_works else None


def root_line(packages: Iterable[str], *, sudo: bool, systemd: bool) -> str:
    """One line for an administrator: installs the packages and leaves no server running with them."""
    names = sorted(packages)
    parts = ["apt-get update", shlex.join([*INSTALL, *names])]
    if any(name.startswith("postgresql") for name in names):
        folder, conf = shlex.quote(str(CREATE_CLUSTER_CONF.parent)), shlex.quote(str(CREATE_CLUSTER_CONF))
        parts.insert(0, f"mkdir -p {folder} && echo create_main_cluster=false > {conf}")
        parts.append(f"rm {conf}")
    services = [name for name in ("pgbouncer", "rabbitmq-server", "redis-server") if name in names]
    if services and systemd:
        parts.append(shlex.join(["systemctl", "disable", "--now", *services]))
    script = shlex.quote(" && ".join(parts))
    return f"sudo sh -c {script}" if sudo else f"su -c {script}"


def _install(packages: list[str]) -> None:
    """Install packages as root or through sudo, or print the one line and stop."""
    sudo = _which("sudo")
    prefix = how_to_become_root(uid=os.getuid(), sudo=sudo, sudo_works=sudo is not None and _sudo_works(sudo))
    if prefix is None:
        console.say(f"Needed from the system: {', '.join(packages)}. Run this line, then start again:")
        console.say(root_line(packages, sudo=sudo is not None, systemd=SYSTEMD.exists()))
        raise console.LauncherError("")
    environment = [f"{key}={value}" for key, value in APT_ENVIRONMENT.items()]
    apt = [*prefix, "env", *environment]
    with _no_servers_started(prefix):
        try:
            console.run(f"System packages: {', '.join(packages)}", [*apt, *INSTALL, *packages])
        except console.LauncherError:
            console.run("Finishing what was interrupted", [*apt, "dpkg", "--configure", "-a"])
            console.run("Newer package lists", [*apt, "apt-get", "update"])
            console.run(f"System packages: {', '.join(packages)}", [*apt, *INSTALL, *packages])


@contextlib.contextmanager
def _no_servers_started(prefix: list[str]) -> Iterator[None]:
    """While packages are installed: no `main` cluster is created and no service starts.

    Files that an administrator already has in these places are left as they are.
    """
    absent = [path for path in (CREATE_CLUSTER_CONF, POLICY) if not path.exists()]
    try:
        for path in absent:
            mode = "0755" if path == POLICY else "0644"
            _write_as_root(prefix, path, NO_SERVERS[path.name], mode)
        yield
    finally:
        _remove_as_root(prefix, absent)


def _remove_forgotten() -> None:
    """Remove our own two files if an installation was killed before it could."""
    forgotten = [path for path in (CREATE_CLUSTER_CONF, POLICY) if _is_ours(path)]
    sudo = _which("sudo")
    if forgotten and (os.getuid() == 0 or sudo):
        _remove_as_root([] if os.getuid() == 0 else [str(sudo), "-n"], forgotten)


def _is_ours(path: Path) -> bool:
    """Whether the file is there and holds exactly what we write."""
    try:
        return path.read_text(encoding="utf-8") == NO_SERVERS[path.name]
    except (OSError, UnicodeDecodeError):
        return False


def _remove_as_root(prefix: list[str], paths: Iterable[Path]) -> None:
    """Remove files as root; one that is gone already is fine."""
    for path in paths:
        subprocess.run([*prefix, "rm", "-f", str(path)], check=False, capture_output=True)


def _write_as_root(prefix: list[str], path: Path, text: str, mode: str) -> None:
    """Write a small file as root with the given mode."""
    command = [*prefix, "install", "-D", "-m", mode, "/dev/stdin", str(path)]
    subprocess.run(command, input=text, text=True, check=True)


def _sudo_works(sudo: str) -> bool:
    """True when sudo needs no password, or somebody is there to type it."""
    silent = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    if silent.returncode == 0:
        return True
    if not sys.stdin.isatty():
        return False
    console.say("System packages are missing; sudo may ask for your password.")
    return subprocess.run([sudo, "-v"], check=False).returncode == 0


def _has_postgis(postgres: Path) -> bool:
    """Whether the extension's control file belongs to this PostgreSQL (15 or later)."""
    version = postgres.parent.parent.name
    control = Path(f"/usr/share/postgresql/{version}/extension/postgis.control")
    return version.isdigit() and int(version) >= 15 and control.exists()


def _has_ensurepip() -> bool:
    """Debian splits ensurepip out of python3; without it `python3 -m venv` fails."""
    return importlib.util.find_spec("ensurepip") is not None


def _which(name: str) -> str | None:
    """Like shutil.which, and also in the folders an ordinary user's PATH may lack."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin")
