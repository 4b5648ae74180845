"""Figures for Prometheus: what processes counted, and what is read from the database in few statements when it asks."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_scopes import scopes_disabled
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.models import Lane, Stop, StopEverywhere, Way
from core.outbox_figures import Figures, figures, totals
from openmap import metric_files, process_figures
from openmap.state_figures import MachineCollector, StateCollector

log = logging.getLogger(__name__)

LABELS = ("lane", "channel")
GAUGES = {
    "waiting": "Messages that neither left nor were given up.",
    "due": "Messages whose moment has come, and that nobody is sending.",
    "sending": "Messages that are being sent.",
    "dead": "Dead letters that nobody decided about.",
    "sent_minute": "Messages that left in the last minute.",
    "failed_hour": "Tries that failed in the last hour.",
}


class OutboxCollector(Collector):
    """All communities together, by lane and channel. Every lane is there, so that silence is told from nought."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def collect(self) -> Iterator[Any]:
        """The families of metrics."""
        found = self._found()
        for name, words in GAUGES.items():
            family = GaugeMetricFamily(f"misto_outbox_{name}", words, labels=LABELS)
            for labels, row in found.items():
                family.add_metric(labels, getattr(row, name))
            yield family
        yield self._ages(found, "oldest_due", "Seconds since the message that is due longest could have left.")
        yield self._ages(found, "oldest_written", "Seconds since the oldest message that waits was written.")
        tries = CounterMetricFamily("misto_outbox_tries", "Tries that ended, by how.", labels=(*LABELS, "how"))
        for lane, channel, how, count in totals():
            tries.add_metric((lane, channel, how), count)
        yield tries
        yield self._stopped()
        yield self._down()

    def _found(self) -> dict[tuple[str, str], Figures]:
        found = {(lane.value, "email"): Figures() for lane in Lane}
        for place, row in figures(at=self._at).items():
            found.setdefault((place.lane.value, place.channel), Figures()).add(row)
        return found

    def _ages(self, found: dict[tuple[str, str], Figures], name: str, words: str) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"misto_outbox_{name}_seconds", words, labels=LABELS)
        for labels, row in found.items():
            since = getattr(row, f"{name}_at")
            family.add_metric(labels, (self._at - since).total_seconds() if since else 0)
        return family

    def _down(self) -> GaugeMetricFamily:
        words = "Seconds since a receiver could no longer be reached; everything for it waits."
        family = GaugeMetricFamily("misto_outbox_down_seconds", words, labels=("channel", "host"))
        for way in Way.objects.filter(failures__gte=Way.DOWN_AFTER):
            family.add_metric((way.channel, way.host), (self._at - way.failing_since).total_seconds())
        return family

    def _stopped(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("misto_outbox_stopped", "Pauses that hold a lane.", labels=("lane", "where"))
        with scopes_disabled():
            here = list(Stop.objects.values_list("lane", flat=True))
        everywhere = list(StopEverywhere.objects.values_list("lane", flat=True))
        for lane in Lane:
            family.add_metric((lane.value, "everywhere"), everywhere.count(lane))
            family.add_metric((lane.value, "community"), here.count(lane))
        return family


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Raises Http404 for whoever does not show the token, and always when none is set."""
    if not shows_token(request.headers.get("Authorization", "")):
        raise Http404
    at = timezone.now()
    return HttpResponse(written(OutboxCollector(at), StateCollector(at)), content_type=CONTENT_TYPE_LATEST)


def shows_token(authorization: str) -> bool:
    """Whether that header opens the figures; False always when no token is set."""
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(authorization, f"Bearer {token}")


def written(*of_the_database: Collector) -> bytes:
    """Everything in the text format. Without a database what the processes counted is still told."""
    families: list[Any] = [*MachineCollector().collect()]
    process_figures.part.look_at_pool()
    families += metric_files.collected() if metric_files.is_on() else process_figures.REGISTRY.collect()
    if of_the_database:
        up = GaugeMetricFamily("misto_database_up", "Whether the database answers.")
        try:
            families += [family for one in of_the_database for family in one.collect()]
            up.add_metric((), 1)
        except DatabaseError as error:
            log.warning("The figures of the database are missing: %s", error)
            up.add_metric((), 0)
        families.append(up)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(families))
    return generate_latest(registry)


class _Ready(Collector):
    """Families that are already there."""

    def __init__(self, families: list[Any]) -> None:
        self._families = families

    def collect(self) -> Iterator[Any]:
        """As they are."""
        return iter(self._families)
