"""Programs of others, as they are: what each asks, and what it reads from the answer.

PyPI's georeport runs itself, over HTTP. The others speak Perl, JavaScript, Ruby and an older Python: here stand the
requests that they make (method, parameters, headers, format) and the fields that they read.
"""

import os
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from georeport import GeoReport

from issues.actions import report_issue
from issues.models import Issue
from issues.moves import move_by_organisation, reply_by_organisation
from issues.states import State
from media.models import Photo
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import ask_where, holder
from tests.issues.open311.conftest import API
from tests.photos import jpeg

os.environ.setdefault("NO_PROXY", "localhost,127.0.0.1")
FORM = "application/x-www-form-urlencoded"


# georeport -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_georeport_reads_everything(city: City, town: Town, later: Any, live_server: Any, form: str) -> None:
    ask_where(city)
    for text in ("Яма.", "Ще яма."):
        report_issue(new=hole(city, town["p"], text=text, email=""), community=city.community, at=NOW)
    move_by_organisation(delivery=holder(Issue.objects.get(number=1)), to=State.DONE, text="Залатали.", at=later)
    reader = GeoReport(f"{live_server.url}{API}", jurisdiction="yavoryn", output_format=form)
    assert {one["service_code"] for one in reader.get_service_list()} == {"roads", "manholes"}
    definition: dict[str, Any] = reader.get_service_definition("roads")
    attributes: Any = definition["attributes"]
    first = attributes[0] if form == "json" else attributes["attribute"]
    assert (first["code"], first["datatype"]) == ("where", "singlevaluelist")
    found = reader.get_service_requests(start_date="2026-11-01T00:00:00Z", end_date="2026-11-30T00:00:00Z")
    assert [one["service_request_id"] for one in found] == ["2", "1"]
    closed: Any = reader.get_service_requests(status="closed", service_code="roads")
    assert (closed[0] if form == "json" else closed)["status_notes"] == "Готово: Залатали."
    assert len(reader.get_service_requests(service_request_id="1,2")) == 2
    assert reader.get_service_request("2")["description"] == "Ще яма."


# FixMyStreet: XML, forms, and single elements where there is one ----------------------------------------------


