"""The pulse of the workers: beat asks each queue every half minute to write down the time.

One row for each queue tells whether beat, the broker and a worker of that queue are there, to whoever can read the
database: the page of figures and `manage.py doctor`. A worker of jobs in the midst of a long one ticks afterwards.
"""

from datetime import datetime
from typing import Final

QUEUES: Final = ("celery", "urgent", "deliveries", "bulk", "jobs")
EVERY: Final = 30.0  # seconds
LATE: Final = 120.0  # seconds without a tick after which something is wrong
TASK: Final = "core.tasks.tick"


def tick(queue: str, *, at: datetime) -> None:
    """A worker of that queue is there."""
    from django.db import connection  # settings read this module

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_tick AS last (queue, at) VALUES (%s, %s)"
            " ON CONFLICT (queue) DO UPDATE SET at = greatest(last.at, excluded.at)",
            [queue, at],
        )


def last_ticks() -> dict[str, datetime | None]:
    """When a worker of each queue was last there; None for never."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT queue, at FROM core_tick")
        found = dict(cursor.fetchall())
    return {queue: found.get(queue) for queue in QUEUES}
