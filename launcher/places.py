"""Where one checkout keeps its run-time files and its sockets."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from launcher import console

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SOCKET_PATH = 107  # bytes: sun_path of unix(7) without its closing zero
DATABASE_USER = "postgres"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A system account that a part runs as when the launcher itself is root."""

    name: str
    uid: int
    gid: int


def database_account() -> Account | None:
    """Who runs PostgreSQL and Redis: the postgres account for root, otherwise the caller (None)."""
    if os.getuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(DATABASE_USER)
    except KeyError:
        console.fail(f"PostgreSQL refuses to run as root, and there is no system account '{DATABASE_USER}'.")
    return Account(name=DATABASE_USER, uid=entry.pw_uid, gid=entry.pw_gid)


@dataclass(frozen=True)
class Places:
    """The files of one checkout. Two checkouts share nothing."""

    root: Path
    var: Path

    @classmethod
    def of_this_checkout(cls) -> Places:
        """The places of the checkout that this file belongs to; MISTO_VAR moves the run-time files."""
        return cls(root=ROOT, var=Path(os.environ.get("MISTO_VAR") or ROOT / "var").resolve())

    @cached_property
    def key(self) -> str:
        """Twelve hexadecimal characters that stand for this checkout's run-time folder."""
        return hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]

    @property
    def venv(self) -> Path:
        """The Python environment of this checkout."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter that runs the service."""
        return self.venv / "bin" / "python"

    @property
    def logs(self) -> Path:
        """One log per part."""
        return self.var / "log"

    @property
    def run(self) -> Path:
        """Lock, process records and stamps."""
        return self.var / "run"

    @property
    def setup_log(self) -> Path:
        """What the last preparation printed."""
        return self.logs / "setup.log"

    @property
    def demo_accounts(self) -> Path:
        """Names and passwords of the demo, written when it was loaded."""
        return self.var / "demo-accounts.txt"

    @property
    def sockets(self) -> Path:
        """The short private folder of the sockets.

        Root's is under /run, where nobody else can write; an ordinary user's is under /tmp.
        """
        if os.getuid() == 0:
            return Path("/run") / f"misto-{self.key}"
        return Path("/tmp") / f"misto-{os.getuid()}-{self.key}"  # noqa: S108 - checked by private_folder

    def make(self) -> None:
        """Create the run-time folders; others may pass through `var`, not read it."""
        if self.var.exists() and self.var.stat().st_uid != os.getuid():
            console.fail(f"{self.var} belongs to another user. Start ./misto as that user.")
        self.var.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.logs, self.run):
            folder.mkdir(mode=0o700, exist_ok=True)

    def data(self, name: str, account: Account | None) -> Path:
        """The data folder of a part: under `var`, or under /var/lib where `account` cannot reach `var`."""
        if account is None or can_reach(self.var, account):
            return self.var / name
        return Path("/var/lib") / f"misto-{self.key}" / name


def can_reach(folder: Path, account: Account) -> bool:
    """Whether the account may pass through the folder and every folder above it."""
    test = subprocess.run(
        ["/usr/bin/test", "-x", str(folder)],
        check=False,
        cwd="/",
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return test.returncode == 0


def private_folder(path: Path, account: Account | None) -> Path:
    """Create a folder that only its owner may open, and give it to the account.

    Refuses a link, and what another user has put in its place.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or os.getuid() not in {0, found.st_uid}:
        console.fail(f"{path} belongs to somebody else. Remove it, then start again.")
    path.chmod(0o700)
    if os.getuid() == 0:
        os.chown(path, account.uid if account else 0, account.gid if account else 0)
    return path


def socket_path(folder: Path, name: str) -> Path:
    """Path of a socket in the folder; raises LauncherError when the system could not bind it."""
    path = folder / name
    length = len(os.fsencode(path))
    if length > LONGEST_SOCKET_PATH:
        console.fail(f"{path} has {length} bytes; a socket path may have {LONGEST_SOCKET_PATH}.")
    return path
