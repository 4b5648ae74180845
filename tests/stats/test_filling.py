"""Reports are counted per area, organisation, kind and day, and counted anew when something about them changes."""

from datetime import date, timedelta

from django.db import connection

from issues.models import Issue
from stats.filling import fill_all
from tests.conftest import NOW, City


def counts_of(kind: int, place: int, *, category: int = 0) -> dict[str, int]:
    """Sums over all months."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(opened), sum(closed), sum(ended), sum(late) FROM stats_month "
            "WHERE kind = %s AND place = %s AND category = %s",
            [kind, place, category],
        )
        found = cursor.fetchone()
    return dict(zip(("opened", "closed", "ended", "late"), (int(n or 0) for n in found), strict=True))


def test_a_new_report_is_counted_in_its_area_its_kind_and_its_organisation(city: City, issue: Issue) -> None:
    fill_all(at=NOW)
    for kind, place in ((0, 0), (1, city.zarichchia.pk), (2, city.road_service.pk)):
        assert counts_of(kind, place) == {"opened": 1, "closed": 0, "ended": 0, "late": 0}
        assert counts_of(kind, place, category=city.roads.pk)["opened"] == 1
    assert counts_of(1, city.slobidka.pk)["opened"] == 0


def test_a_promise_that_was_not_kept_is_late_from_the_next_day(city: City, issue: Issue) -> None:
    fill_all(at=NOW + timedelta(days=20))
    assert counts_of(1, city.zarichchia.pk)["late"] == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT late FROM stats_case")
        assert cursor.fetchone() == (issue.due_on + timedelta(days=1),)
    assert issue.due_on > date(2026, 11, 19)
