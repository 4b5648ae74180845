"""What a draft of rules or of boundaries would have changed in the last months."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from geodata.models import Area
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import pass_on
from routing.models import Decision, Delivery, Rule, RuleSet
from routing.rulesets import new_draft, publish, set_in_force
from routing.whatif import Outcome, try_areas, try_rules
from tests.conftest import NOW, City, hole
from tests.grid import Town

MONTHS_AGO = NOW - timedelta(days=180)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def reports(city: City, town: Town) -> list[Issue]:
    """Holes: three in Заріччя, two in Слобідка, over the last months; and one manhole."""
    places = "pppqq"
    found = [
        report_issue(new=hole(city, town[place]), community=city.community, at=NOW - timedelta(days=30 * n))
        for n, place in enumerate(places)
    ]
    manhole = hole(city, town["p"], category=city.manholes)
    return [*found, report_issue(new=manhole, community=city.community, at=NOW)]


def current(city: City) -> RuleSet:
    found = set_in_force(city.community, at=NOW)
    assert found
    return found


def tried(city: City, draft: RuleSet, *, since: datetime = MONTHS_AGO) -> Outcome:
    return try_rules(draft=draft, in_force=current(city), since=since, until=LATER)


def test_a_copy_changes_nothing(city: City, reports: list[Issue]) -> None:
    outcome = tried(city, new_draft(community=city.community, at=NOW, based_on=current(city)))
    assert (outcome.cases, outcome.changes, outcome.changed) == (6, 0, [])


def test_draft_tells_how_many_decisions_move_from_whom_to_whom(city: City, reports: list[Issue]) -> None:
    draft = new_draft(community=city.community, at=NOW, based_on=current(city))
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    Rule.objects.create(
        community=city.community,
        ruleset=draft,
        category=city.roads,
        division=city.division,
        area_code="south",
        organisation=city.road_service,
    )
    outcome = tried(city, draft)
    roads, water, council = city.road_service.pk, city.vodokanal.pk, city.council.pk
    assert outcome.moves == {(roads, water, "roads"): 3, (council, roads, "roads"): 2}
    assert (outcome.by_queue_before, outcome.by_queue_after) == (2, 0)
    told = outcome.as_dict()
    assert [(row["before_name"], row["after_name"], row["count"]) for row in told["table"]] == [
        ("КП «Яворинавтодор»", "КП «Яворинводоканал»", 3),
        ("Яворинська міська рада", "КП «Яворинавтодор»", 2),
    ]
    places = {(place["subject"], place["lon"], place["lat"]) for place in told["places"]}
    assert places == {
        (report.subject_id, round(report.location.x, 6), round(report.location.y, 6)) for report in reports[:5]
    }


def test_only_the_months_that_were_asked_count(city: City, reports: list[Issue]) -> None:
    draft = new_draft(community=city.community, at=NOW, based_on=current(city))
    assert tried(city, draft, since=NOW - timedelta(days=45)).cases == 3


def test_what_was_chosen_by_hand_is_left_out_and_each_report_counts_once(
    city: City, town: Town, reports: list[Issue]
) -> None:
    queued = Delivery.objects.get(subject=reports[3].subject)
    pass_on(delivery=queued, to=city.vodokanal, reason="Це люк.", at=NOW)
    assert Decision.objects.filter(subject=reports[3].subject).count() == 2
    draft = new_draft(community=city.community, at=NOW, based_on=current(city))
    assert tried(city, draft).cases == 6


def test_trial_leaves_everything_as_it_was(city: City, reports: list[Issue]) -> None:
    before = list(Decision.objects.values())
    tried(city, new_draft(community=city.community, at=NOW, based_on=current(city)))
    assert list(Decision.objects.values()) == before
    assert current(city).in_force_to is None


def test_boundaries_are_tried_and_rolled_back(city: City, town: Town, reports: list[Issue]) -> None:
    """Слобідка would take the whole town: holes in Заріччя would go to the duty queue."""
    first_day = date(2027, 1, 1)
    versions = list(Area.objects.order_by("pk").values())

    def bring_in() -> None:
        Area.objects.filter(pk__in=[city.zarichchia.pk, city.slobidka.pk]).update(valid_to=first_day)
        Area.objects.create(
            community=city.community,
            division=city.division,
            code="south",
            name="Слобідка",
            boundary=town.area("ABFE"),
            valid_from=first_day,
        )

    steps: list[tuple[int, int]] = []
    outcome = try_areas(
        community=city.community,
        in_force=current(city),
        bring_in=bring_in,
        first_day=first_day,
        today=date(2026, 11, 19),
        since=MONTHS_AGO,
        until=LATER,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert outcome.moves == {(city.road_service.pk, city.council.pk, "roads"): 3}
    assert steps == [(6, 6)]
    assert list(Area.objects.order_by("pk").values()) == versions


def test_first_version_of_traces_is_asked_too(city: City, reports: list[Issue]) -> None:
    """Decisions of earlier installations hold neither the moment nor answers."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routing_decision SET trace = trace - 'at' - 'answers' - 'asset' - 'doubt' - 'informed'")
    draft = new_draft(community=city.community, at=NOW, based_on=current(city))
    assert tried(city, draft).cases == 6


def test_a_published_draft_decides_as_the_trial_said(city: City, town: Town, reports: list[Issue]) -> None:
    draft = new_draft(community=city.community, at=NOW, based_on=current(city))
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    (place, *_rest) = [one for one in tried(city, draft).changed if one.subject == reports[0].subject_id]
    publish(draft, moment=NOW, at=NOW)
    at = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
    again = report_issue(new=hole(city, town["p"]), community=city.community, at=at)
    assert Decision.objects.get(subject=again.subject).organisation_id == place.after
