"""Reports are counted per area, organisation, kind and day, and counted anew when something about them changes."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.models import Visibility
from core.privacy import FEWEST
from issues.counters import REPORTS
from issues.models import Issue, IssueEvent
from issues.moves import move_by_organisation, move_by_reporter, not_ours, set_visibility
from issues.states import State
from routing.models import Delivery
from stats import filling, tasks
from stats.filling import fill_all
from stats.recount import difference
from tests.conftest import NOW, City
from tests.grid import Town
from tests.stats.reading import AREA, COMMUNITY, ORGANISATION, PAIR, counted, days_of, read

DAY = timedelta(days=1)
TODAY = date(2026, 11, 19)


def delivery_of(issue: Issue) -> Delivery:
    found: Delivery = Delivery.objects.standing().responsible().get(subject=issue.subject)
    return found


def done(issue: Issue, at: datetime) -> None:
    """The organisation says that the hole is filled."""
    move_by_organisation(delivery=delivery_of(issue), to=State.DONE, text="Засипали.", at=at)


def check_exact(city: City) -> None:
    assert difference(REPORTS, city.community.pk).wrong == 0


def test_a_new_report_is_counted_in_its_community_its_area_its_organisation_and_its_kind(
    city: City, issue: Issue
) -> None:
    fill_all(at=NOW)
    pair = (city.zarichchia.pk << 32) | city.road_service.pk
    for kind, place in (
        (COMMUNITY, 0),
        (AREA, city.zarichchia.pk),
        (ORGANISATION, city.road_service.pk),
        (PAIR, pair),
    ):
        assert counted(kind, place) == {"opened": 1}
    assert counted(AREA, city.zarichchia.pk, category=city.roads.pk) == {"opened": 1}
    assert counted(AREA, city.zarichchia.pk, category=city.manholes.pk) == {}
    assert counted(AREA, city.slobidka.pk) == {}
    assert days_of("opened") == {TODAY: 1}
    check_exact(city)


def test_what_is_done_is_closed_ended_and_kept_with_its_time(city: City, issue: Issue) -> None:
    done(issue, NOW + DAY)
    fill_all(at=NOW + DAY)
    assert counted(AREA, city.zarichchia.pk) == {"opened": 1, "accepted": 1, "closed": 1, "ended": 1, "kept": 1}
    times = "SELECT measure, span, many FROM stats_time WHERE kind = 1 AND category = 0 ORDER BY 1, 2"
    assert read(times) == [(measure, span, [1]) for measure in (1, 2) for span in (0, 1, 3, 12)]
    assert read("SELECT fix_seconds, answer_seconds FROM stats_case") == [(86_400, 86_400)]
    check_exact(city)


def test_who_confirms_is_counted_on_the_day_it_was_closed(city: City, issue: Issue) -> None:
    done(issue, NOW + DAY)
    move_by_reporter(issue=issue, to=State.CONFIRMED, at=NOW + 3 * DAY)
    fill_all(at=NOW + 3 * DAY)
    assert days_of("confirmed") == days_of("closed") == {TODAY + DAY: 1}


def test_a_repair_that_did_not_hold_was_no_repair(city: City, issue: Issue) -> None:
    done(issue, NOW + DAY)
    fill_all(at=NOW + DAY)
    assert counted(COMMUNITY, 0)["closed"] == 1
    move_by_reporter(issue=issue, to=State.REOPENED, text="Знову яма.", at=NOW + 2 * DAY)
    fill_all(at=NOW + 2 * DAY)
    assert counted(COMMUNITY, 0) == {"opened": 1, "accepted": 1, "reopened": 1}
    done(issue, NOW + 4 * DAY)
    fill_all(at=NOW + 4 * DAY)
    assert days_of("closed") == days_of("ended") == {TODAY + 4 * DAY: 1}
    assert days_of("reopened") == {TODAY + 2 * DAY: 1}
    check_exact(city)


def test_a_promise_that_was_not_kept_is_late_from_the_day_after_it(city: City, issue: Issue) -> None:
    on_the_day = datetime.combine(issue.due_on, NOW.timetz())
    fill_all(at=on_the_day)
    assert days_of("late") == {}
    fill_all(at=on_the_day + DAY)
    assert days_of("late") == {issue.due_on + DAY: 1}
    done(issue, on_the_day + 2 * DAY)
    fill_all(at=on_the_day + 2 * DAY)
    assert days_of("late") == {issue.due_on + DAY: 1}
    assert "kept" not in counted(COMMUNITY, 0)
    check_exact(city)


def test_a_report_that_was_handed_on_is_counted_with_whoever_has_it_now(city: City, issue: Issue) -> None:
    fill_all(at=NOW)
    not_ours(delivery=delivery_of(issue), reason="Це двір.", at=NOW + DAY)
    fill_all(at=NOW + DAY)
    assert counted(ORGANISATION, city.road_service.pk) == {}
    assert counted(ORGANISATION, city.council.pk) == {"opened": 1}
    check_exact(city)


def test_what_is_hidden_is_counted_no_more(city: City, issue: Issue, marta: User) -> None:
    fill_all(at=NOW)
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="особисті дані", user=marta, at=NOW)
    fill_all(at=NOW)
    assert counted(COMMUNITY, 0) == {}
    assert read("SELECT count(*) FROM stats_case") == [(0,)]
    check_exact(city)


def test_of_a_blurred_report_no_area_is_told_that_its_cell_is_not_all_in(city: City, issue: Issue, marta: User) -> None:
    set_visibility(issue=issue, visibility=Visibility.COARSE, user=marta, at=NOW)
    fill_all(at=NOW)
    assert counted(COMMUNITY, 0) == {"opened": 1}
    assert counted(AREA, city.zarichchia.pk) == {}
    shown = "SELECT ST_X(place), ST_Y(place) FROM stats_case"
    assert read(shown) == [pytest.approx((28.465, 49.225))]


def test_voices_are_counted_with_the_report_that_they_are_for_when_they_are_not_few(
    city: City, issue: Issue, serhii: User
) -> None:
    from issues.models import Supporter

    for number in range(FEWEST - 1):
        Supporter.objects.create(community=city.community, issue=issue, voice=f"{number}", created_at=NOW)
    fill_all(at=NOW)
    assert days_of("supporters") == {}
    Supporter.objects.create(community=city.community, issue=issue, user=serhii, created_at=NOW + DAY)
    fill_all(at=NOW + DAY)
    assert days_of("supporters") == {TODAY: FEWEST}
    Supporter.objects.filter(user=serhii).delete()
    fill_all(at=NOW + DAY)
    assert days_of("supporters") == {}


def test_a_deleted_report_leaves_no_count(city: City, issue: Issue) -> None:
    fill_all(at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL misto.erasing = 'on'")
    issue.delete()
    fill_all(at=NOW)
    assert counted(COMMUNITY, 0) == {}
    check_exact(city)


def test_filling_again_changes_nothing(city: City, issue: Issue, town: Town) -> None:
    fill_all(at=NOW)
    before = read("SELECT * FROM stats_month ORDER BY kind, place, category")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_to_count (source, thing) SELECT 1, thing FROM stats_case")
    assert fill_all(at=NOW) == 1
    assert read("SELECT * FROM stats_month ORDER BY kind, place, category") == before


def test_a_community_whose_clock_is_set_otherwise_is_counted_anew(city: City, issue: Issue) -> None:
    late = NOW.replace(hour=21)  # 23:00 in Kyiv
    Issue.objects.filter(pk=issue.pk).update(created_at=late)
    fill_all(at=late)
    assert days_of("opened") == {TODAY: 1}
    city.community.time_zone = "Asia/Tbilisi"
    city.community.save()
    fill_all(at=late)
    assert days_of("opened") == {TODAY + DAY: 1}
    check_exact(city)


def imported_as_done(issue: Issue, *, is_undated: bool) -> None:
    """What a history without or with a date leaves: it may have been done in the second in which it was reported."""
    for state in ("accepted", "done"):
        IssueEvent.objects.create(
            community=issue.community, issue=issue, at=NOW, is_undated=is_undated, kind="moved", by="system", was="new",
            now=state,
        )  # fmt: skip
    Issue.objects.filter(pk=issue.pk).update(state=State.DONE, source="import")


def test_a_history_without_the_day_it_was_done_counts_for_no_time_and_no_promise(city: City, issue: Issue) -> None:
    imported_as_done(issue, is_undated=True)
    fill_all(at=NOW + 30 * DAY)
    assert counted(AREA, city.zarichchia.pk) == {"opened": 1, "accepted": 1, "closed": 1, "ended": 1}
    assert read("SELECT answer_seconds, fix_seconds FROM stats_case") == [(None, None)]


def test_what_was_done_in_the_second_in_which_it_was_reported_took_no_time(city: City, issue: Issue) -> None:
    imported_as_done(issue, is_undated=False)
    fill_all(at=NOW + 30 * DAY)
    assert counted(AREA, city.zarichchia.pk) == {"opened": 1, "accepted": 1, "closed": 1, "ended": 1, "kept": 1}
    assert read("SELECT fix_seconds FROM stats_case") == [(0,)]


def test_an_old_history_that_is_opened_again_counts_from_the_day_it_is_done(city: City, issue: Issue) -> None:
    imported_as_done(issue, is_undated=True)
    IssueEvent.objects.create(
        community=city.community, issue=issue, at=NOW + DAY, kind="moved", by="staff", was="done", now="reopened"
    )
    IssueEvent.objects.create(
        community=city.community, issue=issue, at=NOW + 2 * DAY, kind="moved", by="staff", was="reopened", now="done"
    )
    fill_all(at=NOW + 3 * DAY)
    assert read("SELECT fix_seconds FROM stats_case") == [(2 * 86_400,)]


def test_what_the_service_itself_moved_was_answered_by_nobody(city: City, issue: Issue) -> None:
    IssueEvent.objects.create(
        community=city.community, issue=issue, at=NOW + DAY, kind="moved", by="system", was="new", now="accepted"
    )
    fill_all(at=NOW + DAY)
    assert read("SELECT answered, answer_seconds FROM stats_case") == [(None, None)]


def test_what_took_no_other_time_leaves_the_times_untouched(city: City, issue: Issue, marta: User) -> None:
    done(issue, NOW + DAY)
    fill_all(at=NOW + DAY)
    rows = "SELECT 'place', xmin::text FROM stats_time UNION ALL SELECT 'square', xmin::text FROM stats_cell_time"
    before = read(rows)
    move_by_reporter(issue=issue, to=State.CONFIRMED, at=NOW + 3 * DAY)
    fill_all(at=NOW + 3 * DAY)
    assert days_of("confirmed") == {TODAY + DAY: 1}
    assert len(before) > 8
    assert sorted(read(rows)) == sorted(before)
    check_exact(city)


def test_a_square_s_cases_follow_a_report_that_is_moved(city: City, issue: Issue) -> None:
    fill_all(at=NOW)
    packed = "SELECT octet_length(cases) FROM stats_packed ORDER BY 1"
    assert read(packed) == [(38,)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE issues_issue SET location = ST_Translate(location, 0.01, 0)")
    fill_all(at=NOW)
    assert read(packed) == [(0,), (38,)]
    check_exact(city)


def test_a_long_queue_is_counted_in_several_runs_and_whole_where_a_file_waits_for_it(city: City, issue: Issue) -> None:
    filling.begin_day(at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO core_to_count (source, thing) SELECT 1, -n FROM generate_series(1, 24000) n")
    (waiting,) = read("SELECT count(*) FROM core_to_count")[0]
    assert tasks.fill() == tasks.MOST_IN_A_RUN
    assert read("SELECT count(*) FROM core_to_count") == [(waiting - tasks.MOST_IN_A_RUN,)]
    assert fill_all(at=NOW) == waiting - tasks.MOST_IN_A_RUN
    assert counted(COMMUNITY, 0)["opened"] == 1