class FixMyStreet:
    """What its sender does: `jurisdiction_id` always, `api_key` with a POST, any status but 2xx is a failure."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key = client, key

    def get(self, path: str, **given: str) -> Element:
        answer = self.client.get(f"{API}/{path}", {"jurisdiction_id": "yavoryn"} | given)
        assert 200 <= answer.status_code < 300
        found: Element = fromstring(answer.content)
        return found

    def post(self, path: str, **given: Any) -> Element:
        form = urlencode({"jurisdiction_id": "yavoryn", "api_key": self.key} | given, doseq=True)
        answer = self.client.post(f"{API}/{path}", form, content_type=FORM, headers={"User-Agent": "libwww-perl/6.05"})
        assert 200 <= answer.status_code < 300, answer.content.decode()
        found: Element = fromstring(answer.content)
        return found


@pytest.fixture
def fixmystreet(client: Client, api_key: str) -> FixMyStreet:
    return FixMyStreet(client, api_key)


@pytest.fixture
def problem(town: Town) -> dict[str, Any]:
    """A report in FixMyStreet, as its sender writes it."""
    return {
        "lat": f"{town['p'].y:.6f}",
        "long": f"{town['p'].x:.6f}",
        "description": "Яма\n\nВелика яма на переході.\n\nhttps://www.example.org/report/1\n",
        "service_code": "roads",
        "first_name": "Оля",
        "last_name": "Коваль",
        "email": "olia@example.org",
        "phone": "+380501112233",
        "media_url": ["https://www.example.org/photo/1.0.full.jpeg", "https://www.example.org/photo/1.1.full.jpeg"],
    }


def test_fixmystreet_sends_a_report_and_reads_its_number(fixmystreet: FixMyStreet, problem: dict[str, Any]) -> None:
    services = fixmystreet.get("services.xml")
    assert {one.findtext("service_code") for one in services.findall("service")} == {"roads", "manholes"}
    told = fixmystreet.post("requests.xml", **problem)
    assert told.findtext("request/service_request_id") == "1"
    issue = Issue.objects.get()
    assert issue.reporter_name == "Оля Коваль"
    assert issue.title == "Яма"


def test_fixmystreet_reads_a_number_from_a_token(
    client: Client, fixmystreet: FixMyStreet, problem: dict[str, Any]
) -> None:
    """It asks again when the first answer holds a token only."""
    form = urlencode({"api_key": fixmystreet.key} | problem, doseq=True)
    answer = client.post(f"{API}/requests.xml", form, content_type=FORM, headers={"Prefer": "respond-async"})
    token = fromstring(answer.content).findtext("request/token")
    assert fixmystreet.get(f"tokens/{token}.xml").findtext("request/service_request_id") == "1"


def test_fixmystreet_fetches_updates_of_a_time(issue: Issue, later: Any, fixmystreet: FixMyStreet) -> None:
    delivery = holder(issue)
    reply_by_organisation(delivery=delivery, text="Приїдемо завтра.", at=later)
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    given = {"start_date": "2026-11-20T00:00:00+02:00", "end_date": "2026-11-21T00:00:00+02:00", "api_key": ""}
    rows = fixmystreet.get("servicerequestupdates.xml", **given).findall("request_update")
    read = [[row.findtext(name) for name in ("service_request_id", "status", "description")] for row in rows]
    assert read == [["1", "open", "Приїдемо завтра."], ["1", "closed", "Залатали."]]
    assert all(row.findtext("update_id") and row.findtext("updated_datetime") for row in rows)


def test_fixmystreet_asks_for_the_requests_that_it_sent(issue: Issue, fixmystreet: FixMyStreet) -> None:
    rows = fixmystreet.get("requests.xml", service_request_id="1,999").findall("request")
    assert [(row.findtext("service_request_id"), row.findtext("status")) for row in rows] == [("1", "open")]


def test_fixmystreet_reads_code_and_description_of_an_error(client: Client, api_key: str) -> None:
    answer = client.post(f"{API}/requests.xml", urlencode({"api_key": api_key}), content_type=FORM)
    errors = fromstring(answer.content).findall("error")
    assert answer.status_code == 400
    assert errors[0].findtext("code") == "400"
    assert (errors[0].findtext("description") or "").startswith("service_code")


# three: JSON by default, `jurisdiction_id`, `page_size` for its count, a file called media ---------------------


def test_three_reads_and_sends(city: City, client: Client, api_key: str, town: Town) -> None:
    def get(*path: str, **given: str) -> Any:
        return client.get(f"{API}/{'/'.join(path)}.json", {"jurisdiction_id": "yavoryn"} | given).json()

    assert get("discovery")["endpoints"][0]["type"] == "production"
    assert get("services", "roads")["service_code"] == "roads"
    given = {
        "service_code": "roads", "jurisdiction_id": "yavoryn", "api_key": api_key, "lat": town["p"].y,
        "long": town["p"].x, "first_name": "Zach", "last_name": "Williams", "phone": "555-5555",
        "description": "My issue description.", "media": SimpleUploadedFile("photo.jpg", jpeg(), "image/jpeg"),
    }  # fmt: skip
    sent = client.post(f"{API}/requests.json", given).json()
    assert sent[0]["service_request_id"] == "1"
    assert Photo.objects.get().subject_id == Issue.objects.get().subject_id
    day = {"start_date": "2026-11-19T00:00:00Z", "end_date": "2026-11-21T00:00:00Z"}
    assert [one["service_request_id"] for one in get("requests", **day, page_size="1")] == ["1"]
    assert get("requests", "1")[0]["service_name"] == "Дороги"


# node-open311: picks its endpoint from discovery, reads only 200, joins ids with commas ---------------------------


def test_node_open311_finds_the_endpoint_and_uses_it(city: City, client: Client, api_key: str, town: Town) -> None:
    ask_where(city)
    told = client.get("/yavoryn/open311/discovery.json").json()
    chosen = [
        one for one in told["endpoints"]
        if (one["specification"], one["type"]) == ("http://wiki.open311.org/GeoReport_v2", "production")
    ]  # fmt: skip
    path = chosen[0]["url"].removeprefix("http://testserver") + "/"
    given = {
        "api_key": api_key, "service_code": "roads", "lat": town["p"].y, "long": town["p"].x, "description": "A hole",
        "attribute[where]": "yard",
    }  # fmt: skip
    xml = client.post(f"{path}requests.xml?jurisdiction_id=yavoryn", urlencode(given), content_type=FORM)
    assert fromstring(xml.content).findtext("request/service_request_id") == "1"
    assert client.get(f"{path}requests/1.json").json()[0]["requested_datetime"] == "2026-11-20T12:00:00+02:00"
    several = client.get(f"{path}requests.json", {"service_request_id": "1,2", "jurisdiction_id": "yavoryn"})
    assert len(several.json()) == 1
    token = client.get(f"{path}tokens/unknown.json")
    assert token.status_code == 404


# SeeClickFix's validator: every service has a code, definitions of those with metadata, a report by address ---------


def test_validator_of_seeclickfix_walks_through(city: City, client: Client, api_key: str, houses: Any) -> None:
    ask_where(city)
    for form, read in (("xml", _services_of_xml), ("json", _services_of_json)):
        answer = client.get(f"{API}/services.{form}?jurisdiction_id=yavoryn")
        services = read(answer)
        assert services
        for code, metadata in services:
            assert code
            if metadata:
                assert client.get(f"{API}/services/{code}.{form}?jurisdiction_id=yavoryn").status_code == 200
    given = {
        "api_key": api_key, "jurisdiction_id": "yavoryn", "service_code": "roads", "description": "I know",
        "address_string": "вул. Соборна, 12", "email": "foo@bar.com", "attribute[where]": "street",
    }  # fmt: skip
    for form in ("xml", "json"):
        assert client.post(f"{API}/requests.{form}", urlencode(given), content_type=FORM).content
    assert Issue.objects.count() == 1


Services = list[tuple[str | None, bool]]


def _services_of_xml(answer: Any) -> Services:
    rows = fromstring(answer.content).findall("service")
    return [(row.findtext("service_code"), row.findtext("metadata") == "true") for row in rows]


def _services_of_json(answer: Any) -> Services:
    return [(row["service_code"], row["metadata"]) for row in answer.json()]
