"""“Why them” on the page of a report: for traces of today and for those of the first version."""

from datetime import datetime

import pytest
from django.test import Client

from core.models import Subject, Visibility
from issues.actions import report_issue
from issues.models import Issue
from routing.models import Decision
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import Houses, ask_where, new_rule

FIRST_VERSION = {
    "version": 1,
    "point": [28.4627, 49.2219],
    "on": "2026-11-19",
    "category": "roads",
    "organisation": 1,
    "organisation_name": "КП «Яворинавтодор»",
    "matched": {
        "rule": 1, "category": "roads", "division": "districts", "area": "Заріччя", "priority": 0,
        "organisation": 1, "organisation_name": "КП «Яворинавтодор»",
    },
    "lost": [
        {
            "rule": 2, "category": "roads", "division": "districts", "area": "Слобідка", "priority": 0,
            "organisation": 2, "organisation_name": "КП «Яворинводоканал»", "reason": "outside_area", "metres": 12.0,
        },
    ],
    "fallback": False,
    "areas": [],
    "nearest_other": {"organisation": 2, "organisation_name": "КП «Яворинводоканал»", "area": "Слобідка", "metres": 12},
}  # fmt: skip


@pytest.fixture
def at_home(city: City, houses: Houses, town: Town, now: datetime) -> Issue:
    """A report about the first of two houses."""
    new = hole(city, town["p"], category=houses.category, asset=houses.first)
    return report_issue(new=new, community=city.community, at=now)


def test_chosen_house_is_named(client: Client, at_home: Issue) -> None:
    why = client.get(at_home.get_absolute_url()).context["why"]
    assert any("вул. Соборна, 12" in sentence and "ОСББ «Затишок»" in sentence for sentence in why)


def test_blurred_report_is_told_the_register_and_not_the_house(client: Client, at_home: Issue) -> None:
    Subject.objects.filter(pk=at_home.subject_id).update(visibility=Visibility.COARSE)
    client.cookies["language"] = "en"
    page = client.get(at_home.get_absolute_url())
    assert page.context["why"] == ["By the register “Будинки”, ОСББ «Затишок» answers at this place."]


def test_answer_on_which_the_decision_depends_is_told(client: Client, city: City, town: Town, now: datetime) -> None:
    ask_where(city)
    new_rule(city, category=city.roads, answers={"where": ["yard"]}, priority=5, organisation=city.vodokanal)
    new = hole(city, town["p"], answers={"where": "yard"})
    in_the_yard = report_issue(new=new, community=city.community, at=now)
    client.cookies["language"] = "en"
    page = client.get(in_the_yard.get_absolute_url())
    (reason,) = page.context["why"]
    assert reason == (
        "In the whole community, problems of the kind “Roads” are the duty of КП «Яворинводоканал». This rule holds "
        "only when “Where exactly?” is answered “In the yard”."
    )
    assert page.context["considered"][0].rule == (
        "Roads, the whole community, Where exactly? — In the yard → КП «Яворинводоканал»"
    )


def test_trace_of_the_first_version_is_still_read(client: Client, issue: Issue) -> None:
    Decision.objects.filter(subject=issue.subject).update(trace=FIRST_VERSION)
    page = client.get(issue.get_absolute_url())
    assert "Заріччя" in page.context["why"][0]
    assert "12" in page.context["why"][1]
    assert [one.matched for one in page.context["considered"]] == [True, False]


def test_blurred_report_tells_strangers_no_distance_whatever_the_version(client: Client, issue: Issue) -> None:
    Decision.objects.filter(subject=issue.subject).update(trace=FIRST_VERSION)
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.COARSE)
    page = client.get(issue.get_absolute_url())
    assert len(page.context["why"]) == 1
    assert page.context["considered"] == []
