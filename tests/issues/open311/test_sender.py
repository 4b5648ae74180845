"""The channel “open311”: reports go to another server once, and what it says of them comes back once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from core.models import OutboxMessage
from core.outbox import send_due
from core.sealed import seal
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import add_by_reporter
from routing.models import Answer, Channel, RemoteRequest
from routing.open311_pulling import pull
from tests.conftest import City, hole
from tests.grid import Town
from tests.scripted_server import Asked, Say, ScriptedServer, scripted_server


class City311:
    """A server of a city that does as it should, unless a test says otherwise."""

    def __init__(self) -> None:
        self.sent: list[Asked] = []
        self.updates = ""
        self.states: dict[str, str] = {}
        self.odd: dict[str, list[Say]] = {}  # call → answers instead of the right ones, each once
        self.takes_odd = True  # a POST that is answered oddly arrived all the same

    def __call__(self, asked: Asked) -> Say:
        call = f"{asked.method} {asked.path.rpartition('/')[2].partition('.')[0]}"
        if asked.path.startswith("/v2/tokens/"):
            call = "GET token"
        odd = self.odd.get(call, [])
        if call == "POST requests" and (not odd or self.takes_odd):
            self.sent.append(asked)
        if odd:
            return odd.pop(0)
        return self.rightly(call, asked)

    def rightly(self, call: str, asked: Asked) -> Say:
        if call == "POST requests":
            return xml(
                "service_requests", f"<request><service_request_id>R{len(self.sent)}</service_request_id></request>"
            )
        if call == "GET token":
            return xml("service_requests", "<request><service_request_id>R1</service_request_id></request>")
        if call == "GET requests":
            return xml("service_requests", "".join(self.row(n, one) for n, one in enumerate(self.sent, start=1)))
        if call == "GET servicerequestupdates":
            return xml("service_request_updates", self.updates)
        return xml("service_request_updates", "<request_update><update_id>U1</update_id></request_update>")

    def row(self, number: int, asked: Asked) -> str:
        rest = self.states.get(f"R{number}", "<status>open</status>")
        return (
            f"<request><service_request_id>R{number}</service_request_id>{rest}"
            f"<description>{asked.given['description']}</description></request>"
        )


def xml(root: str, inner: str) -> Say:
    return Say(f"<{root}>{inner}</{root}>", headers={"Content-Type": "text/xml"})


def update(number: str, status: str, text: str, at: str, of: str = "R1") -> str:
    return (
        f"<request_update><update_id>{number}</update_id><service_request_id>{of}</service_request_id>"
        f"<status>{status}</status><description>{text}</description><updated_datetime>{at}</updated_datetime>"
        "</request_update>"
    )


@pytest.fixture
def remote() -> City311:
    return City311()


@pytest.fixture
def server(settings: Settings, remote: City311) -> Iterator[ScriptedServer]:
    settings.OUTWARD_ALLOWED = []
    with scripted_server(settings, remote) as found:
        yield found


@pytest.fixture
def channel(city: City, server: ScriptedServer) -> Channel:
    """Яворинавтодор has a system of its own."""
    Channel.objects.filter(organisation=city.road_service).delete()
    found: Channel = Channel.objects.create(
        community=city.community,
        organisation=city.road_service,
        kind="open311",
        address=f"{server.url}/v2/",
        secret=seal("their-key"),
        settings={
            "jurisdiction_id": "road.example",
            "services": {"roads": "POTHOLE"},
            "attributes": {"our_number": "report", "source": "=misto"},
        },
    )
    return found


@pytest.fixture
def report(channel: Channel, city: City, town: Town, now: datetime) -> Issue:
    return report_issue(new=hole(city, town["p"], email="", name="Оля"), community=city.community, at=now)


def work(at: datetime) -> None:
    send_due(clock=lambda: at)


def message() -> OutboxMessage:
    found: OutboxMessage = OutboxMessage.objects.filter(channel="open311").latest("id")
    return found


def request() -> RemoteRequest:
    found: RemoteRequest = RemoteRequest.objects.get()
    return found


def state_of(issue: Issue) -> str:
    issue.refresh_from_db()
    return issue.state


def texts(issue: Issue) -> list[str]:
    return [event.words.text for event in issue.events.select_related("words") if event.words]


# There -----------------------------------------------------------------------------------------------------


def test_report_becomes_a_service_request(
    remote: City311, server: ScriptedServer, report: Issue, now: datetime
) -> None:
    work(now)
    (asked,) = server.asked
    given = asked.given
    assert (asked.method, asked.path) == ("POST", "/v2/requests.xml")
    assert (given["api_key"], given["jurisdiction_id"], given["service_code"]) == (
        "their-key", "road.example", "POTHOLE"
    )  # fmt: skip
    assert (given["attribute[our_number]"], given["attribute[source]"]) == ("1", "misto")
    assert float(given["lat"]) == pytest.approx(report.location.y, abs=1e-6)
    assert given["description"].startswith("Яма на переході.")
    assert "/yavoryn/issues/1/" in given["description"]
    assert asked.headers["Idempotency-Key"] == str(message().key)
    assert "first_name" not in given
    assert (message().sent_at, request().remote_id) == (now, "R1")


def test_token_is_asked_until_there_is_a_number(
    remote: City311, server: ScriptedServer, report: Issue, now: datetime
) -> None:
    remote.odd["POST requests"] = [xml("service_requests", "<request><token>t-1</token></request>")]
    nothing = xml("service_requests", "<request><token>t-1</token></request>")
    remote.odd["GET token"] = [nothing, Say(status=500)]
    work(now)
    for seconds in (3, 6, 15, 40):
        pull(at=now + timedelta(seconds=seconds))
    asked = [one.path for one in server.asked if "tokens" in one.path]
    assert asked == ["/v2/tokens/t-1.xml"] * 3, "3 s is too early"
    assert (request().remote_id, request().trouble) == ("R1", "")


@pytest.mark.parametrize(
    "odd",
    [
        Say(hang_up=True),
        Say(status=500),
        Say("<html><body>Thank you</body></html>"),
        Say('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        Say(b"\xff\xfe\x00<"),
        Say("[" * 100_000),
        Say("<a>" + "x" * 5_000_000 + "</a>"),
        Say(""),
    ],
)
def test_lost_answer_is_looked_for_before_anything_is_sent_again(
    remote: City311, report: Issue, now: datetime, odd: Say
) -> None:
    remote.odd["POST requests"] = [odd]
    work(now)
    assert message().sent_at is None
    work(now + timedelta(hours=2))
    assert len(remote.sent) == 1
    assert request().remote_id == "R1"


def test_request_that_did_not_arrive_is_sent_again(remote: City311, report: Issue, now: datetime) -> None:
    remote.odd["POST requests"], remote.takes_odd = [Say(status=503)], False
    work(now)
    assert (len(remote.sent), message().sent_at) == (0, None)
    work(now + timedelta(hours=2))
    assert (len(remote.sent), request().remote_id) == (1, "R1")


def test_while_the_other_side_cannot_be_read_nothing_is_sent_again(
    remote: City311, report: Issue, now: datetime
) -> None:
    remote.odd["POST requests"] = [Say(hang_up=True)]
    remote.odd["GET requests"] = [Say(status=502)]
    work(now)
    work(now + timedelta(hours=2))
    assert (len(remote.sent), message().sent_at) == (1, None)
    work(now + timedelta(hours=4))
    assert (len(remote.sent), request().remote_id) == (1, "R1")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_refusal_goes_the_next_way(
    city: City, remote: City311, channel: Channel, report: Issue, now: datetime, status: int
) -> None:
    Channel.objects.create(
        community=city.community, organisation=city.road_service, address="roads@example.org", position=2
    )
    remote.odd["POST requests"] = [
        Say("<errors><error><description>service_code: no</description></error></errors>", status)
    ]
    work(now)
    refused = OutboxMessage.objects.get(channel="open311")
    assert refused.dead_at == now
    assert "service_code: no" in refused.last_error
    assert OutboxMessage.objects.get(channel="email").sent_at is not None


def test_kind_without_a_service_there_goes_the_next_way(
    channel: Channel, server: ScriptedServer, report: Issue, now: datetime
) -> None:
    Channel.objects.filter(pk=channel.pk).update(settings={"services": {"lamps": "L"}})
    work(now)
    assert (server.asked, message().last_error) == ([], "the channel names no service for roads")


def test_words_of_the_author_follow_as_an_update(
    channel: Channel, server: ScriptedServer, report: Issue, now: datetime
) -> None:
    Channel.objects.filter(pk=channel.pk).update(settings=channel.settings | {"takes_updates": True})
    work(now)
    add_by_reporter(issue=report, text="Вже дві ями.", at=now + timedelta(hours=1))
    work(now + timedelta(hours=1))
    asked = server.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/v2/servicerequestupdates.xml")
    assert (asked.given["service_request_id"], asked.given["status"]) == ("R1", "OPEN")
    assert asked.given["description"].startswith("Вже дві ями.")
    assert request().sent_updates == ["U1"]


def test_update_that_the_other_side_does_not_take_ends_in_sight(
    report: Issue, server: ScriptedServer, now: datetime
) -> None:
    work(now)
    add_by_reporter(issue=report, text="Вже дві ями.", at=now + timedelta(hours=1))
    work(now + timedelta(hours=1))
    assert message().last_error == "the channel is not set to send updates"
    assert message().dead_at is not None


# Back ------------------------------------------------------------------------------------------------------


def test_updates_become_answers_once_whatever_is_repeated_or_reordered(
    remote: City311, report: Issue, now: datetime
) -> None:
    work(now)
    first = update("u1", "in_progress", "Почали.", "2026-11-19T12:00:00+02:00")
    last = update("u2", "closed", "Залатали.", "2026-11-19T15:00:00+02:00")
    strange = update("u9", "closed", "Чуже.", "2026-11-19T15:00:00+02:00", of="R77")
    remote.updates, remote.states["R1"] = last + first + last + strange, "<status>closed</status>"
    for hours in (1, 3, 5):
        pull(at=now + timedelta(hours=hours * 2))
    assert state_of(report) == "done"
    assert texts(report) == ["Почали.", "Залатали."]
    assert Answer.objects.count() == 2


def test_older_update_that_comes_late_moves_nothing_back(remote: City311, report: Issue, now: datetime) -> None:
    work(now)
    remote.updates = update("u2", "closed", "Залатали.", "2026-11-19T15:00:00+02:00")
    remote.states["R1"] = "<status>closed</status>"
    pull(at=now + timedelta(hours=6))
    remote.updates += update("u1", "in_progress", "Почали.", "2026-11-19T12:00:00+02:00")
    pull(at=now + timedelta(hours=12))
    assert state_of(report) == "done"
    assert sorted(texts(report)) == ["Залатали.", "Почали."]


def test_request_that_is_closed_there_is_done_with_its_notes(remote: City311, report: Issue, now: datetime) -> None:
    work(now)
    remote.odd["GET servicerequestupdates"] = [Say(status=404)] * 3
    remote.states["R1"] = (
        "<status>closed</status><status_notes>Залатали.</status_notes>"
        "<updated_datetime>2026-11-19T15:00:00+02:00</updated_datetime>"
    )
    for hours in (6, 12, 18):
        pull(at=now + timedelta(hours=hours))
    assert state_of(report) == "done"
    answer = Answer.objects.get()
    assert (answer.text, answer.via, answer.happened_at.hour) == ("Залатали.", "open311", 13)


def test_request_that_is_closed_without_a_word_says_so(remote: City311, report: Issue, now: datetime) -> None:
    work(now)
    remote.states["R1"] = "<status>closed</status>"
    pull(at=now + timedelta(hours=6))
    assert (state_of(report), len(texts(report))) == ("done", 1)


def test_own_update_that_comes_back_is_no_answer(
    channel: Channel, remote: City311, report: Issue, now: datetime
) -> None:
    Channel.objects.filter(pk=channel.pk).update(settings=channel.settings | {"takes_updates": True})
    work(now)
    add_by_reporter(issue=report, text="Вже дві ями.", at=now + timedelta(hours=1))
    work(now + timedelta(hours=1))
    remote.updates = update("U1", "open", "Вже дві ями.", "2026-11-19T11:00:00+02:00")
    pull(at=now + timedelta(hours=3))
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "odd",
    [
        Say("<html/>"),
        Say("[[[1]], 2, null]"),
        Say('{"a": {"b": 1}}'),
        Say('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        Say("<a><request><service_request_id>R1</service_request_id><status><b/></status></request></a>"),
        Say('[{"service_request_id": ["R1"], "status": {"x": 1}, "updated_datetime": 5}]'),
        Say(update("u\x07", "closed", "x", "never")),
        Say(hang_up=True),
        Say(status=500),
    ],
)
def test_hostile_answer_changes_nothing_and_breaks_nothing(
    remote: City311, report: Issue, now: datetime, odd: Say
) -> None:
    work(now)
    remote.odd = {"GET requests": [odd], "GET servicerequestupdates": [odd]}
    pull(at=now + timedelta(hours=6))
    assert (state_of(report), Answer.objects.count()) == ("new", 0)
    remote.odd = {}
    remote.states["R1"] = "<status>closed</status><status_notes>Залатали.</status_notes>"
    pull(at=now + timedelta(hours=12))
    assert state_of(report) == "done"


def test_requests_are_asked_about_in_batches(
    channel: Channel, city: City, town: Town, remote: City311, server: ScriptedServer, now: datetime
) -> None:
    for turn in range(3):
        new = hole(city, town["p"], email="", text=f"Яма {turn}")
        report_issue(new=new, community=city.community, at=now)
    work(now)
    pull(at=now + timedelta(hours=6))
    asked = [one.given["service_request_id"] for one in server.asked if one.path == "/v2/requests.xml" and not one.body]
    assert [set(one.split(",")) for one in asked] == [{"R1", "R2", "R3"}]


def test_json_is_spoken_where_the_channel_says_so(
    channel: Channel, remote: City311, report: Issue, now: datetime, server: ScriptedServer
) -> None:
    Channel.objects.filter(pk=channel.pk).update(settings=channel.settings | {"format": "json"})
    remote.odd["POST requests"] = [Say('[{"service_request_id": 638344}]')]
    work(now)
    assert server.asked[0].path == "/v2/requests.json"
    assert request().remote_id == "638344"


def test_rows_of_another_community_are_asked_in_its_own_scope(report: Issue, now: datetime, elsewhere: Any) -> None:
    work(now)
    assert request().community.slug == "yavoryn"
    assert timezone.is_aware(request().sent_at)
