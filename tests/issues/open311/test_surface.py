"""Every operation in both formats, with whatever fits it and whatever does not: no fault of ours, and each answer is
what its schema says, errors in the form of GeoReport.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import Phase, given
from hypothesis import settings as looking
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from issues.models import Issue
from issues.open311 import urls
from issues.open311.sending import token_for
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.issues.conftest import ask_where
from tests.issues.open311.checked import look_at
from tests.issues.open311.contract import document, written

COMMITTED = Path(settings.BASE_DIR) / "docs" / "open311-openapi.json"
SURFACE = schemathesis.openapi.from_dict(document())
SURFACE.app = get_wsgi_application()
OPERATIONS: dict[str, Any] = {one.ok().label: one.ok() for one in cast("Any", SURFACE.get_all_operations())}
# What leads to something: in the place of what was generated, most of the time.
KNOWN: dict[str, Any] = {"community": "yavoryn", "number": "1", "code": "roads"}
LIKELY: dict[str, Any] = {
    "service_code": "roads", "service_request_id": "1", "description": "Яма на переході.", "lat": 49.2227,
    "long": 28.4627, "attribute[where]": "yard", "status": "CLOSED", "start_date": "2026-11-01", "page": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _connection_stays() -> Iterator[None]:
    """The end of a request closes no connection: the test's transaction lives on it, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def busy_key(issue: Issue, city: City, settings: Any) -> str:
    """A key of Яворинавтодор, which has a report, to send and to answer; nobody asks too much."""
    ask_where(city)
    KNOWN["token"] = token_for(issue.number, city.community)
    settings.ALLOWED_HOSTS = ["*"]
    client = ApiClient.objects.create(
        community=city.community, organisation=city.road_service, per_minute=5000, per_day=100_000
    )
    scopes = [ApiKey.Scope.REPORTS, ApiKey.Scope.ANSWERS]
    return make_key(client=client, name="усе", scopes=scopes, by=None, at=NOW)[1]


def led(case: Any, *, form: str, key: str, likely: frozenset[str]) -> Any:
    """The case with parts of its path, its key, and some of its parameters that lead to something."""
    case.path_parameters = {**(case.path_parameters or {}), **({**KNOWN} if key else {}), "form": form}
    if isinstance(case.body, dict) and key:
        case.body |= {"api_key": key} | {name: LIKELY[name] for name in likely}
    elif case.method == "GET" and isinstance(case.query, dict):
        told = {one["name"] for one in case.operation.definition.raw["parameters"] if one["in"] == "query"}
        case.query |= {name: LIKELY[name] for name in likely & told}
    return case


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_call_breaks_and_each_answer_fits(busy_key: str, label: str, form: str, mode: GenerationMode) -> None:
    cases = OPERATIONS[label].as_strategy(generation_mode=mode)
    statuses: set[int] = set()

    # Without making a failure smaller, which would take minutes.
    @looking(max_examples=12, phases=[Phase.explicit, Phase.generate])
    @given(cases, st.integers(0, 9), st.frozensets(st.sampled_from(sorted(LIKELY))))
    def ask(case: Any, luck: int, likely: frozenset[str]) -> None:
        with rolled_back():
            led(case, form=form, key=busy_key if luck else "", likely=likely)
            answer = case.call(base_url="http://testserver", headers={"Accept-Encoding": "identity"})
        statuses.add(answer.status_code)
        assert answer.status_code < 500, case.as_curl_command()
        kind = answer.headers["content-type"][0]
        path = unquote(case.formatted_path)
        told = look_at(case.method, path, status=answer.status_code, content_type=kind, body=answer.content)
        assert told is not None or answer.status_code == 404, "no call at all, or one that is looked at"

    ask()
    assert statuses


def test_every_call_stands_in_the_document() -> None:
    """Those that have an address of their own: discovery answers at three."""
    named = {pattern.name for pattern in urls.urlpatterns} - {"open311_home", "open311_discovery"}
    assert len(named) == len(document()["paths"])


def test_document_is_committed_as_it_is_made() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == written()
    assert json.loads(written())["openapi"] == "3.1.0"
