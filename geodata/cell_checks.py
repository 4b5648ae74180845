"""The nightly check of the counts per square: what was wrong is repaired, told to the log, and kept for the staff."""

import logging
from datetime import datetime, timedelta

from django_scopes import scopes_disabled

from geodata.layers import all_layers
from geodata.models import CellCheck, Community
from geodata.recount import check, communities_counted

log = logging.getLogger(__name__)
KEPT = timedelta(days=90)


def check_all(*, at: datetime) -> int:
    """Checks every counted layer of every community, one by one; returns how many squares were wrong.

    Must not be called inside a transaction.
    """
    wrong = 0
    for layer in all_layers():
        if layer.counted is None:
            continue
        known = set(Community.objects.values_list("pk", flat=True))
        for community_id in communities_counted(layer.counted):
            found = check(layer.counted, community_id, repair=True)
            if not found.is_exact:
                log.error("Cells of %s in community %s were wrong and are rebuilt: %s", layer.name, community_id, found)
                wrong += found.wrong + found.wrong_months
            if community_id in known:
                keep_check(
                    layer.name, community_id, found.cells + found.month_cells, found.wrong + found.wrong_months, at
                )
    with scopes_disabled():
        CellCheck.objects.filter(at__lt=at - KEPT).delete()
    return wrong


def keep_check(name: str, community_id: int, rows: int, wrong: int, at: datetime) -> None:
    """Keeps how many counts of what is called `name` were compared, and how many were wrong."""
    with scopes_disabled():
        CellCheck.objects.create(community_id=community_id, layer=name, at=at, squares=rows, wrong=wrong)
