"""What a draft of rules or of boundaries would have changed in the last months."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection

from geodata.models import Area
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import pass_on
from routing.models import Asset, Decision, Delivery, Register, Rule, RuleSet
from routing.rulesets import new_draft, publish, set_in_force
from routing.whatif import OUTSIDE, Outcome, try_areas, try_rules
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.routing.conftest import square

TODAY = NOW.date()
NEW_YEAR = date(2027, 1, 1)
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


def draft_of(city: City) -> RuleSet:
    """A draft like the set in force."""
    return new_draft(community=city.community, at=NOW, based_on=current(city))


def tried(city: City, draft: RuleSet, *, since: datetime = MONTHS_AGO, on: date = TODAY) -> Outcome:
    return try_rules(draft=draft, against=current(city), on=on, since=since, until=LATER)


def test_a_copy_changes_nothing(city: City, reports: list[Issue]) -> None:
    outcome = tried(city, draft_of(city))
    assert (outcome.cases, outcome.changes, outcome.changed) == (6, 0, [])


def test_draft_tells_how_many_decisions_move_from_whom_to_whom(city: City, reports: list[Issue]) -> None:
    draft = draft_of(city)
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
    draft = draft_of(city)
    assert tried(city, draft, since=NOW - timedelta(days=45)).cases == 3


def test_what_was_chosen_by_hand_is_left_out_and_each_report_counts_once(
    city: City, town: Town, reports: list[Issue]
) -> None:
    queued = Delivery.objects.get(subject=reports[3].subject)
    pass_on(delivery=queued, to=city.vodokanal, reason="Це люк.", at=NOW)
    assert Decision.objects.filter(subject=reports[3].subject).count() == 2
    draft = draft_of(city)
    assert tried(city, draft).cases == 6


def test_trial_leaves_everything_as_it_was(city: City, reports: list[Issue]) -> None:
    before = list(Decision.objects.values())
    tried(city, draft_of(city))
    assert list(Decision.objects.values()) == before
    assert current(city).in_force_to is None


def test_boundaries_are_tried_and_rolled_back(city: City, town: Town, reports: list[Issue]) -> None:
    """Слобідка would take the whole town: holes in Заріччя would go to the duty queue."""
    versions = list(Area.objects.order_by("pk").values())

    def bring_in() -> None:
        Area.objects.filter(pk__in=[city.zarichchia.pk, city.slobidka.pk]).update(valid_to=NEW_YEAR)
        Area.objects.create(
            community=city.community,
            division=city.division,
            code="south",
            name="Слобідка",
            boundary=town.area("ABFE"),
            valid_from=NEW_YEAR,
        )

    steps: list[tuple[int, int]] = []
    outcome = try_areas(
        in_force=current(city),
        bring_in=bring_in,
        on=NEW_YEAR,
        since=MONTHS_AGO,
        until=LATER,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert outcome.moves == {(city.road_service.pk, city.council.pk, "roads"): 3}
    assert steps == [(6, 6)]
    assert list(Area.objects.order_by("pk").values()) == versions


def test_report_that_new_boundaries_leave_out_moves_outside(city: City, town: Town, reports: list[Issue]) -> None:
    def bring_in() -> None:
        city.community.boundary = town.area("ABDC")
        city.community.save(update_fields=["boundary"])

    outcome = try_areas(in_force=current(city), bring_in=bring_in, on=TODAY, since=MONTHS_AGO, until=LATER)
    assert outcome.moves == {(city.council.pk, OUTSIDE, "roads"): 2}
    assert (outcome.cases, outcome.outside, outcome.by_queue_before, outcome.by_queue_after) == (6, 0, 2, 0)
    told = outcome.as_dict()
    assert [(row["before_name"], row["after"], row["count"]) for row in told["table"]] == [
        ("Яворинська міська рада", "outside", 2)
    ]
    assert {(place["subject"], place["after"], place["rule"]) for place in told["places"]} == {
        (report.subject_id, "outside", None) for report in reports[3:5]
    }
    city.community.refresh_from_db()
    assert city.community.boundary == town.area("ABFE")


def test_report_outside_with_the_draft_and_without_it_is_left_out(city: City, town: Town, reports: list[Issue]) -> None:
    city.community.boundary = town.area("ABDC")
    city.community.save(update_fields=["boundary"])
    outcome = tried(city, draft_of(city))
    assert (outcome.cases, outcome.outside, outcome.changes) == (4, 2, 0)


# One day for both sides -----------------------------------------------------------------------------------------
def houses_of(city: City, town: Town, *, since: date = TODAY) -> Asset:
    """The register of houses, imported that day: one around p that the vodokanal keeps."""
    register = Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    given = {"community": city.community, "register": register, "key": "h1", "keeper": city.vodokanal}
    return Asset.objects.create(geometry=square(town["p"], half=20), valid_from=since, **given)


def test_register_that_was_imported_today_decides_about_the_reports_of_the_last_months(
    city: City, town: Town, reports: list[Issue]
) -> None:
    house, draft = houses_of(city, town), draft_of(city)
    given = {"community": city.community, "category": city.roads, "register": house.register, "asks": "inside"}
    Rule.objects.create(ruleset=draft, priority=5, **given)
    assert tried(city, draft).moves == {(city.road_service.pk, city.vodokanal.pk, "roads"): 3}


def test_thing_that_a_resident_chose_is_asked_in_its_version_of_the_day(
    city: City, town: Town, reports: list[Issue]
) -> None:
    """The house got another keeper after the report: the keeper of the day would answer."""
    old, draft = houses_of(city, town, since=date(2026, 1, 1)), draft_of(city)
    report_issue(new=hole(city, town["p"], asset=old), community=city.community, at=NOW - timedelta(days=20))
    Asset.objects.filter(pk=old.pk).update(valid_to=TODAY)
    Asset.objects.create(
        community=city.community, register=old.register, key=old.key, keeper=city.council, geometry=old.geometry,
        valid_from=TODAY,
    )  # fmt: skip
    given = {"community": city.community, "category": city.roads, "register": old.register, "asks": "this"}
    Rule.objects.create(ruleset=draft, priority=5, **given)
    assert tried(city, draft).moves == {(city.road_service.pk, city.council.pk, "roads"): 1}


def test_districts_that_were_cut_today_are_asked_about_the_reports_of_the_last_months(
    city: City, town: Town, reports: list[Issue]
) -> None:
    """Заріччя has a new code: by the rules in force its holes now go to the duty queue, the draft brings them back."""
    Area.objects.filter(pk=city.zarichchia.pk).update(valid_to=TODAY)
    Area.objects.create(
        community=city.community, division=city.division, code="north-2026", name="Заріччя",
        boundary=city.zarichchia.boundary, valid_from=TODAY,
    )  # fmt: skip
    draft = draft_of(city)
    Rule.objects.filter(ruleset=draft, area_code="north").update(area_code="north-2026")
    outcome = tried(city, draft)
    assert outcome.moves == {(city.council.pk, city.road_service.pk, "roads"): 3}
    assert (outcome.by_queue_before, outcome.by_queue_after) == (5, 2)


def test_rule_of_the_future_decides_on_the_day_on_which_the_draft_comes_into_force(
    city: City, reports: list[Issue]
) -> None:
    draft = draft_of(city)
    Rule.objects.create(
        community=city.community, ruleset=draft, category=city.roads, organisation=city.vodokanal, priority=5,
        valid_from=NEW_YEAR,
    )  # fmt: skip
    roads, water, council = city.road_service.pk, city.vodokanal.pk, city.council.pk
    assert tried(city, draft).changes == 0
    assert tried(city, draft, on=NEW_YEAR).moves == {(roads, water, "roads"): 3, (council, water, "roads"): 2}


def test_weekday_and_hour_are_those_of_each_report(city: City, town: Town) -> None:
    for at in (NOW - timedelta(days=7), NOW - timedelta(days=7, hours=-12), NOW - timedelta(days=5)):
        report_issue(new=hole(city, town["p"]), community=city.community, at=at)  # Thursday 10:00, 22:00; Saturday
    draft = draft_of(city)
    Rule.objects.create(
        community=city.community, ruleset=draft, category=city.roads, organisation=city.vodokanal, priority=5,
        weekdays=[4], hours_from=time(20), hours_to=time(6),
    )  # fmt: skip
    outcome = tried(city, draft, on=NEW_YEAR)
    assert (outcome.cases, outcome.changes) == (3, 1)
    assert outcome.changed[0].at == (NOW - timedelta(days=7, hours=-12)).isoformat()


def test_first_version_of_traces_is_asked_too(city: City, reports: list[Issue]) -> None:
    """Decisions of earlier installations hold neither the moment nor answers."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routing_decision SET trace = trace - 'at' - 'answers' - 'asset' - 'doubt' - 'informed'")
    draft = draft_of(city)
    assert tried(city, draft).cases == 6


def test_a_published_draft_decides_as_the_trial_said(city: City, town: Town, reports: list[Issue]) -> None:
    draft = draft_of(city)
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    (place, *_rest) = [one for one in tried(city, draft).changed if one.subject == reports[0].subject_id]
    publish(draft, moment=NOW, at=NOW)
    at = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
    again = report_issue(new=hole(city, town["p"]), community=city.community, at=at)
    assert Decision.objects.get(subject=again.subject).organisation_id == place.after
