"""What the service's own handler writes, line by line, as an installation has it: JSON."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openmap.logs import MaskSecrets, formatter


class Lines(io.StringIO):
    """The log of a test."""

    def told(self, event: str | None = None) -> list[dict[str, Any]]:
        """Every line as an object, or those of one event."""
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in found if event in {None, line["event"]}]


@contextmanager
def logged(level: int = logging.DEBUG) -> Iterator[Lines]:
    """Everything from that level on that is written while the block lasts."""
    root, written = logging.getLogger(), Lines()
    (handler,) = [
        found
        for found in root.handlers
        if isinstance(found, logging.StreamHandler) and any(isinstance(one, MaskSecrets) for one in found.filters)
    ]
    before = handler.setStream(written), handler.formatter, root.level
    handler.setFormatter(formatter("json"))
    root.setLevel(level)
    try:
        yield written
    finally:
        handler.setStream(before[0])
        handler.setFormatter(before[1])
        root.setLevel(before[2])
