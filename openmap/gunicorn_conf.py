"""How gunicorn serves this application: `gunicorn --config python:openmap.gunicorn_conf openmap.wsgi:application`.

Leaving takes MISTO_LEAVE_SECONDS: on SIGTERM readiness turns 503 at once while requests are still answered, so that a
balancer sends people elsewhere; then gunicorn finishes what it has and ends. A second SIGTERM ends the waiting.
"""

import logging
import mmap
import os
import signal
from typing import Any

from gunicorn.glogging import Logger

from openmap import leaving, metric_files
from openmap.logs import Clean, formatter, guard_threads
from openmap.settings import LEAVE_SECONDS, LOG_FORMAT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openmap.settings")
_byte: mmap.mmap = leaving.shared()


class OurLines(Logger):  # type: ignore[misc]
    """gunicorn's own lines look like all others, wherever it was told to write them."""

    def setup(self, cfg: Any) -> None:
        """After gunicorn made its handlers."""
        super().setup(cfg)
        logging.captureWarnings(True)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(formatter(LOG_FORMAT))
                handler.addFilter(Clean())


logger_class = OurLines


def on_starting(_server: Any) -> None:
    """In the first process, before it starts any other."""
    metric_files.begin("web")


def child_exit(_server: Any, worker: Any) -> None:
    """In the first process, when another has ended."""
    metric_files.forget_process(worker.pid)


def when_ready(server: Any) -> None:
    """In the first process, after gunicorn has set its own handlers of signals."""

    def leave(*_signal: object) -> None:
        if leaving.has_begun() or LEAVE_SECONDS <= 0:
            leaving.begin()
            end()
            return
        leaving.begin()
        signal.setitimer(signal.ITIMER_REAL, LEAVE_SECONDS)

    def end(*_signal: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        server.signal(signal.SIGTERM, None)

    signal.signal(signal.SIGALRM, end)
    signal.signal(signal.SIGTERM, leave)


def post_fork(server: Any, worker: Any) -> None:
    """In each process that answers; without --preload it reads the application anew, and this module not."""
    leaving.share_with(_byte)
    guard_threads()


def post_worker_init(worker: Any) -> None:
    """In each process that answers, once it has read the application."""
    from openmap.process_figures import part

    part.begins("web")
