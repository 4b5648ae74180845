"""Figures of the outbox for Prometheus: read from the database when it asks, in a handful of statements."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
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
    token = settings.METRICS_TOKEN
    shown = request.headers.get("Authorization", "")
    if not token or not constant_time_compare(shown, f"Bearer {token}"):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OutboxCollector(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
