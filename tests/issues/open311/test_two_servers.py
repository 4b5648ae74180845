"""Two communities, each with a server of its own: what one reports reaches the other once, what that one answers comes
back once. Both sides are ours and real; between them stands a line that repeats, loses, or asks for tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django_scopes import scope
from pytest_django import Settings

from accounts.api_keys import make_key
from accounts.models import ApiClient, ApiKey, Organisation
from core.models import OutboxMessage
from core.outbox import send_due
from core.sealed import seal
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import move_by_organisation, reply_by_organisation
from issues.states import State
from routing.models import Answer, Category, Channel, CommunityRouting, Delivery, RemoteRequest
from routing.open311_pulling import pull
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.open311.checked import look_at
from tests.scripted_server import Asked, Say, scripted_server

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)  # the clock of the pages stands 26 of them after `now`


@dataclass
class Line:
    """What lies between the two: it hands each request to the other server, and its answer back."""

    to: str
    repeats: bool = False  # each POST arrives twice
    loses: int = 0  # so many answers to POSTs are lost
    wants_tokens: bool = False
    carried: list[tuple[str, str]] = field(default_factory=list)  # method and path

    def __call__(self, asked: Asked) -> Say:
        answer = self.hand_on(asked)
        if asked.method == "POST" and self.repeats:
            answer = self.hand_on(asked)
        if asked.method == "POST" and self.loses:
            self.loses -= 1
            return Say(hang_up=True)
        return answer

    def hand_on(self, asked: Asked) -> Say:
        self.carried.append((asked.method, asked.path))
        passed = ("Content-Type", "Idempotency-Key", "Accept")
        headers = {name: asked.headers[name] for name in passed if name in asked.headers}
        headers |= {"Prefer": "respond-async"} if self.wants_tokens else {}
        parts = urlsplit(self.to)
        line = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        query = "" if asked.method == "POST" else f"?{urlencode(asked.given)}"
        line.request(asked.method, asked.path + query, asked.body or None, headers)
        answer = line.getresponse()
        body, kind = answer.read(), answer.headers["Content-Type"]
        line.close()
        look_at(asked.method, asked.path, status=answer.status, content_type=kind, body=body)
        return Say(body, answer.status, {"Content-Type": kind})


@pytest.fixture
def region(city: City, town: Town) -> Community:
    """The region's road service works in Яворин too, and takes reports in a community of its own: the region."""
    found = Community.objects.create(
        slug="region", name="Область", boundary=town.area("ABFE"), centre=town["p"], zoom=12
    )
    with scope(community=found):
        service = Organisation.objects.create(name="Служба автомобільних доріг")
        Channel.objects.create(community=found, organisation=service, address="service@example.org")
        Category.objects.create(community=found, code="potholes", name="Ями на дорогах", working_days=5)
        CommunityRouting.objects.create(community=found, fallback=service)
    return found


@pytest.fixture
def line(region: Community, city: City, settings: Settings, live_server: Any) -> Iterator[Line]:
    """Яворинавтодор takes reports by the region's server only."""
    organisation = Organisation.objects.get(name="Служба автомобільних доріг")
    with scope(community=region):
        client = ApiClient.objects.create(community=region, organisation=organisation)
        _key, secret = make_key(client=client, name="Яворин", scopes=[ApiKey.Scope.REPORTS], by=None, at=NOW)
    between = Line(live_server.url)
    settings.OUTWARD_ALLOWED = []
    with scripted_server(settings, between) as server:
        Channel.objects.filter(organisation=city.road_service).delete()
        Channel.objects.create(
            community=city.community,
            organisation=city.road_service,
            kind="open311",
            address=f"{server.url}/region/open311/v2",
            secret=seal(secret),
            settings={"services": {"roads": "potholes"}, "jurisdiction_id": "region"},
        )
        yield between


@pytest.fixture
def ours(line: Line, city: City, town: Town, now: datetime) -> Issue:
    """Оля's report, with her name, in Яворин."""
    return report_issue(new=hole(city, town["p"], email="", name="Оля"), community=city.community, at=now)


