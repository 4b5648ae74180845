"""Every operation of the contract, with whatever fits it and whatever does not: no fault of ours, and answers are what
the contract says. New operations are asked by themselves: they stand in the contract.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
import time_machine
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as looking
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from api.problems import PROBLEM_JSON
from core.tokens import secret_of
from geodata.models import Community
from issues.actions import author_token
from issues.models import Issue
from media.actions import attach, keep_draft
from media.drafts import key_for
from media.models import Photo
from routing.models import Asset, Register
from tests.conftest import City
from tests.examples import rolled_back
from tests.grid import Town
from tests.photos import jpeg, upload
from works.actions import announce
from works.models import Work

CONTRACT = json.loads((Path(settings.BASE_DIR) / "docs" / "openapi.json").read_bytes())
SURFACE = schemathesis.openapi.from_dict(CONTRACT)
SURFACE.app = get_wsgi_application()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS: dict[str, Any] = {one.ok().label: one.ok() for one in cast("Any", SURFACE.get_all_operations())}
WITH_A_KEY = [label for label, one in OPERATIONS.items() if {} not in one.definition.raw["security"]]
# What leads to something: in the place of what was generated, most of the time.
KNOWN: dict[str, Any] = {"community": "yavoryn", "number": 1, "code": "lamps", "table": "months"}
# Parts of paths that lead nowhere, but are of the right kind: whatever a new operation names needs one.
SHAPED: dict[str, Any] = {
    "hook": "9869be64-e61d-435c-a200-dd5e2d6d3e56",
    "message": 1,
    "work": 1,
    "area": 1,
    "photo": "9869be64-e61d-435c-a200-dd5e2d6d3e56",
    "photo_key": "made-up",
}
LIKELY: dict[str, Any] = {"lat": 49.2227, "lon": 28.4627, "category": "roads", "q": "Соборна", "bbox": "28,49,29,50"}


@pytest.fixture(autouse=True)
def _connection_stays() -> Iterator[None]:
    """The end of a request closes no connection: the test's transaction lives on it, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def busy(issue: Issue, city: City, town: Town, now: datetime, settings: Any) -> Community:
    """Яворин with a report, works and a register on the map; nobody asks too much."""
    settings.API_READS_PER_MINUTE = 1_000_000
    settings.ALLOWED_HOSTS = ["*"]
    announce(Work(community=city.community, name="Ремонт", geometry=town["p"], starts_at=now), is_shown=True, at=now)
    lamps = Register.objects.create(
        community=city.community, code="lamps", name="Ліхтарі", kind="lamps", is_on_map=True, map_day=now.date()
    )
    Asset.objects.create(
        community=city.community, register=lamps, key="1", name="Ліхтар", geometry=town["p"], valid_from=now.date()
    )
    KNOWN["work"] = Work.objects.get().pk
    KNOWN["area"] = city.zarichchia.pk
    return city.community


@pytest.fixture
def lets_in(busy: Community, issue: Issue, city: City, now: datetime) -> Iterator[dict[str, str]]:
    """Headers of the program of Яворинавтодор, who have the report, as its author; a photo waits, and one was sent.

    No right to webhooks: their addresses would be looked up in the world.
    """
    client = ApiClient.objects.create(
        community=busy, organisation=city.road_service, per_minute=100_000, per_day=100_000_000
    )  # fmt: skip
    scopes = [ApiKey.Scope.REPORTS, ApiKey.Scope.ANSWERS]
    secret = make_key(client=client, name="x", scopes=scopes, by=None, at=now)[1]
    with time_machine.travel(now + timedelta(hours=2), tick=False):
        waiting, sent = (
            keep_draft(community=busy, file=upload(jpeg()), name="яма.jpg", at=timezone.now()) for _turn in range(2)
        )
        attach(photos=[sent], subject=issue.subject, role=Photo.Role.PROBLEM, at=timezone.now())
        KNOWN["photo_key"], KNOWN["photo"] = key_for(waiting), str(sent.pk)
        yield {"Authorization": f"Bearer {secret}", "Author-Token": secret_of(author_token(issue))}
    del KNOWN["photo_key"], KNOWN["photo"]


def led(case: Any, *, is_known: bool, likely: frozenset[str]) -> Any:
    """The case with parts of its path, and some of its parameters, that lead to something."""
    if is_known:
        for name in set(case.path_parameters or {}) & set(KNOWN):
            case.path_parameters[name] = KNOWN[name]
    told = {one["name"] for one in case.operation.definition.raw.get("parameters", ())}
    for name in likely & told:
        case.query[name] = LIKELY[name]
    return case


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_operation_breaks_and_each_keeps_its_contract(busy: Community, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]
    try:
        cases = operation.as_strategy(generation_mode=mode)
        cases.validate()
    except Exception as nothing:  # noqa: BLE001  hypothesis has no one name for “nothing can be wrong here”
        why = f"{label} takes nothing that could be {mode.value} ({type(nothing).__name__})"
        pytest.skip(f"{why}: narrow the schema of a parameter, and it is asked")

    @looking(max_examples=12)
    @given(cases, st.integers(0, 9), st.frozensets(st.sampled_from(sorted(LIKELY))))
    def ask(case: Any, luck: int, likely: frozenset[str]) -> None:
        with rolled_back():
            case = led(case, is_known=luck > 0, likely=likely)
            plain = {"Accept-Encoding": "identity"}  # this client reads nothing that is compressed
            case.call_and_validate(base_url="http://testserver", headers=plain, checks=CHECKS)

    ask()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("label", sorted(label for label in WITH_A_KEY if "/webhooks/" not in label))
def test_no_operation_breaks_for_who_may_do_it(lets_in: dict[str, str], label: str, mode: GenerationMode) -> None:
    """The same with a key and as the author: bodies reach what they ask for."""
    operation = OPERATIONS[label]

    @looking(max_examples=25)
    @given(operation.as_strategy(generation_mode=mode), st.frozensets(st.sampled_from(sorted(LIKELY))))
    def ask(case: Any, likely: frozenset[str]) -> None:
        with rolled_back():
            case = led(case, is_known=True, likely=likely)
            headers = lets_in | {"Accept-Encoding": "identity"}
            case.call_and_validate(base_url="http://testserver", headers=headers, checks=CHECKS)

    ask()


OPEN = [label for label, one in OPERATIONS.items() if label.startswith("GET ") and {} in one.definition.raw["security"]]


@pytest.mark.parametrize("label", sorted(OPEN))
def test_every_address_answers_who_asks_rightly(busy: Community, client: Any, label: str) -> None:
    path = label.removeprefix("GET ").format(**KNOWN)
    answer = client.get(path, LIKELY | {"q": "Ліхтар", "text": "яма"})
    assert answer.status_code == 200, answer.content.decode()[:500]
    assert answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("label", sorted(label for label in OPERATIONS if "{community}" in label))
def test_every_address_of_a_community_knows_no_other(client: Any, busy: Community, label: str) -> None:
    method, path = label.split(" ", 1)
    answer = client.generic(
        method, path.format(**(SHAPED | KNOWN | {"community": "nowhere"})), "{}", "application/json"
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PROBLEM_JSON)
