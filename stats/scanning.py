"""Looks for clusters in space and time every night, and keeps what was found for the pages."""

import logging
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import DatabaseError, transaction
from django_scopes import scope, scopes_disabled

from core.counters import Counters, all_counters
from geodata.models import Community
from stats.asking import ask
from stats.case_arrays import opened_between
from stats.flat import Flat, flat_of
from stats.hotspots import DAYS, FEWEST_CASES, Cluster, scan
from stats.models import ClusterScan

log = logging.getLogger(__name__)
MOST_KINDS = 12  # categories that are looked at each by itself: the most frequent ones

_KINDS = """
SELECT category, count(*) FROM stats_case WHERE source = %s AND community = %s AND opened >= %s AND opened < %s
GROUP BY category HAVING count(*) >= %s ORDER BY count(*) DESC, category LIMIT %s
"""


def scan_where_a_day_began(*, at: datetime) -> int:
    """Scans each community that was not scanned on its own day yet; returns how many."""
    with scopes_disabled():
        communities = list(Community.objects.defer("boundary").order_by("pk"))
    scanned = 0
    for community in communities:
        with scope(community=community):
            today = community.day_of(at)
            if not ClusterScan.objects.filter(community=community, until=today).exists():
                scanned += _scanned(community, at=at)
    return scanned


def _scanned(community: Community, *, at: datetime) -> bool:
    """Whether anything was looked at. What goes wrong is told to the log, and the others are scanned all the same."""
    try:
        return sum(scan_community(counters, community, at=at) for counters in all_counters()) > 0
    except (DatabaseError, MemoryError):
        log.exception("Clusters of community %s could not be looked for", community.pk)
        return False


def scan_community(counters: Counters, community: Community, *, at: datetime) -> bool:
    """Replaces what is kept by the clusters of the last DAYS full days; False where nothing happened in them.

    Call it inside the scope.
    """
    until = community.day_of(at)
    since = until - timedelta(days=DAYS)
    kinds = _kinds(counters, community, since, until)
    found = [_scan(counters, community, since=since, until=until, category=kind, at=at) for kind in (None, *kinds)]
    kept = [one for one in found if one.cases + one.left_out]
    with transaction.atomic():
        ClusterScan.objects.filter(community=community, source=counters.number).delete()
        ClusterScan.objects.bulk_create(kept)
    return bool(kept)


def _kinds(counters: Counters, community: Community, since: date, until: date) -> list[int]:
    rows = ask(_KINDS, counters.number, community.pk, since, until, FEWEST_CASES, MOST_KINDS)
    return [category for category, _many in rows]


def _scan(
    counters: Counters, community: Community, *, since: date, until: date, category: int | None, at: datetime
) -> ClusterScan:
    opened = opened_between(counters, community.pk, since=since, until=until, category=category)
    flat = flat_of(community)
    clusters = scan(*flat.metres(opened.lon, opened.lat), opened.day, days=DAYS)
    return ClusterScan(
        community=community,
        source=counters.number,
        category_id=category,
        since=since,
        until=until,
        cases=len(opened.day),
        left_out=opened.left_out,
        clusters=[_told(one, flat, since) for one in clusters],
        computed_at=at,
    )


def _told(one: Cluster, flat: Flat, since: date) -> dict[str, Any]:
    lon, lat = flat.degrees(one.x, one.y)
    return {
        "lon": round(float(lon), 6),
        "lat": round(float(lat), 6),
        "radius": one.radius,
        "since": (since + timedelta(days=one.first)).isoformat(),
        "until": (since + timedelta(days=one.after - 1)).isoformat(),
        "observed": one.observed,
        "expected": round(one.expected, 2),
        "surprise": round(one.surprise, 3),
        "p": float(np.round(one.p, 4)),
    }
