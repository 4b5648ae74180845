"""A decoder that never comes back does not keep its worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from media import tasks
from media.actions import LEASE


@contextmanager
def endless_worker(*, limit: int, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """A worker with its pool, in a session of its own: nothing of it is left at the end."""
    with log.open("w") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.media.endless_worker", str(limit)],
            cwd=settings.BASE_DIR,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "openmap.settings"},
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)


def test_task_ends_before_another_worker_may_take_its_photo() -> None:
    assert 0 < (tasks.clean_waiting.time_limit or 0) < LEASE.total_seconds()


def test_hanging_task_is_killed_and_the_worker_takes_the_next(tmp_path: Path) -> None:
    with endless_worker(limit=1, log=tmp_path / "log") as worker:
        assert worker.stdout
        assert [worker.stdout.readline() for _turn in range(2)] == ["started\n"] * 2
    assert "Hard time limit (1s) exceeded for media.tasks.clean_waiting" in (tmp_path / "log").read_text()
