"""What the workers do for the map, by beat."""

import logging

from celery import shared_task
from django.db import connection
from django.utils import timezone

from geodata import cell_checks, cells

log = logging.getLogger(__name__)
MUCH = 20_000  # folded deltas after which the table is cleaned at once: it is read by every map


@shared_task(name="geodata.tasks.fold_cells")
def fold_cells() -> int:
    """Folds what writers told of since the last time into the counts per square; returns how much."""
    folded = cells.fold_all()
    if folded >= MUCH and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM geodata_cell_delta")
    return folded


@shared_task(name="geodata.tasks.check_cells")
def check_cells() -> int:
    """Compares the counts of every community with its rows and repairs them; returns how many squares were wrong."""
    return cell_checks.check_all(at=timezone.now())
