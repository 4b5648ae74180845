"""Two people change the same area at the same moment: the database lets one version win, never both."""

from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django_scopes import scope

from geodata import actions
from geodata.actions import LOST_RACES, import_areas, plan_import, write_import
from geodata.candidates import candidates_of
from geodata.models import Area, Community, Division
from geodata.reading import read_geojson
from tests.geodata.files import collection, feature
from tests.grid import Town, grid
from tests.parallel import at_once

SPRING, AUTUMN = date(2026, 3, 1), date(2026, 10, 1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def blocks() -> Town:
    return grid("A m B", "D n E")


@pytest.fixture
def community(blocks: Town) -> Community:
    return Community.objects.create(slug="yavoryn", name="Яворинська громада", centre=blocks["m"])


def bring(community: Community, corners: str, blocks: Town, on: date) -> bool:
    """Imports one area with these corners; tells whether it was written."""
    source = read_geojson(collection(feature(blocks.polygon(corners))))
    found, problems = candidates_of(source, code="code", name="name")
    plan = import_areas(community, "blocks", candidates=found, problems=problems, valid_from=on, today=SPRING)
    return plan.written


def test_overlapping_versions_cannot_both_be_stored(community: Community, blocks: Town) -> None:
    with scope(community=community):
        division = Division.objects.create(community=community, code="blocks", name="Квартали")
    store = partial(
        Area.objects.create,
        community=community,
        division=division,
        code="1",
        name="Перший",
        boundary=blocks.area("ABED"),
    )
    results = at_once([partial(store, valid_from=SPRING), partial(store, valid_from=AUTUMN)], community=community)
    (lost,) = (result for result in results if isinstance(result, Exception))
    assert isinstance(lost.__cause__, LOST_RACES)
    with scope(community=community):
        assert Area.objects.count() == 1


def test_imports_at_the_same_moment_wait_for_each_other(community: Community, blocks: Town) -> None:
    both = [partial(bring, community, corners, blocks, AUTUMN) for corners in ("ABED", "AmnD")]
    assert at_once(both, community=community) == [True, True]
    with scope(community=community):
        assert Area.objects.filter(valid_from=AUTUMN, valid_to=None).count() == 1


def test_import_of_a_new_version_beside_another_leaves_one_in_force_each_day(
    community: Community, blocks: Town
) -> None:
    with scope(community=community):
        bring(community, "ABED", blocks, SPRING)
    both = [partial(bring, community, corners, blocks, AUTUMN) for corners in ("AmnD", "mBEn")]
    assert at_once(both, community=community) == [True, True]
    with scope(community=community):
        for day in (SPRING, date(2026, 9, 30), AUTUMN):
            assert Area.objects.on(day).count() == 1


def test_import_locks_its_community_only_while_it_writes(
    community: Community, blocks: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an import reads and compares, somebody else takes the lock of the community, and waits for nobody."""
    taken = []

    def lock() -> None:
        with transaction.atomic():
            Community.objects.select_for_update(no_key=True, nowait=True).get(pk=community.pk)
            taken.append("meanwhile")

    def compare(*shapes: Any) -> None:
        assert at_once([lock]) == [None]

    monkeypatch.setattr(actions, "coverage", compare)
    with scope(community=community):
        assert bring(community, "ABED", blocks, SPRING)
    assert taken == ["meanwhile"]


def test_plan_that_is_no_longer_true_is_not_written(community: Community, blocks: Town) -> None:
    """What changed since: the boundary, the name, the last day, or that there is an area at all."""
    with scope(community=community):
        assert bring(community, "ABED", blocks, SPRING)
        source = read_geojson(collection(feature(blocks.polygon("AmnD"))))
        found, _problems = candidates_of(source, code="code", name="name")

        def plan() -> Any:
            return plan_import(community, "blocks", candidates=found, problems=[], valid_from=AUTUMN, today=SPRING)

        for change in ({"boundary": blocks.area("mBEn")}, {"name": "Інший"}, {"valid_to": date(2026, 9, 1)}):
            stale = plan()
            Area.objects.update(**change)
            assert not write_import(stale, community, "blocks")
            assert Area.objects.count() == 1
        stale = plan()
        Area.objects.all().delete()
        assert not write_import(stale, community, "blocks")
        assert write_import(plan(), community, "blocks")
        assert Area.objects.count() == 1
