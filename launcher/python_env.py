"""The checkout's Python environment: made once, filled with exactly the pinned packages.

A stamp remembers what was installed, so that a start without changes needs no network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher import claim, console
from launcher.places import Places

RUNTIME = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"  # contains the runtime set
INSTALLER = "requirements-uv.txt"
STAMP = "misto-stamp.json"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
OLDEST_PYTHON = (3, 11)
MISLEADING = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PIP_REQUIRE_VIRTUALENV"}
FIXED = {"UV_PYTHON_DOWNLOADS": "never", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}


def ensure(places: Places, *, development: bool) -> None:
    """Make the environment ready; development packages that are installed stay installed."""
    stamp = _read_stamp(places)
    if not stamp:
        _create(places)
    wanted = DEVELOPMENT if development or stamp.get("file") == DEVELOPMENT else RUNTIME
    digest = digest_of(places.root / RUNTIME, places.root / wanted)
    if stamp.get("file") == wanted and stamp.get("digest") == digest:
        return
    (places.venv / STAMP).unlink(missing_ok=True)
    _install_uv(places)
    python = str(places.python)
    uv = [python, "-m", "uv", "pip", "sync", "--require-hashes", "--python", python]
    title = "Python packages" + (" with those for tests" if wanted == DEVELOPMENT else "")
    command: list[str | Path] = [*uv, places.root / wanted]
    console.run(title, command, log=places.setup_log, cwd=places.root, env=environment())
    fresh = {"file": wanted, "digest": digest, "python": _working_python(places)}
    claim.write_json(places.venv / STAMP, fresh)


def digest_of(*files: Path) -> str:
    """A digest that changes with the content of any of the files."""
    total = hashlib.sha256()
    for file in files:
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The caller's environment without what would point Python or uv somewhere else.

    Downloads trust the machine's own certificates too: an office proxy may need that.
    """
    kept = {name: value for name, value in base.items() if name not in MISLEADING}
    trust = {"UV_SYSTEM_CERTS": "1", "NODE_EXTRA_CA_CERTS": CERTIFICATES}
    return (trust if Path(CERTIFICATES).exists() else {}) | kept | FIXED


def _read_stamp(places: Places) -> dict[str, object]:
    """What is installed; empty when the environment is absent, moved, broken or of another Python."""
    stamp = claim.read_json(places.venv / STAMP)
    return stamp if stamp and stamp.get("python") == _working_python(places) else {}


def _create(places: Places) -> None:
    """Create the environment anew, unless one that works is there already."""
    if _working_python(places):
        return
    if places.venv.exists():
        shutil.rmtree(places.venv)
    command: list[str | Path] = [sys.executable, "-m", "venv", places.venv]
    console.run("Python environment", command, log=places.setup_log, env=environment())


def _working_python(places: Places) -> str:
    """The version of the environment's Python, such as "3.11".

    Empty when it does not start, is too old, has no pip, or was made for another folder.
    """
    code = "import sys, pip; print(sys.prefix); print(*sys.version_info[:2], sep='.')"
    try:
        done = subprocess.run(
            [places.python, "-c", code], capture_output=True, text=True, check=False, env=environment()
        )
    except OSError:
        return ""
    prefix, _, version = done.stdout.strip().rpartition("\n")
    fits = done.returncode == 0 and prefix == str(places.venv)
    return version if fits and tuple(map(int, version.split("."))) >= OLDEST_PYTHON else ""


def _install_uv(places: Places) -> None:
    """Install the pinned installer with pip, which checks its hash."""
    pip = [str(places.python), "-m", "pip", "install", "--require-hashes", "--quiet"]
    command: list[str | Path] = [*pip, "-r", places.root / INSTALLER]
    console.run("Package installer", command, log=places.setup_log, env=environment())
