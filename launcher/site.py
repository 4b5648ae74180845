"""Bringing the site up to date before it serves: words, tables, static files, the demo."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from launcher import claim, console
from launcher.places import Places

STATIC_SOURCES = (
    "*/static/**/*",
    "node_modules/.package-lock.json",
    "requirements.txt",
    "openmap/settings.py",
)
CATALOGUES = "locale/*/LC_MESSAGES/*.po"
GENERATED = {"var", "build", ".venv"}


def compile_messages(root: Path) -> int:
    """Compile every catalogue that is newer than its .mo file; returns how many were compiled."""
    count = 0
    for source in sorted(root.glob(CATALOGUES)):
        target = source.with_suffix(".mo")
        if _is_newer(target, source):
            continue
        fresh = target.with_suffix(".mo.new")
        command = ["msgfmt", "--check-format", "-o", str(fresh), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            console.fail(f"{source} cannot be compiled:\n{done.stderr}")
        fresh.replace(target)
        count += 1
    return count


def migrate(places: Places, env: Mapping[str, str]) -> None:
    """Bring the tables up to date."""
    command = [*manage(places), "migrate", "--no-input", "--verbosity=1"]
    console.run("Database tables", command, log=places.setup_log, cwd=places.root, env=env)


def collect_static(places: Places, env: Mapping[str, str]) -> None:
    """Collect static files again when a source, a library or the settings changed."""
    target = Path(env.get("MISTO_STATIC_ROOT") or places.root / "build" / "static")
    stamp = places.run / "static.json"
    digest = _static_digest(places.root)
    wanted = {"digest": digest, "target": str(target)}
    if claim.read_json(stamp) == wanted and target.is_dir():
        return
    command = [*manage(places), "collectstatic", "--no-input", "--clear", "--verbosity=1"]
    console.run("Static files", command, log=places.setup_log, cwd=places.root, env=env)
    claim.write_json(stamp, wanted)


def load_demo_if_empty(places: Places, env: Mapping[str, str]) -> None:
    """Put the invented town into a database that has no community yet."""
    command = [*manage(places), "load_demo", "--if-empty"]
    console.run("Demo town", command, log=places.setup_log, cwd=places.root, env=env)


def manage(places: Places) -> list[str]:
    """The first words of every manage.py command."""
    return [str(places.python), str(places.root / "manage.py")]


def _is_newer(target: Path, source: Path) -> bool:
    """Whether the target exists and was made after the source last changed."""
    try:
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except FileNotFoundError:
        return False


def _static_digest(root: Path) -> str:
    """A digest of name, size and time of everything that static files are made from."""
    total = hashlib.sha256()
    for path in sorted(_static_sources(root)):
        status = path.stat()
        line = f"{path.relative_to(root)} {status.st_size} {status.st_mtime_ns}\n"
        total.update(os.fsencode(line))
    return total.hexdigest()


def _static_sources(root: Path) -> Iterator[Path]:
    """The files whose change makes static files out of date."""
    for pattern in STATIC_SOURCES:
        found = (path for path in root.glob(pattern) if path.is_file())
        yield from (path for path in found if path.relative_to(root).parts[0] not in GENERATED)
