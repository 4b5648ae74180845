"""Tasks of the workers in the log: each with its identifier and that of the request that caused it."""

import logging
from time import perf_counter
from typing import Any, Final

from celery import signals
from django.conf import settings

from core import trace
from openmap import metric_files, process_figures
from openmap.logs import guard_threads

log = logging.getLogger("openmap.task")
HEADER: Final = "misto_request_id"
SLOW: Final = 1.0  # seconds after which also a task that found nothing to do is told


@signals.setup_logging.connect
def keep_our_logs(**_how: Any) -> None:
    """Celery leaves logs alone when somebody listens here: they are as the settings say."""
    guard_threads()


@signals.celeryd_init.connect
def no_banner(instance: Any = None, **_how: Any) -> None:
    """What a worker paints when it starts is no line of a log."""
    instance.quiet = True


@signals.worker_init.connect
def count(sender: Any = None, **_how: Any) -> None:
    """Before a worker starts its processes: what they count is told by whoever answers `/metrics` on this machine."""
    name = str(getattr(sender, "hostname", "") or "worker").partition("@")[0]
    metric_files.begin(name)
    process_figures.part.begins(name)
    if settings.METRICS_LISTEN:
        from openmap import metrics_server  # reads models, which are not there yet when this module is read

        metrics_server.serve(settings.METRICS_LISTEN)


@signals.worker_process_shutdown.connect
def forget(pid: int | None = None, **_how: Any) -> None:
    """One of its processes ends."""
    if pid:
        metric_files.forget_process(pid)


@signals.before_task_publish.connect
def hand_on(headers: dict[str, Any] | None = None, **_what: Any) -> None:
    """Whatever a request asks of the workers carries its identifier."""
    if headers is not None and (request_id := trace.request_id()):
        headers.setdefault(HEADER, request_id)


@signals.task_prerun.connect
def begin(task_id: str, task: Any, **_what: Any) -> None:
    """The thread does that task from now on."""
    request_id = getattr(task.request, HEADER, None) or trace.request_id()
    token = trace.begin(request_id=request_id, task=task.name, task_id=task_id)
    vars(task.request)["misto_began"] = (token, perf_counter())


@signals.task_postrun.connect
def end(task: Any, state: str | None = None, retval: Any = None, **_what: Any) -> None:
    """Tells what came of it. What beat asked for and found nothing to do is told at DEBUG only."""
    token, began = vars(task.request).pop("misto_began", (None, perf_counter()))
    if token is None:
        return
    seconds = perf_counter() - began
    process_figures.count_task(task=task.name, outcome=(state or "").lower(), seconds=seconds)
    did = state != "SUCCESS" or retval or trace.request_id() or seconds > SLOW
    fields = {"outcome": (state or "").lower(), "ms": round(seconds * 1000, 1)}
    if isinstance(retval, int):
        fields["count"] = retval
    log.log(logging.INFO if did else logging.DEBUG, "task", extra={"fields": fields})
    trace.end(token)
