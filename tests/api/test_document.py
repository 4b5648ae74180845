"""What docs/api.md shows is so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from api.problems import PROBLEM_JSON
from issues.models import Issue

TEXT = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
ASKED = re.findall(r"^GET (/\S+)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("address", ASKED)
def test_example_is_answered(client: Client, issue: Issue, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:300]


def test_examples_ask_every_kind_of_thing() -> None:
    contract: dict[str, Any] = json.loads((Path(settings.BASE_DIR) / "docs" / "openapi.json").read_bytes())
    reads = [operation["get"] for operation in contract["paths"].values() if "get" in operation]
    nouns = {read["tags"][0] for read in reads if {} in read["security"]}  # what anybody may read
    shown = {part for address in ASKED for part in address.partition("?")[0].split("/")}
    assert nouns - {"start"} <= shown


def test_problem_is_as_it_is_shown(client: Client, issue: Issue) -> None:
    [example] = re.findall(r"```json\n(\{.+?\n\})\n```", TEXT, re.DOTALL)
    answer = client.get("/api/v1/yavoryn/issues/?bbox=nothing&language=en")
    assert answer.headers["Content-Type"] == PROBLEM_JSON
    assert answer.json() == json.loads(example.replace("SITE", settings.SITE_URL))
