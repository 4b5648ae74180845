"""A Celery worker of one process whose photos never end: a test starts it as a process of its own.

    python -m tests.media.endless_worker <seconds until the time limit>

Says "started" each time it begins to clean; there are two tasks.
"""

import sys
import time
from typing import Any
from unittest import mock

import django


def main(limit: int) -> None:
    """Runs the real task under the real pool, by a broker in memory."""
    django.setup()
    from media import actions, tasks
    from openmap.celery import app

    def clean_waiting(**_at: Any) -> int:
        sys.__stdout__.write("started\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]
        time.sleep(600)
        return 0

    app.conf.update(broker_url="memory://")
    assert tasks.clean_waiting.time_limit == actions.TIME_LIMIT.total_seconds()
    tasks.clean_waiting.time_limit = limit
    tasks.clean_waiting.delay()
    tasks.clean_waiting.delay()
    with mock.patch.object(actions, "clean_waiting", clean_waiting):
        app.Worker(pool="prefork", concurrency=1, loglevel="WARNING", quiet=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
