"""`./misto manage`, `demo` and `bench`: one command against a database."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from launcher import claim, console, ports, servers, service, site, up
from launcher.places import Places
from launcher.supervisor import Stop, stop_on_signals

EXIT_TERMINATED = 128 + signal.SIGTERM
KEEPING = {"map", "stats"}  # measurements whose databases take minutes to fill


def manage(here: Places, arguments: Sequence[str]) -> int:
    """Run manage.py with the service's environment and database; returns its exit code."""
    console.talk_on(sys.stderr)  # standard output belongs to the command: dumpdata > file
    here.make()
    up.prepare(here)
    site.compile_messages(here.root)
    with stop_on_signals(), servers.for_command(here) as addresses:
        env = service.environment(here, port=_port_of_service(here), addresses=addresses)
        return run_through([*site.manage(here), *arguments], here, env)


def bench_names(here: Places) -> list[str]:
    """The measurements that can be run."""
    folder = here.root / "tests" / "bench"
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def bench(here: Places, name: str | None, arguments: Sequence[str]) -> int:
    """Run tests.bench.NAME on an empty, migrated database with the service's own durability settings.

    Those of KEEPING find the databases that they made the last time.
    """
    names = bench_names(here)
    if name not in names:
        known = ", ".join(names) or "none yet"
        console.say(f"Measurements: {known}. Run one: ./misto bench NAME")
        return 0 if name is None else 1
    here.make()
    up.prepare(here, development=True)
    place = servers.kept(here) if name in KEEPING else servers.throw_away(here, careless=False)
    with stop_on_signals(), place as (folder, addresses):
        env = service.for_tests(folder=folder, addresses=addresses) | {"MISTO_BENCH": str(here.var / "bench-tools")}
        site.compile_messages(here.root)
        site.migrate(here, env)
        return run_through([str(here.python), "-m", f"tests.bench.{name}", *arguments], here, env)


def run_through(command: Sequence[str], here: Places, env: Mapping[str, str]) -> int:
    """Run a command on this terminal and return its exit code; Ctrl-C is its own to understand."""
    process = subprocess.Popen(command, cwd=here.root, env=dict(env))
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return process.wait()
    except Stop:
        process.terminate()
        process.wait()
        return EXIT_TERMINATED
    finally:
        signal.signal(signal.SIGINT, before)


def _port_of_service(here: Places) -> int:
    """The port in the running service's address, so that links in letters lead there."""
    holder = claim.holder(here.run)
    return (urlsplit(holder.url).port if holder and holder.url else None) or ports.DEFAULT