def theirs(region: Community) -> list[Issue]:
    with scope(community=region):
        return list(Issue.objects.filter(community=region).select_related("category", "community"))


def work(at: datetime) -> None:
    send_due(clock=lambda: at)


def answer_there(region: Community, at: datetime) -> None:
    """The region's service says that it comes, an hour later that it is done."""
    (issue,) = theirs(region)
    with scope(community=region):
        delivery = Delivery.objects.select_related("organisation", "subject").get(subject=issue.subject)
        reply_by_organisation(delivery=delivery, text="Приїдемо завтра.", at=at)
        move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=at + HOUR)


def texts(issue: Issue) -> list[str]:
    return [event.words.text for event in issue.events.select_related("words") if event.words]


def state_of(issue: Issue) -> str:
    issue.refresh_from_db()
    return issue.state


@pytest.mark.parametrize("form", ["xml", "json"])
def test_report_goes_there_and_what_they_say_comes_back_once(
    line: Line, ours: Issue, region: Community, now: datetime, form: str
) -> None:
    channel = Channel.objects.get(kind="open311")
    Channel.objects.filter(pk=channel.pk).update(settings=channel.settings | {"format": form})
    line.repeats = True
    work(now)
    (issue,) = theirs(region)
    assert issue.text.startswith("Яма на переході. Машини об’їжджають її тротуаром.")
    assert ours.get_absolute_url() in issue.text
    assert (issue.category.code, issue.reporter_name) == ("potholes", "")
    assert issue.location.distance(ours.location) < 1e-6
    assert RemoteRequest.objects.get().remote_id == str(issue.number)
    answer_there(region, now + 28 * HOUR)
    for hours in (30, 31, 32):
        pull(at=now + hours * HOUR)
    assert state_of(ours) == "done"
    assert texts(ours) == ["Приїдемо завтра.", "Залатали."]
    assert Answer.objects.count() == 2
    assert {path.rpartition(".")[2] for _method, path in line.carried} == {form}


def test_report_whose_answer_was_lost_is_there_once(line: Line, ours: Issue, region: Community, now: datetime) -> None:
    line.loses = 1
    work(now)
    assert (len(theirs(region)), OutboxMessage.objects.get(channel="open311").sent_at) == (1, None)
    work(now + 2 * HOUR)
    assert len(theirs(region)) == 1
    assert RemoteRequest.objects.get().remote_id == "1"
    assert [method for method, _path in line.carried] == ["POST", "GET"], "it was looked for, and found by its mark"


def test_report_that_nobody_may_see_yet_is_there_once_too(
    line: Line, ours: Issue, region: Community, now: datetime
) -> None:
    """The mark cannot be found while a moderator has not looked: the key of the message is known again."""
    with scope(community=region):
        Category.objects.filter(community=region).update(hold_new=True)
    line.loses = 1
    work(now)
    work(now + 2 * HOUR)
    assert len(theirs(region)) == 1
    assert [method for method, _path in line.carried] == ["POST", "GET", "POST"]
    assert RemoteRequest.objects.get().remote_id == "1"


def test_token_becomes_the_number_behind_it(line: Line, ours: Issue, region: Community, now: datetime) -> None:
    line.wants_tokens = True
    work(now)
    row = RemoteRequest.objects.get()
    assert (row.remote_id, bool(row.token)) == ("", True)
    for seconds in (6, 7, 8):
        pull(at=now + timedelta(seconds=seconds))
    row.refresh_from_db()
    assert row.remote_id == str(theirs(region)[0].number)
    assert sum("/tokens/" in path for _method, path in line.carried) == 1
    answer_there(region, now + 28 * HOUR)
    pull(at=now + 30 * HOUR)
    assert state_of(ours) == "done"


def test_key_that_was_ended_there_stops_the_report_in_sight(
    line: Line, ours: Issue, region: Community, now: datetime
) -> None:
    with scope(community=region):
        ApiKey.objects.all().update(revoked_at=now)
    work(now)
    message = OutboxMessage.objects.get(channel="open311")
    assert (theirs(region), message.dead_at) == ([], now)
    assert "api_key" in message.last_error
