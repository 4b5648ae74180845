"""What each process counts of itself for Prometheus: requests, tasks, connections to the database.

docs/monitoring.md lists every figure. Their labels are names of our own code: routes, tasks, parts.
"""

import os
import time
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
LONG_BUCKETS: Final = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
POOL_EVERY: Final = 5.0  # seconds between two looks at the pool
REGISTRY = CollectorRegistry()
disable_created_metrics()  # a part tells when it began
POOL_COUNTERS: Final = {"requests_queued": "waited", "requests_errors": "errors"}


@dataclass(frozen=True, slots=True)
class Families:
    """Made when the first is counted: by then the process knows whether it counts in files."""

    requests: Counter
    request_seconds: Histogram
    in_progress: Gauge
    tasks: Counter
    task_seconds: Histogram
    pool: Gauge
    pool_events: Counter
    pool_wait_seconds: Counter
    started: Gauge
    replica: Gauge


@cache
def families() -> Families:
    """Those of this process."""

    def gauge(name: str, words: str, *labels: str, mode: Any = "livesum") -> Gauge:
        return Gauge(name, words, labels, registry=REGISTRY, multiprocess_mode=mode)

    def counter(name: str, words: str, *labels: str) -> Counter:
        return Counter(name, words, labels, registry=REGISTRY)

    def histogram(name: str, words: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, words, labels, registry=REGISTRY, buckets=buckets)

    return Families(
        requests=counter("misto_requests", "Requests that were answered.", "route", "method", "status"),
        request_seconds=histogram(
            "misto_request_duration_seconds", "Time from a request to its answer.", "route", "method", buckets=BUCKETS
        ),
        in_progress=gauge("misto_requests_in_progress", "Requests that are being answered.", "part"),
        tasks=counter("misto_tasks", "Tasks of the workers that ended, by how.", "task", "outcome"),
        task_seconds=histogram(
            "misto_task_duration_seconds", "Time that tasks of the workers took.", "task", buckets=LONG_BUCKETS
        ),
        pool=gauge(
            "misto_db_pool", "Connections of the pools: size, available, max; waiting: threads.", "part", "what"
        ),
        pool_events=counter(
            "misto_db_pool_requests", "Threads that waited for a connection, or got none.", "part", "how"
        ),
        pool_wait_seconds=counter("misto_db_pool_wait_seconds", "Time that threads waited for connections.", "part"),
        started=gauge("misto_start_time_seconds", "When the part began, in Unix time.", "part", mode="max"),
        replica=gauge("misto_replica_read", "1: the replica is read; 0: one process does not.", "part", mode="livemin"),
    )


class Part:
    """What this process is, and when it last looked at its pool."""

    name = "web"

    def __init__(self) -> None:
        self._lock, self._looked_at, self._before, self._pid = Lock(), 0.0, dict[str, float](), 0

    def begins(self, name: str) -> None:
        """The part is called so; it has just begun."""
        self.name = name
        families().started.labels(name).set(time.time())

    def look_at_pool(self) -> None:
        """Notes how the pool of this process is, at most every POOL_EVERY seconds."""
        if time.monotonic() - self._looked_at < POOL_EVERY or not self._lock.acquire(blocking=False):
            return
        try:
            self._looked_at = time.monotonic()
            self._note(pool_stats())
        finally:
            self._lock.release()

    def _note(self, stats: dict[str, float]) -> None:
        if self._pid != os.getpid():  # after a fork the pool is another one
            self._before, self._pid = {}, os.getpid()
        if not stats:
            return
        made, before = families(), self._before
        for key, what in (("pool_size", "size"), ("pool_available", "available"), ("pool_max", "max")):
            made.pool.labels(self.name, what).set(stats.get(key, 0))
        made.pool.labels(self.name, "waiting").set(stats.get("requests_waiting", 0))
        for key, how in POOL_COUNTERS.items():
            made.pool_events.labels(self.name, how).inc(max(0.0, stats.get(key, 0) - before.get(key, 0)))
        waited = stats.get("requests_wait_ms", 0) - before.get("requests_wait_ms", 0)
        made.pool_wait_seconds.labels(self.name).inc(max(0.0, waited / 1000))
        self._before = stats


def pool_stats() -> dict[str, float]:
    """Of the pool of this process, as psycopg_pool counts; empty when it has none, or none yet."""
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    pool = wrapper._connection_pools.get(wrapper.alias)
    return dict(pool.get_stats()) if pool is not None else {}


part = Part()


def count_request(*, route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered."""
    made = families()
    made.requests.labels(route, method, f"{status // 100}xx").inc()
    made.request_seconds.labels(route, method).observe(seconds)
    part.look_at_pool()


def count_task(*, task: str, outcome: str, seconds: float) -> None:
    """A task ended."""
    made = families()
    made.tasks.labels(task, outcome).inc()
    made.task_seconds.labels(task).observe(seconds)
    part.look_at_pool()
