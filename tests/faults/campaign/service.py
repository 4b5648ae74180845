"""The whole service as `./misto up` starts it, in a folder of its own: its parts by name, killed for real.

A process is signalled only when it is known by its id and the moment of its start (launcher.processes) as a part of
this very service.
"""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from launcher import claim, places, processes
from launcher.cluster import Cluster
from launcher.places import ROOT, Places
from launcher.processes import Identity

SECONDS_TO_START = 300.0
SECONDS_TO_STOP = 90.0
SECONDS_TO_END = 60.0
SERVERS = ("postgres", "redis")


class Service:
    """One service on servers of its own. `settings` are MISTO_… variables beside those of production."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        self.here = Places(root=ROOT, var=(folder / "var").resolve())
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "up.log"
        self._port = port
        self._settings = settings
        self._up: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the caller's own installation or test."""
        of_others = ("PG", "MISTO_", "DJANGO_", "PYTEST_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(of_others)}
        for name in ("DATABASE_URL", "REDIS_URL"):
            kept.pop(name, None)
        return kept | {"MISTO_VAR": str(self.here.var), "MISTO_DEMO": "0"} | dict(self._settings)

    @property
    def cluster(self) -> Cluster:
        """Its private PostgreSQL, as durable as anybody's."""
        account = places.database_account()
        data = self.here.data("postgres", account)
        return Cluster(data=data, sockets=self.here.sockets, account=account, log=self.here.logs / "postgres.log")

    def start(self) -> None:
        """Starts everything and waits until it answers. Raises RuntimeError."""
        command = [str(ROOT / "misto"), "up", "--port", str(self._port)]
        self._up = processes.spawn(command, env=self.environment, cwd=ROOT, log=self._log)
        if not processes.wait_until(self._is_up, seconds=SECONDS_TO_START, every=0.2):
            raise RuntimeError("The service did not start:\n" + self._log.read_text(encoding="utf-8"))

    def stop(self) -> None:
        """Stops everything, and removes what lies outside the folder."""
        if self._up is not None:
            known = processes.identity(self._up.pid) if self._up.poll() is None else None
            if known:
                processes.end([known], signals=((SIGTERM, SECONDS_TO_STOP), (SIGKILL, 5.0)))
            self._up.wait()
        for outside in (self.here.sockets, Path("/var/lib") / f"misto-{self.here.key}"):
            shutil.rmtree(outside, ignore_errors=True)

    def manage(self, module: str, *words: str) -> None:
        """Runs a module of ours with the service's database. Raises CalledProcessError."""
        env = self.environment | {
            "DATABASE_URL": self.cluster.url,
            "DJANGO_SETTINGS_MODULE": "openmap.settings",
            "PYTHONPATH": str(ROOT),
        }
        with self._log.open("ab") as log:
            command = [str(self.here.python), "-m", module, *words]
            subprocess.run(command, cwd=ROOT, env=env, stdout=log, stderr=log, check=True)

    def parts(self) -> dict[str, Identity]:
        """The processes that the supervisor parents, by name; one that has died may still be named."""
        stored = claim.read_json(self.here.run / "parts.json")
        found = {name: Identity.from_json(one) for name, one in stored.items()}
        return {name: one for name, one in found.items() if one is not None}

    def children_of(self, name: str) -> list[Identity]:
        """The processes that a part has started: those that really serve or send."""
        parent = self.parts().get(name)
        return [one for one in processes.marked(f"{self.here.key}/{name}") if one != parent]

    def end(self, name: str, number: Signals = SIGKILL) -> None:
        """Ends a part by this signal to its parent process, and waits until that is gone."""
        processes.end([self.parts()[name]], signals=((number, SECONDS_TO_END),))

    def kill_children_of(self, name: str) -> None:
        """SIGKILL to every process that a part has started; the part lives on."""
        processes.end(self.children_of(name), signals=((SIGKILL, SECONDS_TO_END),))

    def signal_all(self, name: str, number: Signals) -> None:
        """Signals a part and every process that it has started."""
        for one in (self.parts()[name], *self.children_of(name)):
            processes.send(one, number)

    def is_whole(self, names: set[str]) -> bool:
        """Whether all these parts run, and the site answers with its database."""
        running = {name for name, one in self.parts().items() if processes.is_running(one)}
        return names <= running and self._answers()

    def _is_up(self) -> bool:
        if self._up is not None and self._up.poll() is not None:
            raise RuntimeError("The service ended:\n" + self._log.read_text(encoding="utf-8"))
        holder = claim.holder(self.here.run)
        return holder is not None and holder.url != ""

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/", timeout=30) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
