"""The same request again: one effect, one answer, however many come at once."""

import json
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_keys import make_key
from accounts.api_once import done_once
from accounts.kept_answers import forget_answers
from accounts.models import ApiClient, ApiKey, KeptAnswer, Organisation
from accounts.tasks import forget_kept_answers
from api.problems import PROBLEM_JSON, ProblemError
from api.views import ApiView
from geodata.models import Community
from tests.conftest import NOW, City
from tests.parallel import at_once

KEY = "8a6c1f0e-0000-4000-8000-000000000001"


class Making(ApiView):
    """Makes an organisation of a name; “bad” is refused after something was written."""

    permission_classes = ()
    started: Event | None = None
    go_on: Event | None = None

    @done_once
    def post(self, request: Request) -> Response:
        made = Organisation.objects.create(name=dict(request.data)["name"])
        if self.started and self.go_on:
            self.started.set()
            self.go_on.wait(timeout=20)
        if made.name == "bad":
            raise ProblemError("refused", "No.")
        return Response({"made": made.pk, "at": NOW}, status=201, headers={"Location": f"/{made.pk}/"})


def send(community: Community, name: str = "Нова", *, key: str = KEY, secret: str = "", **view: Any) -> Any:
    headers = {"idempotency-key": key} | ({"x-api-key": secret} if secret else {})
    body = json.dumps({"name": name})
    request = RequestFactory().post("/api/v1/x/", body, content_type="application/json", headers=headers)
    request.community = community  # type: ignore[attr-defined]
    response = Making.as_view(**view)(request)
    response.render()
    return response


@pytest.fixture
def secret(city: City, now: datetime) -> str:
    client = ApiClient.objects.create(community=city.community, organisation=city.vodokanal)
    return make_key(client=client, name="x", scopes=[ApiKey.Scope.REPORTS], by=None, at=now)[1]


def made() -> int:
    return Organisation.objects.filter(name__in=["Нова", "Інша", "bad"]).count()


def test_same_request_gets_the_same_answer_and_is_done_once(inside: Community) -> None:
    first, again = send(inside), send(inside)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Location"] == first.headers["Location"]
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert made() == 1


def test_answer_is_kept_sealed(inside: Community) -> None:
    send(inside)
    assert "made" not in KeptAnswer.objects.get().body


def test_other_request_with_the_same_key_is_refused(inside: Community) -> None:
    send(inside)
    other = send(inside, "Інша")
    assert (other.status_code, other.headers["Content-Type"]) == (422, PROBLEM_JSON)
    assert other.data["type"].endswith("#problem-key-reused")
    assert made() == 1


def test_what_was_refused_did_nothing_and_may_be_tried_again(inside: Community) -> None:
    assert send(inside, "bad").status_code == 422
    assert (made(), KeptAnswer.objects.count()) == (0, 0)
    assert send(inside, "Нова").status_code == 201


def test_without_a_key_everything_is_done_again(inside: Community) -> None:
    send(inside, key="")
    with transaction.atomic(), pytest.raises(IntegrityError):
        send(inside, key="")


def test_key_of_one_asker_is_nothing_to_another(inside: Community, secret: str) -> None:
    send(inside)
    assert send(inside, "Інша", secret=secret).status_code == 201
    assert made() == 2


def test_strange_key_is_refused_in_words(inside: Community) -> None:
    answer = send(inside, key="x" * 300)
    assert (answer.status_code, answer.data["errors"][0]["parameter"]) == (400, "Idempotency-Key")


@time_machine.travel(NOW, tick=False)
def test_answers_are_forgotten_after_a_day(inside: Community) -> None:
    send(inside)
    assert forget_answers(at=NOW + timedelta(hours=23)) == 0
    with time_machine.travel(NOW + timedelta(hours=24), tick=False):
        assert send(inside, "Інша").status_code == 201
        assert KeptAnswer.objects.count() == 1
    with time_machine.travel(NOW + timedelta(hours=48), tick=False):
        assert forget_kept_answers() == 1


@pytest.mark.django_db(transaction=True)
def test_request_that_is_being_done_is_not_begun_again(inside: Community) -> None:
    started, go_on = Event(), Event()

    def second() -> Any:
        assert started.wait(timeout=20)
        try:
            return send(inside)
        finally:
            go_on.set()

    first, meanwhile = at_once([lambda: send(inside, started=started, go_on=go_on), second], community=inside)
    assert (first.status_code, meanwhile.status_code) == (201, 409)
    assert send(inside).content == first.content
    assert made() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_done(inside: Community) -> None:
    answers = at_once([lambda: send(inside) for _turn in range(8)], community=inside)
    assert {answer.status_code for answer in answers} <= {201, 409}
    good = {answer.content for answer in answers if answer.status_code == 201}
    assert len(good) == 1
    assert made() == 1
