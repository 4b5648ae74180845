"""A real RabbitMQ node of a test's own: its folder, its names, its ports, on this machine only."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from launcher import system
from tests.faults.service import eventually, process
from tests.scale.service import descendants, kill_whole

SECONDS_TO_START = 90.0


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Rabbit:
    """One node, with the register of Erlang's nodes (epmd) that it needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._distribution, self._register = _free_port(), _free_port(), _free_port()
        self._node = ExitStack()
        self._running: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """For MISTO_BROKER_URL."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def _environment(self) -> dict[str, str]:
        """Nothing of the machine's own node."""
        base = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        loopback = "{127,0,0,1}"
        return base | {
            "ERL_EPMD_PORT": str(self._register),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"misto{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_HOME_DIR": str(self.folder),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {loopback} +S 1:1 +sbwt none",
        }

    def start(self) -> None:
        """Starts the node on what it kept, and waits until it speaks AMQP."""
        scripts = system.rabbitmq_scripts()
        assert scripts, "RabbitMQ is missing: ./misto test installs it."
        log = self.folder / "node.log"
        command = [str(scripts / "rabbitmq-server")]
        self._running = self._node.enter_context(process(command, self._environment, log))
        assert eventually(self._speaks, seconds=SECONDS_TO_START), log.read_text()

    def kill(self) -> None:
        """As a crash would, the virtual machine itself: the script only waits for it."""
        if self._running is not None:
            kill_whole(self._running)
        self._node.close()
        self._running = None

    def freeze(self, number: signal.Signals = signal.SIGSTOP) -> None:
        """Takes lines and says nothing, until SIGCONT."""
        assert self._running
        for child in (self._running.pid, *descendants(self._running.pid)):
            os.kill(child, number)

    def _speaks(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"AMQP\x00\x00\x09\x01")
                return len(line.recv(8)) == 8
        except OSError:
            return False


@contextmanager
def rabbit(folder: Path) -> Iterator[Rabbit]:
    """A node until the block ends."""
    folder.mkdir()
    (folder / "plugins").write_text("[].\n")
    found = Rabbit(folder)
    register = shutil.which("epmd")
    assert register, "Erlang is missing: ./misto test installs RabbitMQ with it."
    words = [register, "-port", str(found._register), "-address", "127.0.0.1"]
    with process(words, found._environment, folder / "epmd.log"):
        try:
            found.start()
            yield found
        finally:
            found.kill()
