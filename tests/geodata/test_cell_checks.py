"""Rebuilding by command, folding by beat, and the nightly check that repairs and tells."""

import logging
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django_scopes import scope, scopes_disabled

from geodata import cell_checks, cells, recount, tasks
from geodata.layers import layer_named
from geodata.models import CellCheck, Community
from routing.models import Category
from tests.conftest import NOW, City
from tests.geodata.conftest import pin
from tests.grid import Town
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both(city: City, town: Town, elsewhere: Community) -> tuple[Community, Community]:
    """Two communities with a report each, folded."""
    pin(city.community, town["p"], category=city.roads)
    with scope(community=elsewhere):
        trees = Category.objects.create(community=elsewhere, code="trees", name="Дерева")
        pin(elsewhere, Point(28.6, 49.22, srid=4326), category=trees)
    cells.fold_all()
    return city.community, elsewhere


def spoil(community: Community) -> None:
    """Counts of all squares and months of a community become wrong."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE geodata_cell SET n = n + 1 WHERE community = %s", [community.pk])
        cursor.execute("DELETE FROM geodata_cell_month WHERE community = %s", [community.pk])


def are_exact(community: Community) -> bool:
    counted = layer_named("issues").counted
    assert counted
    return recount.difference(counted, community.pk).is_exact


def checks() -> list[tuple[str, str, int, int]]:
    with scopes_disabled():
        found = CellCheck.objects.order_by("community__slug", "at").select_related("community")
        return [(one.community.slug, one.layer, one.squares, one.wrong) for one in found]


def test_command_rebuilds_one_community_and_says_so(
    both: tuple[Community, Community], capsys: pytest.CaptureFixture[str]
) -> None:
    for community in both:
        spoil(community)
    call_command("rebuild_cells", "yavoryn")
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert said[0].startswith("[1/1] issues, yavoryn: ")
    assert [are_exact(community) for community in both] == [True, False]


def test_command_rebuilds_every_community_and_counts_them(
    both: tuple[Community, Community], capsys: pytest.CaptureFixture[str]
) -> None:
    for community in both:
        spoil(community)
    call_command("rebuild_cells")
    said = capsys.readouterr().out.splitlines()
    assert {line.split(":")[0] for line in said[:2]} == {"[1/2] issues, yavoryn", "[2/2] issues, sosnivka"}
    assert [are_exact(community) for community in both] == [True, True]


def test_command_that_checks_repairs_nothing(
    both: tuple[Community, Community], capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(both[0])
    call_command("rebuild_cells", "yavoryn", "--layer", "issues", "--check")
    # Six levels and two of months, each for all categories together and for one.
    assert "16" in capsys.readouterr().out.splitlines()[0]
    assert not are_exact(both[0])


def test_command_names_the_community_that_is_none(city: City) -> None:
    with pytest.raises(CommandError, match="atlantis"):
        call_command("rebuild_cells", "atlantis")


def test_beat_folds_what_waits_and_tells_how_much(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    pin(city.community, town["q"], category=city.roads)
    assert tasks.fold_cells() == 2
    assert tasks.fold_cells() == 0


def test_beat_cleans_the_table_after_much(city: City, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MUCH", 1)
    pin(city.community, town["p"], category=city.roads)
    assert tasks.fold_cells() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('geodata_cell_delta')")
        assert cursor.fetchone()[0] == 0, "a vacuum gives the empty pages back"


def test_nightly_check_repairs_tells_the_log_and_keeps_a_row(
    both: tuple[Community, Community], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(both[1])
    with caplog.at_level(logging.ERROR, logger="geodata.cell_checks"):
        assert tasks.check_cells() == 16
    (record,) = caplog.records
    assert f"issues in community {both[1].pk}" in record.getMessage()
    assert are_exact(both[1])
    assert checks() == [("sosnivka", "issues", 16, 16), ("yavoryn", "issues", 16, 0)]
    assert tasks.check_cells() == 0


def test_nightly_check_forgets_what_is_older_than_three_months(both: tuple[Community, Community]) -> None:
    with scopes_disabled():
        for days in (89, 91):
            CellCheck.objects.create(
                community=both[0], layer="issues", at=NOW - timedelta(days=days), squares=days, wrong=0
            )
    cell_checks.check_all(at=NOW)
    assert [squares for slug, _layer, squares, _wrong in checks() if slug == "yavoryn"] == [89, 16]


def test_community_without_reports_is_not_checked(city: City) -> None:
    assert cell_checks.check_all(at=NOW) == 0
    assert checks() == []


def test_counts_of_a_community_that_is_gone_are_cleared_without_a_row(both: tuple[Community, Community]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE geodata_cell SET community = 999999 WHERE community = %s", [both[1].pk])
    assert cell_checks.check_all(at=NOW) > 0
    assert [slug for slug, *_rest in checks()] == ["sosnivka", "yavoryn"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_cell WHERE community = 999999")
        assert cursor.fetchone()[0] == 0


def while_another_has_the_turn(city: City, call: Any) -> Any:
    """What `call` gives while another connection holds the lock of the folding."""
    is_held, is_done = Event(), Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE geodata_fold_lock IN EXCLUSIVE MODE")
            is_held.set()
            assert is_done.wait(timeout=30)

    def press() -> Any:
        try:
            assert is_held.wait(timeout=30)
            return call()
        finally:
            is_done.set()

    held, found = at_once([hold, press], community=city.community)
    assert held is None, held
    return found


def test_folding_gives_way_to_whoever_has_the_turn(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    assert isinstance(while_another_has_the_turn(city, cells.fold), cells.BusyError)
    assert while_another_has_the_turn(city, tasks.fold_cells) == 0
    assert cells.fold() == 1


def test_check_looks_though_another_has_the_turn(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    counted = layer_named("issues").counted
    assert counted
    found = while_another_has_the_turn(city, lambda: recount.check(counted, city.community.pk, repair=False))
    assert found.is_exact
