"""The receivers: processes that take messages, and can be killed, stopped or made to answer something else."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

from launcher import processes
from launcher.places import ROOT
from tests.faults.campaign import ledger
from tests.faults.campaign.ledger import Entry


class Receiver:
    """One process; its port and its ledger outlive it. `refusal`: what it may be made to say."""

    def __init__(self, name: str, module: str, folder: Path, *, refusal: str) -> None:
        self.name, self.port, self.refusal = name, free_port(), refusal
        self.book, self._says = folder / f"{name}.jsonl", folder / f"{name}.says"
        self._command = [sys.executable, "-m", module, str(self.port), str(folder)]
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        self._process = processes.spawn(self._command, env=os.environ, cwd=ROOT, log=self._log, death_signal=SIGKILL)
        if not processes.wait_until(self.is_running, seconds=60):
            raise RuntimeError(f"{self.name} does not start:\n{self._log.read_text(encoding='utf-8')}")

    def kill(self) -> None:
        """SIGKILL; the port stays its own."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def hang(self) -> None:
        """It takes connections, as its system does for it, and says nothing."""
        if self._process is not None:
            self._process.send_signal(SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        if self._process is not None:
            self._process.send_signal(SIGCONT)

    def say(self, words: str) -> None:
        """From now on this is its answer to everything; "" to take messages again."""
        if words:
            self._says.write_text(words, encoding="utf-8")
        else:
            self._says.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def entries(self) -> list[Entry]:
        """What it acknowledged."""
        return ledger.read(self.book)


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
