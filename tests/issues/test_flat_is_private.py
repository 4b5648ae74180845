"""The flat is known to whoever must answer and to the author. No stranger meets it, by any door."""

import re
from dataclasses import replace
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from core.models import OutboxMessage, Subject, Visibility
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import add_by_reporter, not_ours, reply_by_organisation
from routing.models import Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import Houses, answer_page, author_page, holder, new_rule

FLAT = "кв-7З1"


@pytest.fixture
def at_home(city: City, houses: Houses, town: Town, now: datetime) -> Issue:
    """A report from a flat; the council is informed."""
    new_rule(city, role="informed", category=houses.category, organisation=city.council)
    home = {"category": houses.category, "asset": houses.first, "entrance": "3", "flat": FLAT, "address": "Соборна, 12"}
    return report_issue(new=hole(city, town["p"], **home), community=city.community, at=now)


def letters_to(address: str) -> str:
    rows = OutboxMessage.objects.filter(recipient=address)
    return "".join(f"{row.payload['subject']}{row.payload['text']}{row.payload['html']}" for row in rows)


def test_whoever_must_answer_reads_it(client: Client, at_home: Issue, now: datetime) -> None:
    delivery = Delivery.objects.responsible().get()
    assert FLAT in letters_to("osbb@example.org")
    assert FLAT in client.get(answer_page(delivery)).content.decode()
    add_by_reporter(issue=at_home, text="Ще тече.", at=now)
    assert letters_to("osbb@example.org").count(FLAT) == 4, "both parts of both letters"


def test_author_reads_it_on_their_own_page(client: Client, at_home: Issue) -> None:
    assert FLAT in client.get(author_page(at_home)).content.decode()


@pytest.mark.parametrize(
    "door",
    [
        "/yavoryn/issues/1/",
        "/yavoryn/",
        "/yavoryn/list/",
        "/yavoryn/marks.geojson?box=28.4,49.2,28.6,49.3&zoom=18",
        "/api/v1/yavoryn/issues/",
        "/api/v1/yavoryn/responsible/?lat={lat}&lon={lon}&category=houses&asset=12",
        "/yavoryn/who/?lat={lat}&lon={lon}&category=houses",
    ],
)
def test_no_stranger_meets_it(client: Client, at_home: Issue, door: str) -> None:
    answer = client.get(door.format(lat=at_home.location.y, lon=at_home.location.x))
    assert answer.status_code == 200
    assert FLAT not in answer.content.decode()


def test_the_informed_never_read_it(at_home: Issue) -> None:
    assert letters_to("council@example.org")
    assert FLAT not in letters_to("council@example.org")


def test_letters_to_the_author_leave_it_out(at_home: Issue, now: datetime) -> None:
    reply_by_organisation(delivery=Delivery.objects.responsible().get(), text="Глянемо.", at=now)
    assert letters_to("olia@example.org")
    assert FLAT not in letters_to("olia@example.org")


def test_whoever_handed_it_back_reads_it_no_more(client: Client, at_home: Issue, now: datetime) -> None:
    delivery = Delivery.objects.responsible().get()
    not_ours(delivery=delivery, reason="Це не наш будинок.", at=now)
    ended = client.get(answer_page(delivery))
    assert ended.status_code == 410
    assert FLAT not in ended.content.decode()
    assert holder(at_home).organisation.name == "Яворинська міська рада"


def test_public_page_names_the_house_and_the_entrance(client: Client, at_home: Issue) -> None:
    page = client.get(at_home.get_absolute_url()).content.decode()
    assert re.search("вул. Соборна, 12, (під’їзд|entrance) 3", page)


def test_blurred_report_names_neither_house_nor_entrance_to_strangers(client: Client, at_home: Issue) -> None:
    Subject.objects.filter(pk=at_home.subject_id).update(visibility=Visibility.COARSE)
    public = client.get(at_home.get_absolute_url()).content.decode()
    assert "Соборна" not in public
    assert "3" not in public.partition("<dl")[2].partition("</dl>")[0]
    assert "Соборна" in client.get(author_page(at_home)).content.decode()


def test_headline_is_of_the_words_only(city: City, houses: Houses, town: Town, now: datetime) -> None:
    new = replace(hole(city, town["p"]), category=houses.category, asset=houses.first, flat=FLAT)
    issue = report_issue(new=new, community=city.community, at=now)
    assert FLAT not in f"{issue.title}{issue.text}{issue.address}{issue}"
    assert reverse("issue", args=["yavoryn", issue.number]) == issue.get_absolute_url()
