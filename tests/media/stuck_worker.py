"""A worker that claims a photo and then hangs: tests start it as a process of its own and kill it.

    python -m tests.media.stuck_worker before|after  <moment in ISO 8601>

"before": hangs while it cleans; "after": hangs with both files written and nothing published. Says "stuck" there.
"""

import sys
import time
from datetime import datetime
from typing import Any
from unittest import mock

import django


def hang(*args: Any, **kwargs: Any) -> None:
    """Says so and never comes back."""
    sys.stdout.write("stuck\n")
    sys.stdout.flush()
    time.sleep(600)


def main(when: str, moment: str) -> None:
    """Cleans waiting photos and stops for good at the chosen point."""
    django.setup()
    from media import actions

    place = "clean" if when == "before" else "_show"
    with mock.patch.object(actions, place, hang):
        actions.clean_waiting(at=datetime.fromisoformat(moment))


if __name__ == "__main__":
    main(*sys.argv[1:])
