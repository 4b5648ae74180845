"""Channels of Open311 in the administration: their settings, their services that are read, a trial, reports there."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from core.outbox import send_due
from core.sealed import unseal
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue
from routing.models import Category, Channel, RemoteRequest
from routing.open311_pulling import pull
from tests.accounts.conftest import address
from tests.conftest import City, hole
from tests.grid import Town
from tests.openmap.test_admin_channels import do, errors, new
from tests.openmap.test_admin_saves import filled, shown
from tests.scripted_server import Asked, Say, ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db
SERVICES = """<services>
<service><service_code>POTHOLE</service_code><service_name>Pothole &amp; crack</service_name><group>Roads</group>
</service><service><service_code>OTHER</service_code><service_name>Anything else</service_name><group/></service>
</services>"""
GIVEN = {
    "services-roads": "POTHOLE",
    "services-*": "OTHER",
    "jurisdiction_id": "city.example.org",
    "format": "json",
    "attributes": 'our_number = report\nsource = "misto = ours"\n',
    "sends_name": "on",
    "reads_updates": "on",
    "new_secret": "their-key",
}
KEPT = {
    "services": {"roads": "POTHOLE", "*": "OTHER"},
    "jurisdiction_id": "city.example.org",
    "format": "json",
    "attributes": {"our_number": "report", "source": "=misto = ours"},
    "sends_name": True,
    "takes_updates": False,
    "reads_updates": True,
}


class TheirServer:
    """Answers with services, or as a test says."""

    def __init__(self) -> None:
        self.say = Say(SERVICES)

    def __call__(self, asked: Asked) -> Say:
        return self.say


@pytest.fixture(autouse=True)
def _in_english(client: Client) -> None:
    client.cookies["language"] = "en"


@pytest.fixture
def theirs() -> TheirServer:
    return TheirServer()


@pytest.fixture
def server(settings: Settings, theirs: TheirServer) -> Iterator[ScriptedServer]:
    settings.OUTWARD_ALLOWED = []
    with scripted_server(settings, theirs) as found:
        yield found


@pytest.fixture
def as_taras(client: Client, taras: User) -> Client:
    """Тарас, who administers Яворин."""
    client.force_login(taras)
    return client


def form_of(city: City, server: ScriptedServer, **given: object) -> dict[str, Any]:
    return new(city, kind="open311", address=f"{server.url}/v2") | GIVEN | given


def channel_of(city: City, server: ScriptedServer, **settings: Any) -> Channel:
    found: Channel = Channel.objects.create(
        community=city.community,
        organisation=city.road_service,
        kind="open311",
        address=f"{server.url}/v2",
        position=2,
        settings=KEPT | settings,
    )
    return found


# Settings --------------------------------------------------------------------------------------------------


def test_settings_are_saved_and_shown_as_they_were_given(as_taras: Client, city: City, server: ScriptedServer) -> None:
    assert as_taras.post(address(Channel, "add"), form_of(city, server)).status_code == 302
    channel = Channel.objects.get(kind="open311")
    assert (channel.settings, unseal(channel.secret)) == (KEPT, "their-key")
    page = address(Channel, "change", channel.pk)
    html = as_taras.get(page).content.decode()
    assert "their-key" not in html
    assert as_taras.post(page, shown(as_taras, page) | {"services-manholes": "LID"}).status_code == 302
    channel.refresh_from_db()
    assert channel.settings == KEPT | {"services": {"roads": "POTHOLE", "manholes": "LID", "*": "OTHER"}}
    assert unseal(channel.secret) == "their-key"
    assert server.asked == [], "saving asks nobody"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"services-roads": "", "services-*": ""}, "Name at least one of their services"),
        ({"services-roads": "x" * 151}, "This is no code of a service"),
        ({"services-nothing": "X"}, "There is no category nothing."),
        ({"attributes": "our_number"}, "Line 1 needs a code, “=” and what fills it: our_number"),
        (
            {"attributes": "\na = answer_url"},
            "Line 2: a report has no such part; a text stands in quotes: a = answer_url",
        ),
        ({"attributes": "a = report\na = url"}, "Line 2: this code stands above already"),
        ({"format": "yaml"}, "Select a valid choice"),
        ({"address": "ftp://example.org"}, "The address begins with https://"),
    ],
)
def test_mistake_is_told_beside_its_field_and_nothing_typed_is_lost(
    as_taras: Client, city: City, server: ScriptedServer, given: dict[str, str], words: str
) -> None:
    form = form_of(city, server, **given)
    answer = as_taras.post(address(Channel, "add"), form)
    html = answer.content.decode()
    assert errors(html).count(words) == 1, errors(html)
    again = filled(html)
    typed = {name: form[name] for name in form if name not in ("kind", "format") and form[name] != ""}
    assert {name: again.get(name) for name in typed} == {name: str(value) for name, value in typed.items()}
    assert not Channel.objects.filter(kind="open311").exists()


def test_category_that_can_be_chosen_no_more_keeps_its_field(
    as_taras: Client, city: City, server: ScriptedServer
) -> None:
    channel = channel_of(city, server, services={"roads": "POTHOLE", "gone": "OLD"})
    Category.objects.filter(pk=city.roads.pk).update(is_active=False)
    page = address(Channel, "change", channel.pk)
    assert "gone (no such category now)" in as_taras.get(page).content.decode()
    assert as_taras.post(page, shown(as_taras, page)).status_code == 302
    channel.refresh_from_db()
    assert channel.settings["services"] == {"roads": "POTHOLE", "gone": "OLD"}


def test_channel_of_another_kind_keeps_its_settings(as_taras: Client, city: City) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    page = address(Channel, "change", channel.pk)
    html = as_taras.get(page).content.decode()
    assert "services-" not in html
    assert "_read_services" not in html
    as_taras.post(page, shown(as_taras, page) | {"services-roads": "X", "position": "4"})
    channel.refresh_from_db()
    assert (channel.settings, channel.position) == ({}, 4)


# Reading their services ------------------------------------------------------------------------------------


def test_services_are_read_and_offered_and_nothing_is_saved_or_lost(
    as_taras: Client, city: City, server: ScriptedServer
) -> None:
    form = form_of(city, server, **{"services-roads": "", "services-*": "", "format": "xml", "_read_services": "1"})
    html = as_taras.post(address(Channel, "add"), form).content.decode()
    assert errors(html) == ""
    assert '<option value="POTHOLE">Pothole &amp; crack</option>' in html
    assert "Their server has 2 services" in html
    again = filled(html)
    for name in ("attributes", "jurisdiction_id", "address", "new_secret", "position", "organisation"):
        assert again[name] == str(form[name])
    (asked,) = server.asked
    assert (asked.method, asked.path, dict(asked.given)) == (
        "GET", "/v2/services.xml", {"jurisdiction_id": "city.example.org"}
    )  # fmt: skip
    assert not Channel.objects.filter(kind="open311").exists()


def test_services_of_a_channel_that_is_there_are_read_too(as_taras: Client, city: City, server: ScriptedServer) -> None:
    channel = channel_of(city, server)
    page = address(Channel, "change", channel.pk)
    html = as_taras.post(page, shown(as_taras, page) | {"position": "7", "format": "xml", "_read_services": "1"})
    assert "Anything else" in html.content.decode()
    channel.refresh_from_db()
    assert (channel.position, channel.settings) == (2, KEPT)


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (Say(status=404), "Their services could not be read: HTTP 404"),
        (Say("<html/>"), "a page, no answer"),
        (Say(hang_up=True), "could not be read"),
        (Say('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "could not be read"),
    ],
)
def test_server_that_cannot_be_read_is_told_beside_its_address(
    as_taras: Client, city: City, server: ScriptedServer, theirs: TheirServer, say: Say, words: str
) -> None:
    theirs.say = say
    html = as_taras.post(address(Channel, "add"), form_of(city, server, _read_services="1")).content.decode()
    assert errors(html).count(words) == 1, errors(html)
    assert filled(html)["services-roads"] == "POTHOLE"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "http://10.0.0.8/v2"}, "inside a private network"),
        ({"address": ""}, "This field is required"),
        ({"kind": "email", "address": "roads@example.org"}, "Services are read from servers of Open311 only"),
    ],
)
def test_nobody_else_is_asked(
    as_taras: Client, city: City, server: ScriptedServer, given: dict[str, str], words: str
) -> None:
    form = form_of(city, server, _read_services="1", **given)
    html = as_taras.post(address(Channel, "add"), form).content.decode()
    assert errors(html).count(words) == 1, errors(html)
    assert server.asked == []


def test_server_without_services_says_so(
    as_taras: Client, city: City, server: ScriptedServer, theirs: TheirServer
) -> None:
    theirs.say = Say("<services/>")
    html = as_taras.post(address(Channel, "add"), form_of(city, server, _read_services="1")).content.decode()
    assert "Their server answered, and has no services." in html


def test_another_communitys_administrator_reads_and_sees_nothing(
    client: Client, lesia: User, city: City, server: ScriptedServer
) -> None:
    channel = channel_of(city, server)
    client.force_login(lesia)
    page = address(Channel, "change", channel.pk)
    assert client.post(page, {"_read_services": "1", "address": channel.address}).status_code == 302
    html = client.post(address(Channel, "add"), form_of(city, server, _read_services="1")).content.decode()
    assert "Дороги" not in html
    assert "Roads</label>" not in html


def test_stranger_reads_nothing(client: Client, serhii: User, city: City, server: ScriptedServer) -> None:
    client.force_login(serhii)
    assert client.post(address(Channel, "add"), form_of(city, server, _read_services="1")).status_code == 302
    assert server.asked == []


# Trial -----------------------------------------------------------------------------------------------------


def test_trial_reads_and_sends_nothing(
    as_taras: Client, city: City, server: ScriptedServer, theirs: TheirServer
) -> None:
    channel = channel_of(city, server, format="xml")
    assert "knows the 2 services that the channel names. Nothing was sent." in do(as_taras, "try_it", channel)
    assert {asked.method for asked in server.asked} == {"GET"}
    theirs.say = Say(SERVICES.replace("POTHOLE", "HOLE"))
    assert "Their server does not know these services: POTHOLE." in do(as_taras, "try_it", channel)
    channel.refresh_from_db()
    assert "POTHOLE" in channel.trouble
    theirs.say = Say(status=503)
    assert "HTTP 503" in do(as_taras, "try_it", channel)


def test_trial_of_a_channel_without_services_says_what_is_missing(
    as_taras: Client, city: City, server: ScriptedServer
) -> None:
    assert "names no service of theirs" in do(as_taras, "try_it", channel_of(city, server, services={}))


# Reports there ---------------------------------------------------------------------------------------------


@pytest.fixture
def there(city: City, town: Town, server: ScriptedServer, theirs: TheirServer, now: datetime) -> RemoteRequest:
    """A report that their server took, for a token."""
    Channel.objects.filter(organisation=city.road_service).delete()
    channel_of(city, server, format="xml")
    report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    theirs.say = Say("<service_requests><request><token>t-1</token></request></service_requests>")
    send_due(clock=lambda: now)
    found: RemoteRequest = RemoteRequest.objects.get()
    return found


def listed(client: Client, **given: str) -> list[RemoteRequest]:
    answer = client.get(address(RemoteRequest, "changelist"), given)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_reports_there_are_found_by_how_they_stand(as_taras: Client, there: RemoteRequest, now: datetime) -> None:
    assert listed(as_taras, stands="number") == [there]
    assert listed(as_taras, stands="open") == listed(as_taras, stands="closed") == listed(as_taras, stands="over") == []
    for status, due_at, stands in (("open", now, "open"), ("closed", now, "closed"), ("closed", None, "over")):
        RemoteRequest.objects.update(remote_id="R1", status=status, due_at=due_at)
        assert listed(as_taras, stands=stands) == [there]
        assert listed(as_taras, stands="number") == []
    RemoteRequest.objects.update(trouble="HTTP 500", read_at=now)
    assert listed(as_taras, trouble__isempty="0") == listed(as_taras, q="R1") == [there]
    assert listed(as_taras, trouble__isempty="1") == []
    page = as_taras.get(address(RemoteRequest, "change", there.pk)).content.decode()
    assert "HTTP 500" in page
    assert "closed; is asked no more" in page


def test_report_that_is_asked_no_more_is_asked_again(
    as_taras: Client, there: RemoteRequest, theirs: TheirServer, settings: Settings
) -> None:
    RemoteRequest.objects.update(due_at=None, tries=48, trouble="no number came for its token")
    again = {"action": "ask_again", "_selected_action": [there.pk]}
    html = as_taras.post(address(RemoteRequest, "changelist"), again, follow=True).content.decode()
    assert "asked about within a minute: 1" in html
    there.refresh_from_db()
    assert there.due_at is not None
    theirs.say = Say(
        "<service_requests><request><service_request_id>R9</service_request_id></request></service_requests>"
    )
    pull(at=there.due_at + timedelta(seconds=1))
    there.refresh_from_db()
    assert (there.remote_id, there.trouble) == ("R9", "")


def test_another_communitys_administrator_sees_and_asks_nothing(
    client: Client, lesia: User, there: RemoteRequest, elsewhere: Community
) -> None:
    RemoteRequest.objects.update(due_at=None)
    client.force_login(lesia)
    assert listed(client) == []
    assert client.get(address(RemoteRequest, "change", there.pk)).status_code == 302
    client.post(address(RemoteRequest, "changelist"), {"action": "ask_again", "_selected_action": [there.pk]})
    there.refresh_from_db()
    assert there.due_at is None


def test_stranger_is_sent_to_the_door(client: Client, serhii: User, there: RemoteRequest) -> None:
    client.force_login(serhii)
    answer = client.get(address(RemoteRequest, "changelist"))
    assert answer.headers["Location"].startswith(reverse("admin:login"))


def test_report_leads_to_itself_and_to_its_channel(as_taras: Client, there: RemoteRequest) -> None:
    page = as_taras.get(address(RemoteRequest, "change", there.pk)).content.decode()
    assert reverse("admin:issues_issue_change", args=[Issue.objects.get().pk]) in page
    assert address(Channel, "change", there.channel_id) in page
