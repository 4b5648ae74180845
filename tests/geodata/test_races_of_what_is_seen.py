"""Whoever hides or blurs while somebody writes: strangers never see what should be hidden, whoever was first."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction

from core.models import Subject, Visibility
from geodata import cells, recount
from geodata.layers import layer_named
from geodata.squares import place_in_grid
from issues.blur import blurred
from issues.models import Issue
from issues.states import State
from routing.models import Category
from tests.conftest import NOW, City
from tests.core.conftest import until_somebody_waits
from tests.geodata.conftest import TODAY, pin
from tests.grid import Town
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)

Doing = Callable[[], Any]
both_orders = pytest.mark.parametrize("is_writer_first", [True, False], ids=["writer first", "writer second"])
writes = pytest.mark.parametrize("what", ["insert", "insert of its subject", "move", "category", "state"])


def one_after_the_other(first: Doing, second: Doing, city: City) -> None:
    """`second` begins when `first` is done but not committed; `first` commits when `second` waits for it."""
    is_done = Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                first()
                is_done.set()
                until_somebody_waits()
        finally:
            is_done.set()

    def follow() -> None:
        assert is_done.wait(timeout=30)
        second()

    found = at_once([hold, follow], community=city.community)
    assert found == [None, None]


def race(writer: Doing, other: Doing, city: City, *, is_writer_first: bool) -> None:
    first, second = (writer, other) if is_writer_first else (other, writer)
    one_after_the_other(first, second, city)


def writing(what: str, city: City, town: Town) -> tuple[Doing, Callable[[], Issue]]:
    """What a writer does to a report in the category of roads, and the report afterwards."""
    if what == "insert":
        return (lambda: pin(city.community, town["q"], category=city.roads)), Issue.objects.get
    if what == "insert of its subject":
        subject = Subject.objects.create(community=city.community, kind="issue")
        return (lambda: report_of(subject, city, town["q"])), Issue.objects.get
    issue = pin(city.community, town["p"], category=city.manholes if what == "category" else city.roads)
    columns: dict[str, dict[str, Any]] = {
        "move": {"location": town["q"]},
        "category": {"category": city.roads},
        "state": {"state": State.DONE},
    }
    return (lambda: Issue.objects.filter(pk=issue.pk).update(**columns[what])), Issue.objects.get


def report_of(subject: Subject, city: City, place: Point) -> Issue:
    return Issue.objects.create(
        subject=subject, community=city.community, number=1, category=city.roads, location=place, title="Яма",
        text="Яма", created_at=NOW, changed_at=NOW, due_on=TODAY + timedelta(days=7),
    )  # fmt: skip


def are_exact(city: City) -> bool:
    counted = layer_named("issues").counted
    assert counted
    return recount.difference(counted, city.community.pk).is_exact


def sums_of_cells() -> list[tuple[int, int, int]]:
    """Count and sums of places in the finest cells of all categories."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n, sx, sy FROM geodata_cell WHERE category = 0 AND c >= 1::bigint << 36")
        return list(cursor.fetchall())


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_cell_delta")
        return int(cursor.fetchone()[0])


@both_orders
@writes
def test_report_of_a_category_that_becomes_sensitive_meanwhile_is_blurred(
    city: City, town: Town, what: str, is_writer_first: bool
) -> None:
    write, issue_of = writing(what, city, town)

    def flip() -> None:
        Category.objects.filter(pk=city.roads.pk).update(is_sensitive=True)

    race(write, flip, city, is_writer_first=is_writer_first)
    issue = issue_of()
    middle = place_in_grid(*blurred(*issue.location.coords))
    assert issue.place_is_sensitive
    assert (issue.map_x, issue.map_y) == middle
    assert are_exact(city)
    cells.fold_all()
    assert sums_of_cells() == [(1, *middle)]
    assert are_exact(city)


@both_orders
@pytest.mark.parametrize("what", ["insert of its subject", "move", "category", "state"])
@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN, Visibility.COARSE])
def test_report_that_is_hidden_or_blurred_while_it_is_written_stays_so(
    city: City, town: Town, what: str, visibility: Visibility, is_writer_first: bool
) -> None:
    write, issue_of = writing(what, city, town)
    subject = Subject.objects.get()

    def hide() -> None:
        Subject.objects.filter(pk=subject.pk).update(visibility=visibility, hidden_reason="особисті дані")

    race(write, hide, city, is_writer_first=is_writer_first)
    issue = issue_of()
    assert issue.subject_visibility == visibility
    cells.fold_all()
    assert are_exact(city)
    if visibility == Visibility.COARSE:
        assert sums_of_cells() == [(1, *place_in_grid(*blurred(*issue.location.coords)))]
    else:
        assert (issue.map_group, issue.map_code, issue.map_x, issue.map_y) == (None, None, None, None)
        assert sums_of_cells() == []


def test_report_without_its_subject_is_refused_and_never_counted(city: City, town: Town) -> None:
    subject = Subject.objects.create(community=city.community, kind="issue")
    Subject.objects.filter(pk=subject.pk).delete()

    def report() -> None:
        with transaction.atomic():
            report_of(subject, city, town["p"])
            assert are_exact(city)
            assert waiting() == 0

    with pytest.raises(IntegrityError):
        report()
    assert not Issue.objects.exists()
