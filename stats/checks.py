"""The nightly check of the counts over time: what was wrong is repaired, told to the log, and kept for the staff."""

import logging
from datetime import datetime

from django.db import DatabaseError

from core.counters import all_counters
from geodata.cell_checks import keep_check
from geodata.models import Community
from stats.recount import check, communities_counted

log = logging.getLogger(__name__)


def check_all(*, at: datetime) -> int:
    """Checks the statistics of every community, one by one; returns how many rows were wrong.

    Must not be called inside a transaction.
    """
    wrong = 0
    known = set(Community.objects.values_list("pk", flat=True))
    for counters in all_counters():
        for community_id in communities_counted(counters):
            try:
                found = check(counters, community_id, repair=True)
            except DatabaseError:  # the others are checked all the same
                log.exception("Statistics of %s in community %s could not be checked", counters.name, community_id)
                continue
            if found.wrong:
                log.error("Statistics of %s in community %s were wrong: %s", counters.name, community_id, found)
            wrong += found.wrong
            if community_id in known:
                keep_check(f"{counters.name} over time", community_id, found.rows, found.wrong, at)
    return wrong
