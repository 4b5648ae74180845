"""PostgreSQL's own programs: found in the version that fits the server, told of the database without its password."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from django.db import connection
from django.utils.translation import gettext as _
from psycopg.conninfo import make_conninfo

from openmap.backup.layout import BackupError

DEBIAN: Final = Path("/usr/lib/postgresql")
# What libpq knows among Django's options; the rest is for psycopg.
LIBPQ: Final = re.compile(
    r"host|hostaddr|port|user|service|target_session_attrs|connect_timeout|keepalives.*|ssl.*|gss.*"
)
SAID: Final = 2000  # characters of what a program said that are shown


def server_major() -> int:
    """The major version of the server, such as 15."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def program(name: str, *, at_least: int) -> str:
    """Path of pg_dump or pg_restore of at least this major version, the nearest one. Raises BackupError."""
    for version in sorted(_installed(name)):
        if version >= at_least:
            return _installed(name)[version]
    raise BackupError(
        _(
            "%(program)s of PostgreSQL %(version)d or newer is needed and was not found: an older one refuses this "
            "server. Install postgresql-client-%(version)d."
        )
        % {"program": name, "version": at_least}
    )


def run(command: Iterable[str], *, password: str = "") -> str:
    """Runs a program; what it printed. Raises BackupError with its last words."""
    words = list(command)
    env = _environment(password)
    done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-SAID:]
        raise BackupError(_("%(program)s failed: %(said)s") % {"program": Path(words[0]).name, "said": said})
    return done.stdout.decode("utf-8", "replace")


def database() -> tuple[str, str]:
    """How the programs reach the service's database: libpq's words for it, and the password, kept out of them."""
    known: Mapping[str, Any] = connection.get_connection_params()
    words = {key: value for key, value in known.items() if LIBPQ.fullmatch(key) and value not in {None, ""}}
    return make_conninfo(**words, dbname=known["dbname"]), str(known.get("password") or "")


def _installed(name: str) -> dict[int, str]:
    """Paths by major versions."""
    found = {int(path.parent.parent.name): str(path) for path in DEBIAN.glob(f"[0-9]*/bin/{name}")}
    if (usual := shutil.which(name)) and (version := _version_of(usual)):
        found.setdefault(version, usual)
    return found


def _version_of(path: str) -> int:
    """0 when it does not say."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    except OSError:
        return 0
    number = re.search(r"\b(\d+)[.\d]*", said)
    return int(number[1]) if number else 0


def _environment(password: str) -> dict[str, str]:
    """The caller's, which Django's own connection reads too."""
    return os.environ | {"LC_ALL": "C.UTF-8"} | ({"PGPASSWORD": password} if password else {})
