"""Parts of the service as processes of their own, on the test's database, to be killed for real."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


def environment(*, email_url: str = "", redis_url: str = NOBODY_LISTENS, **more: str) -> dict[str, str]:
    """Variables of a process that works on the database of this test."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "openmap.settings",
        "DATABASE_URL": database.geturl(),
        "REDIS_URL": redis_url,
        "MISTO_EMAIL_URL": email_url or settings.EMAIL_URL,
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextmanager
def process(command: Sequence[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs a command until the block ends; its words go to `log`, its standard output can be read."""
    with log.open("a") as words:
        running = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait(timeout=30)
            for stream in (running.stdin, running.stdout):
                if stream:
                    stream.close()


def python(code: str) -> list[str]:
    """A command that runs `code` with Django ready."""
    return [sys.executable, "-c", f"import django; django.setup()\n{code}"]


def eventually(what: Callable[[], bool], *, seconds: float) -> bool:
    """Asks again and again; whether it became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.1)
    return what()
