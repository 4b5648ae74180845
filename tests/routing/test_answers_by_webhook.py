"""Systems of organisations post their answers; a stranger's post changes nothing, and each mistake is told."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from core.signing import sign
from issues.models import Issue, IssueEvent
from issues.moves import not_ours
from issues.states import State
from routing.channel_secrets import end_former, give_secret, rotate, secrets_of
from routing.models import Answer, Channel, Delivery
from tests.conftest import City

pytestmark = pytest.mark.django_db
ADDRESS = "/yavoryn/answers/"


@pytest.fixture
def channel(issue: Issue, city: City) -> Channel:
    """Яворинавтодор has Оля's report, and a webhook."""
    found: Channel = Channel.objects.get(organisation=city.road_service)
    found.kind, found.address = "webhook", "https://roads.example.org/hook"
    found.save()
    give_secret(found)
    return found


def said(issue: Issue, now: datetime, **changes: Any) -> dict[str, Any]:
    given = {
        "id": "a-1",
        "report": issue.number,
        "do": "finish",
        "text": "Залатали.",
        "happened_at": (now + timedelta(hours=1)).isoformat(),
    }
    return given | changes


def post(channel: Channel, answer: Any, at: datetime, *, secret: str = "", signed_at: datetime | None = None) -> Any:
    """As their system does; with a check of CSRF, as in a browser."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    headers = sign(body, secrets=[secret] if secret else secrets_of(channel), at=signed_at or at)
    client = Client(enforce_csrf_checks=True)
    with time_machine.travel(at, tick=False):
        return client.post(
            ADDRESS,
            body,
            content_type="application/json",
            headers={"Misto-Channel": str(channel.pk), **headers},
        )


def state_of(issue: Issue) -> str:
    return Issue.objects.get(pk=issue.pk).state


def test_signed_answer_is_applied_once(issue: Issue, channel: Channel, now: datetime) -> None:
    at = now + timedelta(hours=2)
    for _time in range(2):
        answer = post(channel, said(issue, now), at)
        assert (answer.status_code, answer.json()) == (
            200,
            {"id": "a-1", "report": issue.number, "outcome": "applied", "code": ""},
        )
    assert state_of(issue) == State.DONE
    assert IssueEvent.objects.filter(issue=issue, kind="moved").count() == 1
    kept = Answer.objects.get()
    assert (kept.channel, kept.via, kept.received_at) == (channel, "webhook", at)


def test_stranger_without_the_secret_changes_nothing(issue: Issue, channel: Channel, city: City, now: datetime) -> None:
    answer = post(channel, said(issue, now), now, secret="a guess")
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong")
    assert answer.headers["Content-Type"] == "application/problem+json"
    unsigned = Client(enforce_csrf_checks=True).post(ADDRESS, said(issue, now), content_type="application/json")
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "missing")
    unknown = Channel(pk=channel.pk + 1000)
    assert post(unknown, said(issue, now), now, secret="a guess").status_code == 401
    assert (state_of(issue), Answer.objects.count()) == (State.NEW, 0)


def test_repetition_long_after_it_was_signed_is_refused(issue: Issue, channel: Channel, now: datetime) -> None:
    answer = post(channel, said(issue, now), now + timedelta(minutes=6), signed_at=now)
    assert (answer.status_code, answer.json()["code"]) == (401, "stale")
    assert state_of(issue) == State.NEW


def test_other_body_under_the_same_signature_is_refused(issue: Issue, channel: Channel, now: datetime) -> None:
    headers = sign(json.dumps(said(issue, now)).encode(), secrets=secrets_of(channel), at=now)
    with time_machine.travel(now, tick=False):
        answer = Client().post(
            ADDRESS,
            json.dumps(said(issue, now, do="reject")),
            content_type="application/json",
            headers={"Misto-Channel": str(channel.pk), **headers},
        )
    assert answer.status_code == 401


def test_former_secret_is_taken_until_it_is_ended(issue: Issue, channel: Channel, now: datetime) -> None:
    (former,) = secrets_of(channel)
    rotate(channel)
    assert post(channel, said(issue, now, id="1", do="accept"), now, secret=former).status_code == 200
    end_former(channel)
    assert post(channel, said(issue, now, id="2"), now, secret=former).status_code == 401
    channel.refresh_from_db()
    assert post(channel, said(issue, now, id="2"), now).status_code == 200


def test_ended_channel_and_other_kinds_are_not_heard(issue: Issue, channel: Channel, now: datetime) -> None:
    Channel.objects.filter(pk=channel.pk).update(is_active=False)
    assert post(channel, said(issue, now), now).status_code == 401
    Channel.objects.filter(pk=channel.pk).update(is_active=True, kind="folder")
    assert post(channel, said(issue, now), now).status_code == 401


def test_report_of_another_organisation_is_unknown(issue: Issue, channel: Channel, city: City, now: datetime) -> None:
    theirs: Channel = Channel.objects.get(organisation=city.vodokanal)
    theirs.kind = "webhook"
    theirs.save()
    give_secret(theirs)
    answer = post(theirs, said(issue, now), now)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert post(channel, said(issue, now, report=999), now).status_code == 404
    assert state_of(issue) == State.NEW


def test_same_id_with_other_words_is_a_conflict(issue: Issue, channel: Channel, now: datetime) -> None:
    post(channel, said(issue, now), now)
    answer = post(channel, said(issue, now, text="Інше."), now)
    assert (answer.status_code, answer.json()["code"]) == (409, "other")


def test_what_the_workflow_refuses_is_answered_as_done_so_that_it_is_not_repeated(
    issue: Issue, channel: Channel, now: datetime
) -> None:
    answer = post(channel, said(issue, now, text=""), now)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["code"]) == (200, "refused", "needs_text")
    not_ours(delivery=Delivery.objects.get(), reason="Не наше.", at=now)
    late = post(channel, said(issue, now, id="a-2"), now)
    assert (late.status_code, late.json()["code"]) == (200, "too_late")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"id": "x" * 201}, "id"),
        ({"report": "1"}, "report"),
        ({"report": True}, "report"),
        ({"report": 0}, "report"),
        ({"report": 10**12}, "report"),
        ({"do": "explode"}, "do"),
        ({"do": ["finish"]}, "do"),
        ({"text": 5}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"happened_at": "yesterday"}, "happened_at"),
        ({"happened_at": "2026-13-45T00:00:00Z"}, "happened_at"),
        ({"happened_at": "2026-11-19T10:00:00"}, "happened_at"),
        ({"happened_at": 5}, "happened_at"),
    ],
)
def test_each_wrong_part_is_named(
    issue: Issue, channel: Channel, now: datetime, wrong: dict[str, Any], code: str
) -> None:
    answer = post(channel, said(issue, now, **wrong), now)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"]
    assert not Answer.objects.exists()


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"\xff", b"5", b"[" * 60_000])
def test_what_is_no_json_object_is_told(channel: Channel, now: datetime, body: bytes) -> None:
    answer = post(channel, body, now)
    assert (answer.status_code, answer.json()["code"]) == (400, "json")


def test_long_body_is_not_read(issue: Issue, channel: Channel, now: datetime) -> None:
    answer = post(channel, said(issue, now, more="x" * 70_000), now)
    assert (answer.status_code, answer.json()["code"]) == (413, "long")


def test_only_posts_are_taken(channel: Channel, client: Client) -> None:
    assert client.get(ADDRESS).status_code == 405


def test_another_community_does_not_know_the_channel(
    issue: Issue, channel: Channel, elsewhere: Any, now: datetime
) -> None:
    body = json.dumps(said(issue, now)).encode()
    headers = {"Misto-Channel": str(channel.pk), **sign(body, secrets=secrets_of(channel), at=now)}
    with time_machine.travel(now, tick=False):
        answer = Client().post(f"/{elsewhere.slug}/answers/", body, content_type="application/json", headers=headers)
    assert answer.status_code == 401
