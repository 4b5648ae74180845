"""Asking the workers to hurry. The broker only makes things faster: when it is down, beat finds the rows later."""

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
FORGET_AFTER = 5.0  # seconds during which a broker that did not answer is not asked again

_silent_until = 0.0


def nudge_on_commit(task: str) -> None:
    """After this transaction commits, asks a worker to run the task of that name soon."""
    transaction.on_commit(partial(nudge, task))


def nudge(task: str) -> bool:
    """Asks a worker to run the task of that name now; returns False, and only logs, when the broker does not answer."""
    global _silent_until  # noqa: PLW0603
    if time.monotonic() < _silent_until:
        return False
    try:
        current_app.send_task(task, retry=False, ignore_result=True, expires=60)
    except (OSError, OperationalError) as error:
        _silent_until = time.monotonic() + FORGET_AFTER
        log.warning("The broker does not answer (%s); %s will run at the next beat.", type(error).__name__, task)
        return False
    return True
