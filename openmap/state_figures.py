"""How the installation stands, for Prometheus: read from the database and the disks when it asks."""

import platform
import shutil
import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from os import statvfs
from pathlib import Path
from typing import Final

import django
from django.conf import settings
from django.db import connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core import ticks

# In one statement: how many wait, and since when the oldest does.
_WAITING = """
SELECT
    (SELECT count(*) FROM media_photo WHERE state = 'waiting'),
    (SELECT min(uploaded_at) FROM media_photo WHERE state = 'waiting'),
    (SELECT count(*) FROM geodata_cell_delta), (SELECT at FROM geodata_cell_delta ORDER BY id LIMIT 1),
    (SELECT count(*) FROM core_to_count), (SELECT at FROM core_to_count ORDER BY id LIMIT 1),
    (SELECT count(*) FROM core_job WHERE state = 'queued'),
    (SELECT min(created_at) FROM core_job WHERE state = 'queued'),
    (SELECT count(*) FROM core_job WHERE state = 'running'),
    (SELECT count(*) FROM core_job WHERE state = 'failed' AND finished_at > %(at)s - interval '1 day'),
    (SELECT max(at) FROM geodata_cellcheck),
    (SELECT coalesce(sum(wrong), 0) FROM geodata_cellcheck WHERE at > %(at)s - interval '1 day')
"""
QUEUES: Final = {
    "photos": "Photos that wait to be cleaned",
    "cells": "Changes that are not folded into counts per square yet",
    "statistics": "Things that are not counted over time yet",
    "jobs": "Jobs that wait for a worker",
}


class StateCollector(Collector):
    """All communities together."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families of metrics."""
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, {"at": self._at})
            row = cursor.fetchone()
        waiting = dict(zip(QUEUES, zip(row[0:8:2], row[1:8:2], strict=True), strict=True))
        for name, (count, since) in waiting.items():
            yield _one(f"misto_{name}_waiting", f"{QUEUES[name]}.", count)
            words = f"{QUEUES[name]}: seconds since the oldest came."
            yield _one(f"misto_{name}_oldest_waiting_seconds", words, self._age(since) if since else 0.0)
        yield _one("misto_jobs_running", "Jobs that a worker does.", row[8])
        yield _one("misto_jobs_failed_day", "Jobs that failed in the last day.", row[9])
        if row[10]:
            yield _one("misto_count_check_age_seconds", "Seconds since counts were last checked.", self._age(row[10]))
        yield _one("misto_count_check_wrong_day", "Counts that checks of the last day found wrong.", float(row[11]))
        yield self._ticks()

    def _ticks(self) -> GaugeMetricFamily:
        words = "Seconds since a worker of the queue did what beat asks for; +Inf for never."
        family = GaugeMetricFamily("misto_tick_age_seconds", words, labels=("queue",))
        for queue, last in ticks.last_ticks().items():
            family.add_metric((queue,), self._age(last) if last else float("inf"))
        return family

    def _age(self, since: datetime) -> float:
        return max(0.0, (self._at - since).total_seconds())


class MachineCollector(Collector):
    """The disks, and what runs here. Asks no database."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families of metrics."""
        free = GaugeMetricFamily("misto_disk_free_bytes", "Bytes that the service may still write.", labels=("place",))
        size = GaugeMetricFamily("misto_disk_size_bytes", "Size of the disk.", labels=("place",))
        inodes = GaugeMetricFamily("misto_disk_free_inodes", "Files that may still be made.", labels=("place",))
        for place, path in places().items():
            if not path.exists():
                continue
            usage, about = shutil.disk_usage(path), statvfs(path)
            free.add_metric((place,), usage.free)
            size.add_metric((place,), usage.total)
            inodes.add_metric((place,), about.f_favail)
        yield from (free, size, inodes)
        words = {"version": version(), "python": platform.python_version(), "django": django.get_version()}
        info = GaugeMetricFamily("misto_build_info", "What runs here; always 1.", labels=tuple(words))
        info.add_metric(tuple(words.values()), 1)
        yield info


def places() -> dict[str, Path]:
    """Folders that the service writes into: their names in figures, and where they are."""
    return {"var": Path(settings.VAR_DIR), "media": Path(settings.MEDIA_ROOT)}


@cache
def version() -> str:
    """Of this release."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words)
    family.add_metric((), value)
    return family
