"""What the tests of large installations share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scale.service import short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short folder for sockets and logs."""
    with short_folder() as path:
        yield path
