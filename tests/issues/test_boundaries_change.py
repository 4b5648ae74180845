"""What happens to reports, open and new, when the boundary of an area changes: docs/operations.md states it."""

from datetime import date, timedelta

import pytest
from shapely import MultiPolygon, from_wkb

from geodata.actions import import_areas
from geodata.area_plan import AreaPlan
from geodata.candidates import Candidate
from geodata.models import Area
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours
from routing.models import Decision, Delivery, Rule
from routing.rulesets import new_draft, publish, set_in_force
from tests.conftest import NOW, City, hole
from tests.grid import Town

TODAY = date(2026, 11, 19)
NEXT_WEEK = TODAY + timedelta(days=7)
IN_A_WEEK = NOW + timedelta(days=7)


def redrawn(city: City, town: Town, *, first_day: date) -> AreaPlan:
    """Заріччя takes the whole town; Слобідка ends."""
    whole = from_wkb(bytes(town.area("ABFE").wkb))
    assert isinstance(whole, MultiPolygon)
    candidate = Candidate(1, "north", "Заріччя", whole)
    return import_areas(
        city.community,
        "districts",
        candidates=[candidate],
        problems=[],
        valid_from=first_day,
        today=TODAY,
        close_missing=True,
    )


def areas_of(issue: Issue) -> set[Area]:
    return set(issue.areas.all())


@pytest.fixture
def southern(city: City, town: Town) -> Issue:
    """A hole in Слобідка, open, in the council's queue."""
    return report_issue(new=hole(city, town["q"]), community=city.community, at=NOW)


def test_previous_version_ends_on_the_day_when_the_new_one_begins(city: City, town: Town) -> None:
    plan = redrawn(city, town, first_day=NEXT_WEEK)
    assert plan.written
    versions = Area.objects.filter(code="north").order_by("valid_from").values_list("valid_from", "valid_to")
    assert list(versions) == [(city.zarichchia.valid_from, NEXT_WEEK), (NEXT_WEEK, None)]
    assert Area.objects.get(code="south").valid_to == NEXT_WEEK


def test_open_report_keeps_its_area_and_whoever_has_it(city: City, town: Town, southern: Issue) -> None:
    before = list(Delivery.objects.values())
    redrawn(city, town, first_day=TODAY)
    assert areas_of(southern) == {city.slobidka}
    assert list(Delivery.objects.values()) == before


def test_new_report_gets_the_area_of_its_own_day(city: City, town: Town) -> None:
    redrawn(city, town, first_day=NEXT_WEEK)
    today = report_issue(new=hole(city, town["q"]), community=city.community, at=NOW)
    later = report_issue(new=hole(city, town["q"]), community=city.community, at=IN_A_WEEK)
    assert areas_of(today) == {city.slobidka}
    assert areas_of(later) == {Area.objects.get(code="north", valid_to=None)}
    assert Decision.objects.get(subject=today.subject).organisation == city.council
    assert Decision.objects.get(subject=later.subject).organisation == city.road_service


def test_returned_report_is_decided_by_the_areas_of_its_day_and_the_rules_of_now(
    city: City, town: Town, issue: Issue
) -> None:
    """The hole in Заріччя was Яворинавтодор's; meanwhile the rules name the water utility for Заріччя of that day."""
    redrawn(city, town, first_day=NEXT_WEEK)
    draft = new_draft(community=city.community, at=NOW, based_on=set_in_force(city.community, at=NOW))
    given = {"community": city.community, "ruleset": draft, "division": city.division}
    Rule.objects.create(category=city.roads, area_code="north", organisation=city.vodokanal, priority=-1, **given)
    publish(draft, moment=NOW + timedelta(hours=1), at=NOW)
    delivery = Delivery.objects.get(subject=issue.subject)
    again = not_ours(delivery=delivery, reason="Це не наша вулиця.", at=IN_A_WEEK)
    assert again
    assert again.organisation == city.vodokanal
    decision = Decision.objects.filter(subject=issue.subject).latest("decided_at")
    assert decision.ruleset == draft
    assert [area["id"] for area in decision.trace["areas"]] == [city.zarichchia.pk]
    assert areas_of(issue) == {city.zarichchia}
