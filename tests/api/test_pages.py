"""Pages by keys: nothing twice, nothing left out, there and back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from issues.actions import report_issue
from issues.models import Issue
from tests.api.conftest import ISSUES
from tests.conftest import City, hole
from tests.grid import Town


@pytest.fixture
def seven(city: City, town: Town, now: datetime) -> list[int]:
    """Numbers of seven reports, the newest first; four of them of one moment."""
    moments = [now, now, now, now, *(now + timedelta(minutes=n) for n in (1, 2, 3))]
    for moment in moments:
        report_issue(new=hole(city, town["p"]), community=city.community, at=moment)
    return list(Issue.objects.order_by("-created_at", "-id").values_list("number", flat=True))


def walk(client: Client, address: str, link: str) -> list[dict[str, Any]]:
    pages = []
    while address:
        pages.append(client.get(address).json())
        address = pages[-1][link]
    return pages


def numbers(page: dict[str, Any]) -> list[int]:
    return [feature["id"] for feature in page["features"]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_all_pages_there_and_back_hold_everything_once(client: Client, seven: list[int], size: int) -> None:
    there = walk(client, f"{ISSUES}?page_size={size}", "next")
    assert [number for page in there for number in numbers(page)] == seven
    assert there[0]["previous"] is None
    back = walk(client, there[-1]["previous"] or "", "previous")
    before_last = [number for page in reversed(back) for number in numbers(page)]
    assert before_last == seven[: len(before_last)]
    assert len(before_last) + len(numbers(there[-1])) == 7


def test_what_is_new_meanwhile_moves_nothing(
    client: Client, seven: list[int], city: City, town: Town, now: datetime
) -> None:
    first = client.get(f"{ISSUES}?page_size=3").json()
    report_issue(new=hole(city, town["p"]), community=city.community, at=now + timedelta(hours=1))
    assert numbers(first) + numbers(client.get(first["next"]).json()) == seven[:6]


def test_links_keep_what_was_asked(client: Client, seven: list[int]) -> None:
    page = client.get(f"{ISSUES}?page_size=2&state=wait&language=en").json()
    assert {"state=wait", "page_size=2", "language=en"} < set(page["next"].partition("?")[2].split("&"))
