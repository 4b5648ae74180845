"""Updates that the system of an organisation sends become its answers, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey
from issues.models import Issue
from routing.models import Answer
from tests.conftest import NOW, City
from tests.issues.open311 import schemas
from tests.issues.open311.conftest import API, ask, errors_of, tree_of
from tests.issues.open311.schemas import fits


def post(client: Client, key: str, *, expect: int = 200, **given: Any) -> Any:
    update = {"api_key": key, "service_request_id": "1", "status": "OPEN", "description": "Приїдемо завтра."}
    answer = client.post(f"{API}/servicerequestupdates.json", update | given)
    assert answer.status_code == expect, answer.content.decode()
    return answer.json()


def state_of(issue: Issue) -> str:
    issue.refresh_from_db()
    return issue.state


def test_words_and_moves_become_what_everybody_reads(issue: Issue, client: Client, road_key: str) -> None:
    first = post(client, road_key, update_id="u1")
    post(client, road_key, update_id="u2", status="CLOSED", description="Залатали.")
    assert state_of(issue) == "done"
    told = fits(ask(client, "servicerequestupdates"), schemas.UPDATES)
    assert [(one["status"], one["description"]) for one in told] == [
        ("open", "Приїдемо завтра."), ("closed", "Залатали.")
    ]  # fmt: skip
    assert told[0]["update_id"] == first[0]["update_id"]


def test_same_update_again_and_an_older_one_move_nothing(issue: Issue, client: Client, road_key: str) -> None:
    when = (NOW + timedelta(hours=5)).isoformat()
    for _turn in range(2):
        post(client, road_key, update_id="u2", status="CLOSED", description="Залатали.", updated_datetime=when)
    earlier = (NOW + timedelta(hours=4)).isoformat()
    post(client, road_key, update_id="u1", status="IN_PROGRESS", description="Почали.", updated_datetime=earlier)
    assert state_of(issue) == "done"
    assert Answer.objects.count() == 2
    for _turn in range(2):
        post(client, road_key, description="Без номера.", updated_datetime=when)
    assert Answer.objects.count() == 3


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("INVESTIGATING", "accepted"),
        ("in progress", "in_progress"),
        ("FIXED", "done"),
        ("NO_FURTHER_ACTION", "rejected"),
    ],
)
def test_statuses_of_fixmystreet_are_moves(
    issue: Issue, client: Client, road_key: str, status: str, state: str
) -> None:
    post(client, road_key, status=status)
    assert state_of(issue) == state


def test_not_ours_hands_the_report_on(issue: Issue, client: Client, road_key: str) -> None:
    post(client, road_key, status="NOT_COUNCILS_RESPONSIBILITY", description="Це двір.")
    told = post(client, road_key, expect=400, update_id="later")
    assert "service_request_id" in errors_of(fits(told, schemas.ERRORS))


def test_only_who_has_the_report_answers_it(
    city: City, issue: Issue, client: Client, api_key: str, road_key: str
) -> None:
    other = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
    _key, secret = make_key(client=other, name="облік", scopes=[ApiKey.Scope.ANSWERS], by=None, at=NOW)
    post(client, secret, expect=404)
    post(client, api_key, expect=403)
    post(client, "", expect=403)
    post(client, road_key, expect=404, service_request_id="77")
    assert not Answer.objects.exists()


def test_what_cannot_be_taken_is_said(issue: Issue, client: Client, road_key: str) -> None:
    for given, about in (
        ({"status": "CLOSED", "description": ""}, "description"),
        ({"updated_datetime": "вчора"}, "updated_datetime"),
        ({"update_id": "x" * 300}, "update_id"),
        ({"description": "я" * 5000}, "description"),
    ):
        assert about in errors_of(fits(post(client, road_key, expect=400, **given), schemas.ERRORS))


def test_fixmystreet_reads_the_number_of_its_update(issue: Issue, client: Client, road_key: str) -> None:
    given = {
        "jurisdiction_id": "yavoryn", "api_key": road_key, "service_request_id": "1", "status": "OPEN",
        "updated_datetime": "2026-11-20T09:00:00+02:00", "description": "Приїдемо завтра.", "update_id": "123",
        "first_name": "Bob", "last_name": "-", "email": "bob@example.org",
    }  # fmt: skip
    tree = tree_of(client.post(f"{API}/servicerequestupdates.xml", given))
    assert tree.tag == "service_request_updates"
    assert tree.findtext("request_update/update_id")
