"""Counts per square equal a recount at every moment, whatever is written, folded or not."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.models import Subject, Visibility
from geodata import cells, recount
from geodata.layers import Counted, layer_named
from issues.models import Issue
from issues.states import State
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.geodata.conftest import pin
from tests.geodata.towns import STATES, VISIBILITIES, Dot, dots
from tests.grid import Town

counted_issues = layer_named("issues").counted
assert counted_issues
ISSUES: Counted = counted_issues


def put(city: City, dot: Dot) -> Issue:
    category = (city.roads, city.manholes)[dot.kind]
    return pin(city.community, dot.point, category=category, state=dot.state, visibility=dot.visibility, at=dot.at)


def is_exact(city: City) -> bool:
    return recount.difference(ISSUES, city.community.pk).is_exact


def in_cells(table: str = "geodata_cell") -> int:
    """Things that the finest cells of all categories count."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(n), 0) FROM {table} WHERE category = 0 AND c >= 1::bigint << 36")
        return int(cursor.fetchone()[0])


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_cell_delta")
        return int(cursor.fetchone()[0])


def rename(issue: Issue, **columns: Any) -> None:
    Issue.objects.filter(pk=issue.pk).update(**columns)


changes = st.sampled_from(["move", "state", "category", "visibility", "sensitive", "delete", "day", "rename", "fold"])


def change(city: City, issue: Issue, what: str, dot: Dot) -> None:
    """Does one of the things that can happen to a report, or to what it belongs to."""
    category = (city.roads, city.manholes)[dot.kind]
    columns: dict[str, dict[str, Any]] = {
        "move": {"location": dot.point},
        "state": {"state": dot.state},
        "category": {"category": category},
        "day": {"created_at": dot.at},
        "rename": {"title": "Інша яма", "changed_at": dot.at},
    }
    if what in columns:
        rename(issue, **columns[what])
    elif what == "visibility":
        reason = "особисті дані" if dot.visibility == Visibility.HIDDEN else ""
        Subject.objects.filter(pk=issue.subject_id).update(visibility=dot.visibility, hidden_reason=reason)
    elif what == "sensitive":
        type(category).objects.filter(pk=category.pk).update(is_sensitive=dot.up % 2 == 0)
    elif what == "delete":
        Issue.objects.filter(pk=issue.pk).delete()
    else:
        cells.fold(batch=3)


@given(
    drawn=st.lists(dots, min_size=1, max_size=8),
    steps=st.lists(st.tuples(changes, st.integers(0, 7), dots), max_size=12),
)
def test_cells_and_what_waits_equal_a_recount_after_every_change(
    city: City, drawn: list[Dot], steps: list[tuple[str, int, Dot]]
) -> None:
    with rolled_back():
        issues = [put(city, dot) for dot in drawn]
        for what, which, dot in steps:
            change(city, issues[which % len(issues)], what, dot)
            assert is_exact(city)
        cells.fold_all()
        assert is_exact(city)
        assert waiting() == 0


def test_folding_leaves_no_empty_cell_behind(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)
    assert cells.fold_all() == 1
    assert in_cells() == 1
    issue.delete()
    cells.fold_all()
    with connection.cursor() as cursor:
        for table in ("geodata_cell", "geodata_cell_month"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0] == 0


def test_change_that_no_cell_feels_writes_no_delta(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    rename(issue, text="Велика яма")
    rename(issue, state=State.ACCEPTED)  # of the same family
    assert waiting() == 0


def test_change_of_looks_makes_a_new_version_of_tiles(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    before = cells.version_of(city.community.pk)
    rename(issue, title="Велика яма", changed_at=NOW + timedelta(hours=1))
    cells.fold_all()
    assert cells.version_of(city.community.pk) == before + 1


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_what_strangers_do_not_see_is_in_no_cell_and_has_no_place(
    city: City, town: Town, visibility: Visibility
) -> None:
    issue = pin(city.community, town["p"], category=city.roads, visibility=visibility)
    assert waiting() == 0
    issue.refresh_from_db()
    assert (issue.map_group, issue.map_code, issue.map_x, issue.map_y) == (None, None, None, None)


def test_no_delta_ever_tells_the_true_place_of_a_blurred_report(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, visibility=Visibility.COARSE)
    type(city.manholes).objects.filter(pk=city.manholes.pk).update(is_sensitive=True)
    pin(city.community, town["p"], category=city.manholes)
    with connection.cursor() as cursor:
        place = town["p"].ewkt
        cursor.execute("SELECT geodata_code(%s::geometry), geodata_code(ST_Point(28.465, 49.225, 4326))", [place])
        truth, blur = cursor.fetchone()
        cursor.execute("SELECT DISTINCT m FROM geodata_cell_delta")
        assert [row[0] for row in cursor.fetchall()] == [blur]
    assert truth != blur


def test_old_copy_of_a_report_cannot_bring_back_what_was_hidden(city: City, town: Town) -> None:
    issue = pin(city.community, town["p"], category=city.roads)
    old = Issue.objects.get(pk=issue.pk)
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.HIDDEN, hidden_reason="особисті дані")
    old.save(update_fields=["subject_visibility", "place_is_sensitive", "title"])
    issue.refresh_from_db()
    assert (issue.subject_visibility, issue.map_group) == (Visibility.HIDDEN, None)
    assert is_exact(city)


def test_cells_that_are_wrong_are_found(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads)
    cells.fold_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE geodata_cell SET n = n + 1 WHERE category = 0")
        cursor.execute("DELETE FROM geodata_cell_month WHERE category > 0")
    found = recount.difference(ISSUES, city.community.pk)
    assert (found.wrong, found.wrong_months) == (6, 2)


@pytest.mark.django_db(transaction=True)
def test_check_repairs_what_it_finds(city: City, town: Town) -> None:
    for place in "pq":
        pin(city.community, town[place], category=city.roads)
    cells.fold_all()
    pin(city.community, Point(28.47, 49.23, srid=4326), category=city.manholes)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE geodata_cell SET n = n + 1, sx = sx + 5 WHERE category = 0")
    found = recount.check(ISSUES, city.community.pk, repair=True)
    assert not found.is_exact
    assert is_exact(city)
    assert waiting() == 0
    assert recount.check(ISSUES, city.community.pk, repair=True).is_exact


@pytest.mark.django_db(transaction=True)
def test_rebuilding_makes_the_same_cells_as_folding(city: City, town: Town) -> None:
    for number, state in enumerate(STATES):
        visibility = VISIBILITIES[number % 5]
        pin(city.community, town["pqxABD"[number]] if number != 2 else town["D"], category=city.roads, state=state,
            visibility=visibility, at=NOW - timedelta(days=40 * number))  # fmt: skip
    recount.rebuild(ISSUES, city.community.pk)
    assert is_exact(city)
    assert recount.communities_counted(ISSUES) == [city.community.pk]


@pytest.mark.django_db(transaction=True)
def test_only_one_folds_at_a_time(city: City, town: Town) -> None:
    from tests.parallel import at_once

    pin(city.community, town["p"], category=city.roads)

    def hold() -> int:
        with transaction.atomic():
            return cells.fold()

    found = at_once([hold, hold, hold], community=city.community)
    assert sum(one for one in found if isinstance(one, int)) == 1
    assert all(isinstance(one, int | cells.BusyError) for one in found)
