"""The units for systemd: verified by systemd itself where it is, hardened, and running what the launcher runs."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.parts import DEPLOY, ROOT, of_the_launcher, options, settings_read

FOLDER = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in FOLDER.glob("*.service"))
WORST = 2.0  # of 10: what `systemd-analyze security` may call the exposure of a unit
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not here: install the package systemd to verify the units"
)


def unit(name: str) -> configparser.ConfigParser:
    """A unit file; of a key that stands twice the last value."""
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string((FOLDER / name).read_text(encoding="utf-8"))
    return read


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the units as a server has them, for this checkout in place of /srv/misto."""
    for path in [*FOLDER.glob("*.service"), *FOLDER.glob("*.target"), *FOLDER.glob("*.timer")]:
        names = [path.name.replace("@", f"@{port}") for port in (8001, 8002)] if "@" in path.name else [path.name]
        for name in {*names, path.name}:
            (tmp_path / name).write_text(path.read_text(encoding="utf-8").replace("/srv/misto", str(ROOT)))
    return tmp_path


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(installed: Path) -> None:
    units = [str(path) for path in sorted(installed.iterdir()) if "@." not in path.name]
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *units], capture_output=True, text=True, check=False, cwd=installed
    )
    own = [line for line in done.stderr.splitlines() if str(installed) in line or "misto" in line]
    assert (done.returncode, own) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_unit_is_hardened(installed: Path, name: str) -> None:
    file = installed / name.replace("@.", "@8001.")
    done = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= WORST


@pytest.mark.parametrize("name", SERVICES)
def test_unit_runs_as_an_account_of_its_own_that_may_write_its_files_only(name: str) -> None:
    service = unit(name)["Service"]
    assert service["User"] == service["Group"] == "misto"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""


def test_units_run_the_processes_of_the_launcher() -> None:
    ours = of_the_launcher()
    for name in ("web@", "worker", "outbox", "jobs", "beat"):
        command = unit(f"misto-{name}.service")["Service"]["ExecStart"].split()
        assert options(command) == ours[name.strip("@")], name
    assert unit("misto-outbox.service")["Service"]["Environment"] == "MISTO_DB_POOL=16"


def test_target_starts_two_web_processes_and_everything_else() -> None:
    wanted = unit("misto.target")["Unit"]["Wants"].split()
    assert wanted[:2] == ["misto-web@8001.service", "misto-web@8002.service"]
    started = {
        name for name in SERVICES if "Install" in unit(name) and unit(name)["Install"]["WantedBy"] == "misto.target"
    }
    assert {re.sub(r"@\d+", "@", name) for name in wanted} == started


def test_failed_migration_does_not_stop_what_still_answers() -> None:
    for name in SERVICES:
        assert "Requires" not in unit(name)["Unit"], "a restart of what is required would end the service too"


def test_every_variable_of_the_example_is_read() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (FOLDER / "misto.env.example").read_text(encoding="utf-8"), re.MULTILINE))
    named |= set(re.findall(r'Environment="?([A-Z_]+)=', (FOLDER / "caddy.conf").read_text(encoding="utf-8")))
    assert named <= settings_read()
    assert {"MISTO_SECRET_KEY", "DATABASE_URL", "MISTO_UPSTREAMS"} <= named
