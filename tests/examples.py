"""Examples that leave no trace: hypothesis tries many inside one test."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def rolled_back() -> Iterator[None]:
    """Whatever the block writes into the database is undone when it ends."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
