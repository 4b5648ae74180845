"""Statistics are rebuilt by command, filled by beat, and checked every night."""

import logging

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from geodata.models import CellCheck
from issues.counters import REPORTS
from issues.models import Issue
from stats import checks, tasks
from stats.filling import fill_all
from stats.recount import check
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town
from tests.stats.reading import COMMUNITY, counted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def report(city: City, town: Town) -> Issue:
    return pin(city.community, town["p"], category=city.roads)


def spoil() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE stats_month SET opened = opened + 1 WHERE kind = 0")
        cursor.execute("DELETE FROM stats_cell")


def test_the_nightly_check_repairs_what_is_wrong_and_tells(
    city: City, report: Issue, caplog: pytest.LogCaptureFixture
) -> None:
    fill_all(at=NOW)
    spoil()
    with caplog.at_level(logging.ERROR):
        wrong = checks.check_all(at=NOW)
    assert wrong >= 4
    assert "were wrong" in caplog.text
    assert check(REPORTS, city.community.pk, repair=False).wrong == 0
    with scopes_disabled():
        kept = CellCheck.objects.get()
    assert (kept.community_id, kept.layer, kept.wrong) == (city.community.pk, "issues over time", wrong)


def test_a_check_of_what_is_right_keeps_that_nothing_was_wrong(city: City, report: Issue) -> None:
    fill_all(at=NOW)
    assert checks.check_all(at=NOW) == 0
    with scopes_disabled():
        assert CellCheck.objects.get().wrong == 0


def test_a_community_in_another_time_zone_is_counted_anew(city: City, report: Issue) -> None:
    fill_all(at=NOW)
    city.community.time_zone = "Pacific/Auckland"
    city.community.save()
    Issue.objects.filter(pk=report.pk).update(created_at=NOW.replace(hour=15))
    fill_all(at=NOW)
    assert checks.check_all(at=NOW) == 0


def test_the_command_rebuilds_and_compares(city: City, report: Issue, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rebuild_statistics", "yavoryn")
    assert "issues, yavoryn: " in capsys.readouterr().out
    assert check(REPORTS, city.community.pk, repair=False).wrong == 0
    spoil()
    call_command("rebuild_statistics", "yavoryn", "--check")
    assert "0 відрізняються" not in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("rebuild_statistics", "nowhere")


def test_the_beat_fills(city: City, report: Issue) -> None:
    with scope(community=city.community):
        Issue.objects.filter(pk=report.pk).update(created_at=timezone.now())
    assert tasks.fill() > 0
    assert counted(COMMUNITY, 0)["opened"] == 1
    assert tasks.check() == 0
