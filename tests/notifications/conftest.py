"""The clock of the pages, and the day after a report."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine


@pytest.fixture(autouse=True)
def _clock_of_the_pages(now: datetime) -> Iterator[None]:
    """Pages read the clock themselves: for them it is the day of the report."""
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def later(now: datetime) -> datetime:
    """The next day, Friday, 10:00 in Kyiv."""
    return now + timedelta(days=1)
