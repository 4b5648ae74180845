"""Disks: where the service writes, there is room, and it may write there."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.doctor import Asked, Finding, bad, check, ok, warn

LITTLE, TOO_LITTLE = 0.10, 0.03  # of a disk
_FOLDER = """
SELECT CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END
"""


@check("core.disks", gettext_lazy("Disks"), needs_database=False)
def disks(_asked: Asked) -> Iterator[Finding]:
    """Each folder that the service writes into."""
    for path in dict.fromkeys([Path(settings.VAR_DIR), Path(settings.MEDIA_ROOT)]):
        nearest = next(one for one in (path, *path.parents) if one.exists())
        yield from room(nearest)
        if path.exists() and not is_writable(path):
            mend = _("Give it to the account of the service: chown -R misto %(path)s") % {"path": path}
            yield bad(_("The service may not write there."), mend, str(path))


@check("core.database-disk", gettext_lazy("Disk of the database"))
def database_disk(_asked: Asked) -> Iterator[Finding]:
    """When it is on this machine and the account may know where."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_FOLDER)
            folder = cursor.fetchone()[0]
    except Error:
        folder = None
    if folder and is_here(connection.settings_dict["HOST"]) and Path(folder).exists():
        yield from room(Path(folder))
    else:
        yield ok(_("Its folder is not to be seen from here: watch the disk of that server."))


def is_here(host: str) -> bool:
    """Whether a database at that host (HOST of Django: "" or a folder of sockets too) runs on this machine."""
    return host in {"", "localhost", "::1"} or host.startswith(("/", "127."))


def room(path: Path) -> Iterator[Finding]:
    """How much there is below that folder."""
    about = os.statvfs(path)
    for free, size, what in (
        (about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize, _("bytes")),
        (about.f_favail, about.f_files, _("files that may still be made")),
    ):
        if not size:
            continue  # file systems without a table of files
        share = free / size
        words = _("%(share)d %% is free (%(what)s).") % {"share": share * 100, "what": what}
        mend = _("Free or add room: du -xh --max-depth=2 %(path)s | sort -h | tail") % {"path": path}
        if share < TOO_LITTLE:
            yield bad(words, mend, str(path))
        elif share < LITTLE:
            yield warn(words, mend, str(path))
        else:
            yield ok(words, str(path))


def is_writable(path: Path) -> bool:
    """Whether a file can be made there; it is removed again."""
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".doctor-") as file:
            file.write(b"x")
            file.flush()
    except OSError:
        return False
    return True
