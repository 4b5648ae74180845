"""What docs/api.md shows is so."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from accounts.models import ApiKey
from api.problems import PROBLEM_JSON
from issues.models import Issue
from media.models import Photo
from tests.conftest import City
from tests.photos import jpeg, upload
from tests.programs import key_for

TEXT = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
ASKED = re.findall(r"^GET (/\S+)$(?!\n[A-Z][\w-]+:)", TEXT, re.MULTILINE)
WITH_A_KEY = re.findall(r"```http\n((?:GET|POST) \S+\nAuthorization: .*?)\n```", TEXT, re.DOTALL)


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
    shown = json.loads(example.replace("SITE", settings.SITE_URL))
    assert answer.json() == shown | {"request_id": answer.headers["X-Request-ID"]}


def test_examples_with_a_key_are_done_one_after_another(
    client: Client, issue: Issue, city: City, now: datetime
) -> None:
    """A report with a photo, what its author does, a neighbour, and the organisation that has the first report."""
    known = {"KEY": key_for(city.road_service, city.community, *ApiKey.Scope)}
    with time_machine.travel(now + timedelta(hours=3), tick=False):
        for example in WITH_A_KEY:
            answer = _ask(client, example, known)
            assert answer.status_code in {200, 201}, f"{example}\n{answer.content.decode()}"
            told = answer.json()
            known |= {name: told[member] for name, member in TOLD.items() if member in told}
    assert (Issue.objects.count(), Photo.objects.get().subject) == (2, Issue.objects.get(number=2).subject)
    assert {example.split()[1].split("/")[4] for example in WITH_A_KEY} == {"photos", "issues", "inbox"}


TOLD = {"TOKEN": "author_token", "PHOTO": "key"}  # name in the examples → member of an answer


def _ask(client: Client, example: str, known: dict[str, str]) -> Any:
    head, _blank, body = example.partition("\n\n")
    for name, value in known.items():
        head, body = re.sub(rf"\b{name}\b", value, head), re.sub(rf"\b{name}\b", value, body)
    asked, *lines = head.split("\n")
    method, path = asked.split()
    headers = dict(line.split(": ", 1) for line in lines)
    if headers.pop("Content-Type", "").startswith("multipart"):
        form = dict(line.split("=", 1) for line in body.split("\n"))
        return client.post(path, form | {"photo": upload(jpeg())}, headers=headers)
    return client.generic(method, path, body, "application/json", headers=headers)
