"""docs/channels.md: its examples are what is sent and taken, and its verifiers verify."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.models import OutboxMessage
from core.signing import sign
from issues.letter_data import KINDS
from issues.models import Issue
from issues.states import State
from routing.bodies import answer_in, message_of
from routing.models import Answer
from tests.conftest import NOW

PAGE = (Path(__file__).parent.parent.parent / "docs" / "channels.md").read_text()
BODY = '{"text": "Яма"}'.encode()


def block(name: str) -> str:
    found = re.search(rf"^```{name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def shape(value: Any) -> Any:
    """Names of parts and kinds of values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def test_example_of_a_message_has_the_parts_of_a_real_one(issue: Issue) -> None:
    message = OutboxMessage.objects.get(audience="organisation")
    real = message_of(message.payload, message.key)
    told = json.loads(block("json message"))
    assert shape({**told, "photos": []}) == shape({**real, "photos": []})


def test_every_part_and_state_and_kind_of_news_is_described(issue: Issue) -> None:
    described = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert set(json.loads(block("json message"))) <= described
    assert set(State.values) <= described
    assert described >= KINDS


def test_example_of_an_answer_is_taken(issue: Issue) -> None:
    named = answer_in(block("json answer").encode())
    assert (named.report, named.incoming.do) == (issue.number, "finish")
    described = set(re.findall(r"`([a-z_]+)`", PAGE))
    assert set(Answer.Do.values) | set(Answer.Outcome.values) <= described


def python_says(headers: dict[str, str], body: bytes, secret: str, at: datetime, _folder: Path) -> bool:
    names: dict[str, Any] = {}
    exec(block("python verifier"), names)
    return bool(names["verify"](body, headers, secret, at.timestamp()))


def shell_says(headers: dict[str, str], body: bytes, secret: str, at: datetime, folder: Path) -> bool:
    (folder / "body.json").write_bytes(body)
    (folder / "date").write_text(f"#!/bin/sh\necho {int(at.timestamp())}\n")
    (folder / "date").chmod(0o700)
    given = {"MOMENT": headers["Misto-Time"], "SIGNATURE": headers["Misto-Signature"], "SECRET": secret}
    path = {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", block("sh verifier")], cwd=folder, env=given | path, check=False)
    return done.returncode == 0


@pytest.mark.parametrize("verifier", [python_says, shell_says])
def test_verifier_of_the_page_takes_ours_and_refuses_others(verifier: Callable[..., bool], tmp_path: Path) -> None:
    headers = sign(BODY, secrets=["new", "old"], at=NOW)
    for secret in ("new", "old"):
        assert verifier(headers, BODY, secret, NOW, tmp_path)
    assert not verifier(headers, BODY, "another", NOW, tmp_path)
    assert not verifier(headers, BODY + b" ", "new", NOW, tmp_path)
    assert not verifier(headers, BODY, "new", NOW + timedelta(minutes=6), tmp_path)
    assert not verifier(headers, BODY, "new", NOW - timedelta(minutes=6), tmp_path)
