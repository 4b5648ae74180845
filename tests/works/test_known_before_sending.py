"""Who reports what known works explain reads of them first."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django_scopes import scope

from core.models import Subject, Visibility
from issues.lookalikes import Draft, look_alikes
from issues.models import Issue
from tests.conftest import NOW, City
from tests.grid import Town
from tests.works.conftest import MakeWork

ADDRESS = "/yavoryn/report/"


@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Розрито дорогу, не проїхати.",
    }


def known_at(city: City, town: Town, place: str, now: datetime) -> list[str]:
    draft = Draft(category=city.roads, point=town[place])
    with scope(community=city.community):
        return [one.row["title"] for one in look_alikes(draft, community=city.community, at=now)]


def test_form_tells_of_works_and_until_when(
    client: Client, make_work: MakeWork, city: City, filled: dict[str, str]
) -> None:
    make_work(concerns=(city.roads,))
    with time_machine.travel(NOW, tick=False):
        page = client.post(ADDRESS, filled | {"do": "check"}).content.decode()
    assert "Ремонт водогону" in page
    assert "3 грудня" in page


def test_sending_goes_on_after_one_tap(client: Client, make_work: MakeWork, filled: dict[str, str]) -> None:
    work = make_work()
    with time_machine.travel(NOW, tick=False):
        filled["seen"] = client.post(ADDRESS, filled | {"do": "check"}).context["answerer"].seen
        stopped = client.post(ADDRESS, filled | {"do": "send"})
        assert stopped.status_code == 200
        assert Issue.objects.count() == 0
        client.post(ADDRESS, filled | {"similar": [f"works-{work.pk}"], "do": "different:send"})
    assert Issue.objects.count() == 1


def test_works_that_explain_other_problems_are_left_out(
    make_work: MakeWork, city: City, town: Town, now: datetime
) -> None:
    make_work(concerns=(city.manholes,))
    assert known_at(city, town, "p", now) == []


def test_works_without_kinds_explain_every_problem(make_work: MakeWork, city: City, town: Town, now: datetime) -> None:
    make_work()
    assert known_at(city, town, "p", now) == ["Ремонт водогону"]


def test_works_elsewhere_planned_or_over_are_left_out(
    make_work: MakeWork, city: City, town: Town, now: datetime
) -> None:
    make_work()
    make_work(town.area("CDFE"), starts_at=now + timedelta(hours=2))
    make_work(town.area("CDFE"), starts_at=now - timedelta(days=3), ends_at=now - timedelta(hours=1))
    assert known_at(city, town, "q", now) == []


def test_draft_of_works_is_told_to_nobody(make_work: MakeWork, city: City, town: Town, now: datetime) -> None:
    work = make_work(is_shown=False)
    assert known_at(city, town, "p", now) == []
    Subject.objects.filter(pk=work.subject_id).update(visibility=Visibility.HIDDEN, hidden_reason="помилка")
    assert known_at(city, town, "p", now) == []
