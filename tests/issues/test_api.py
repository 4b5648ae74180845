"""The public API gives what strangers may see, and nothing else."""

from base64 import b64encode
from datetime import datetime

import pytest
from django.test import Client

from accounts.models import User
from core.models import Subject, Visibility
from issues.actions import report_issue
from issues.models import Issue
from tests.conftest import City, hole
from tests.grid import Town

ADDRESS = "/api/v1/yavoryn/issues/"


def test_feature_holds_only_what_strangers_may_see(client: Client, issue: Issue) -> None:
    feature = client.get(ADDRESS).json()["features"][0]
    assert feature["id"] == issue.number
    assert set(feature["properties"]) == {
        "title", "text", "category", "state", "state_group", "created_at", "due_on", "changed_at", "url",
        "supporters", "organisation", "address", "is_blurred", "photo",
    }  # fmt: skip
    assert feature["geometry"]["coordinates"] == [round(issue.location.x, 6), round(issue.location.y, 6)]


def test_held_and_hidden_reports_are_not_there_even_for_staff(client: Client, issue: Issue, marta: User) -> None:
    client.force_login(marta)
    for visibility in (Visibility.HELD, Visibility.HIDDEN):
        Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason="x")
        assert client.get(ADDRESS).json()["features"] == []


def test_coarse_report_gives_the_middle_of_its_grid_cell(client: Client, issue: Issue) -> None:
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.COARSE)
    lon, lat = client.get(ADDRESS).json()["features"][0]["geometry"]["coordinates"]
    assert (round(lon % 0.01, 6), round(lat % 0.01, 6)) == (0.005, 0.005)


def test_pages_hold_every_report_once(client: Client, city: City, town: Town, now: datetime) -> None:
    for _turn in range(5):
        report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    numbers, address = [], ADDRESS + "?page_size=2"
    while address:
        page = client.get(address).json()
        numbers += [feature["id"] for feature in page["features"]]
        address = page["next"]
    assert sorted(numbers) == [1, 2, 3, 4, 5]


def test_filters_combine(client: Client, issue: Issue) -> None:
    assert len(client.get(ADDRESS + "?state=wait&category=roads").json()["features"]) == 1
    assert client.get(ADDRESS + "?state=done").json()["features"] == []
    assert client.get(ADDRESS + "?category=manholes").json()["features"] == []


@pytest.mark.parametrize("unknown", ["%00", "nothing", "roads%00", "%F0%9F%95%B3"])
def test_category_that_nobody_has_gives_no_reports(client: Client, issue: Issue, unknown: str) -> None:
    assert client.get(f"{ADDRESS}?category={unknown}").json()["features"] == []
    assert len(client.get(f"{ADDRESS}?category={unknown}&category=roads").json()["features"]) == 1


@pytest.mark.parametrize(
    "place", ["p=abc", "p=2026-02-30 10:00", "p=2026-11-19 10:00", "r=1&p=\0", "o=-1", "p=9999999"]
)
def test_made_up_place_in_the_list_is_not_found(client: Client, issue: Issue, place: str) -> None:
    cursor = b64encode(place.encode()).decode()
    answer = client.get(ADDRESS, {"cursor": cursor})
    assert answer.status_code == 404
    assert answer.json()["detail"]


def test_nobody_writes_by_it_without_a_key(client: Client, issue: Issue) -> None:
    assert client.post(ADDRESS, {}).status_code == 401
    assert client.put(ADDRESS, {}).status_code == 405
    assert Issue.objects.count() == 1
