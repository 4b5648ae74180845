"""Keeps the lease of a job while its worker lives, and tells how far it is: a thread with a connection of its own."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from django.db import Error, connection, transaction
from django_scopes import scopes_disabled

from core.models import Job

log = logging.getLogger(__name__)

BEAT = 1.0  # seconds between two looks at what is to be told
RENEWALS = 5  # of one lease, so that a busy moment of the database loses no job


class Heart:
    """Beats while its block lasts. `columns`: what the job tells of its progress."""

    def __init__(self, job: Job, *, lease: timedelta, clock: Callable[[], datetime]) -> None:
        self.columns: dict[str, Any] = {}
        self._job, self._lease, self._clock = job, lease, clock
        self._renew_at = clock() + lease / RENEWALS
        self._told: dict[str, Any] = {}
        self._over = Event()
        self._thread = Thread(target=self._run, name=f"heart of job {job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.wait(BEAT):
                try:
                    self._beat()
                except Error as error:  # the database will be back before the lease ends, or the job is lost anyway
                    log.warning("The lease of job %s was not renewed: %s", self._job.pk, type(error).__name__)
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        """Writes what is new. Whether the job is still ours is asked by the job itself, before it writes."""
        now, columns = self._clock(), self.columns
        if columns == self._told and now < self._renew_at:
            return
        with scopes_disabled(), transaction.atomic():
            mine = Job.objects.filter(pk=self._job.pk, claim=self._job.claim, state=Job.State.RUNNING)
            # Waits for nobody: a row that the job itself holds is about to be over.
            if list(mine.select_for_update(skip_locked=True).values_list("pk")):
                mine.update(**columns, leased_until=now + self._lease)
                self._told, self._renew_at = columns, now + self._lease / RENEWALS
