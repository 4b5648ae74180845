"""docs/webhooks.md says what is really sent, names every event, and its verifier works."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from core.outbox import send_due
from issues.models import Issue
from issues.moves import move_by_organisation
from issues.states import State
from notifications.hook_kinds import names
from routing.models import Delivery
from tests.notifications.conftest import Hook

PAGE = (Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text(encoding="utf-8")


def block(marker: str, language: str) -> str:
    """The block of code after the comment that begins so."""
    found = re.search(rf"<!-- {marker}:.*?-->\n```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def shape(value: Any) -> Any:
    """Members and kinds of values, all the way down."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value[:1]] if isinstance(value, list) else type(value).__name__


def test_example_is_what_is_sent_and_the_verifier_takes_it(hook: Hook, issue: Issue, now: datetime) -> None:
    theirs = Delivery.objects.select_related("organisation", "subject").get(subject=issue.subject)
    move_by_organisation(delivery=theirs, to=State.DONE, text="Яму залатали.", at=now)
    send_due(clock=lambda: now)
    sent = hook.told()[-1]
    example = json.loads(block("example", "json"))
    assert shape(example) == shape(sent)
    assert example["event"] == sent["event"]

    written: dict[str, Any] = {}
    exec(block("verifier", "python"), written)  # it is for others to copy, so it must work as it stands
    is_genuine: Callable[..., bool] = written["is_genuine"]
    message = hook.receiver.taken[-1]
    assert is_genuine(message.body, message.headers, hook.secret)
    assert not is_genuine(message.body + b" ", message.headers, hook.secret)
    assert not is_genuine(message.body, message.headers, "another")


def test_every_event_is_documented() -> None:
    assert set(re.findall(r"^\| `(report\.[a-z_]+)` \|", PAGE, re.MULTILINE)) == {
        name for name in names() if name.startswith("report.")
    }
