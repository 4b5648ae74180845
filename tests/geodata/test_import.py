"""Areas come in whole or not at all; a changed boundary is a new version, and the day before keeps the old one."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django_scopes import scope

from geodata.actions import import_areas
from geodata.area_plan import AreaPlan
from geodata.candidates import candidates_of, surroundings_of
from geodata.models import Area, Community, Division
from geodata.problems import Outcome, Place
from geodata.reading import read_geojson
from tests.geodata.files import collection, feature, polygon
from tests.grid import Town, grid

SPRING, AUTUMN = date(2026, 3, 1), date(2026, 10, 1)
TODAY = SPRING
Bring = Callable[..., AreaPlan]


@pytest.fixture
def bring(inside: Community) -> Bring:
    """Imports features into the division “blocks” of Яворин."""

    def run(*features: Any, on: date = SPRING, **options: Any) -> AreaPlan:
        found, problems = candidates_of(
            read_geojson(collection(*features)), code="code", name="name", around=surroundings_of(inside)
        )
        given = {"valid_from": on, "today": TODAY} | options
        return import_areas(inside, "blocks", candidates=found, problems=problems, **given)

    return run


def boundaries(on: date) -> dict[str, str]:
    """Names by code of the areas in force on that day."""
    return {area.code: area.name for area in Area.objects.on(on)}


def lies_in(shape: GEOSGeometry, place: Place | None) -> bool:
    return place is not None and bool(shape.contains(Point(place[0], place[1], srid=4326)))


def test_areas_are_created_with_their_division(bring: Bring, blocks: Town) -> None:
    plan = bring(
        feature(blocks.polygon("ABED"), 1, "Перший"),
        feature(blocks.polygon("BCFE"), "2", " Другий "),
        division_name="Квартали",
    )
    assert plan.written
    assert Division.objects.get().name == "Квартали"
    assert boundaries(SPRING) == {"1": "Перший", "2": "Другий"}
    assert Area.objects.get(code="2").boundary.contains(blocks["x"])
    assert boundaries(date(2026, 2, 28)) == {}


def test_one_bad_feature_refuses_the_whole_file(bring: Bring, blocks: Town) -> None:
    plan = bring(feature(blocks.polygon("ABED"), 1), feature(blocks.line("BC"), 2))
    assert not plan.written
    assert [(problem.feature, problem.code, problem.kind) for problem in plan.refusals] == [(2, "2", "wrong_geometry")]
    assert not Area.objects.exists()
    assert not Division.objects.exists()


def test_dry_run_leaves_nothing(bring: Bring, blocks: Town) -> None:
    plan = bring(feature(blocks.polygon("ABED")), dry_run=True, set_boundary=True)
    assert [candidate.code for candidate in plan.created] == ["1"]
    assert not plan.written
    assert not Area.objects.exists()
    assert not Division.objects.exists()


def test_same_boundary_again_changes_nothing(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED")))
    plan = bring(feature(blocks.polygon("BEDA")), on=AUTUMN)
    assert [area.code for area in plan.unchanged] == ["1"]
    assert Area.objects.get().valid_from == SPRING


def test_changed_boundary_closes_the_version_before(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED")))
    plan = bring(feature(blocks.polygon("AmnD")), on=AUTUMN)
    assert len(plan.replaced) == 1
    old, new = Area.objects.order_by("valid_from")
    assert (old.valid_from, old.valid_to) == (SPRING, AUTUMN)
    assert (new.valid_from, new.valid_to) == (AUTUMN, None)
    assert Area.objects.on(date(2026, 9, 30)).get() == old
    assert Area.objects.on(AUTUMN).get() == new


def test_version_of_the_same_day_is_corrected_in_place(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED")))
    before = Area.objects.get()
    plan = bring(feature(blocks.polygon("AmnD"), 1, "Половина"))
    assert len(plan.corrected) == 1
    after = Area.objects.get()
    assert after.pk == before.pk
    assert after.name == "Половина"
    assert after.boundary.area == pytest.approx(before.boundary.area / 2)


def test_version_that_waits_for_its_day_is_corrected_in_place(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED")), on=AUTUMN)
    plan = bring(feature(blocks.polygon("AmnD")), on=AUTUMN)
    assert (plan.written, len(plan.corrected)) == (True, 1)
    assert Area.objects.count() == 1


def test_version_that_decided_reports_is_history_and_is_not_overwritten(bring: Bring, blocks: Town) -> None:
    """The file of the spring comes again in the autumn with another border and the same first day."""
    bring(feature(blocks.polygon("ABED")))
    before = Area.objects.values().get()
    plan = bring(feature(blocks.polygon("AmnD")), today=SPRING + timedelta(days=1))
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.code, refusal.details) == ("decided_since", "1", {"day": "2026-03-01"})
    assert refusal.place is not None
    assert Area.objects.values().get() == before
    later = SPRING + timedelta(days=1)
    assert bring(feature(blocks.polygon("AmnD")), on=later, today=later).written, "a later first day is the way"


def test_new_name_alone_makes_no_version(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1, "Перший"))
    bring(feature(blocks.polygon("ABED"), 1, "Ринковий"), on=AUTUMN)
    assert [(area.name, area.valid_from) for area in Area.objects.all()] == [("Ринковий", SPRING)]


def test_version_before_a_later_one_is_refused(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED")), on=AUTUMN)
    plan = bring(feature(blocks.polygon("AmnD")), on=SPRING)
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.details) == ("later_version", {"day": "2026-10-01"})
    assert lies_in(blocks.polygon("AmnD"), refusal.place)


def test_area_missing_from_the_file_stays_in_force_and_is_told(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    plan = bring(feature(blocks.polygon("ABED"), 1), on=AUTUMN)
    assert [area.code for area in plan.missing] == ["2"]
    assert set(boundaries(AUTUMN)) == {"1", "2"}


def test_area_missing_from_the_file_ends_when_asked(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    bring(feature(blocks.polygon("ABED"), 1), on=AUTUMN, close_missing=True)
    assert set(boundaries(date(2026, 9, 30))) == {"1", "2"}
    assert set(boundaries(AUTUMN)) == {"1"}


def test_area_that_ended_can_begin_again(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    bring(feature(blocks.polygon("ABED"), 1), on=AUTUMN, close_missing=True)
    plan = bring(feature(blocks.polygon("BCFE"), 2), on=date(2026, 11, 1))
    assert [candidate.code for candidate in plan.created] == ["2"]
    assert set(boundaries(date(2026, 11, 1))) == {"1", "2"}


def test_area_cannot_end_on_the_day_it_began(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    plan = bring(feature(blocks.polygon("ABED"), 1), close_missing=True)
    assert [(problem.kind, problem.code) for problem in plan.refusals] == [("began_that_day", "2")]
    assert set(boundaries(SPRING)) == {"1", "2"}


def test_code_twice_in_a_file_is_refused(bring: Bring, blocks: Town) -> None:
    plan = bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), "1"))
    (refusal,) = plan.refusals
    assert (refusal.feature, refusal.kind, refusal.details) == (2, "repeated_code", {"other": 1})
    assert lies_in(blocks.polygon("BCFE"), refusal.place)


def test_refused_geometry_has_a_place_when_one_of_its_positions_can_be_read(bring: Bring, blocks: Town) -> None:
    start = blocks.ring("BC")[0]
    plan = bring(
        feature(blocks.line("BC"), 1),
        feature({"type": "Polygon", "coordinates": [[["x", 1], list(start), "nothing"]]}, 2),
        feature({"type": "Polygon", "coordinates": "nowhere"}, 3),
        feature(None, 4),
    )
    assert [problem.place for problem in plan.refusals] == [start, start, None, None]


def test_code_and_geometry_that_are_both_wrong_are_told_together(bring: Bring, blocks: Town) -> None:
    plan = bring(feature(blocks.line("BC"), ""))
    assert [problem.kind for problem in plan.refusals] == ["wrong_geometry", "no_value"]


def test_what_was_only_noted_puts_no_point_on_the_map(bring: Bring, blocks: Town) -> None:
    high = [(*place, 105.0) for place in blocks.ring("ABED")]
    plan = bring(feature(polygon(high)))
    assert [(problem.kind, problem.place) for problem in plan.problems] == [("flattened", None)]


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (None, "Перший", "no_value"),
        ("  ", "Перший", "no_value"),
        (["1"], "Перший", "bad_value"),
        (True, "Перший", "bad_value"),
        (1.5, "Перший", "bad_value"),
        ("x" * 61, "Перший", "long_value"),
        ("1", None, "no_value"),
        ("1", "\u0000\u0007", "no_value"),
        ("1", "x" * 201, "long_value"),
    ],
)
def test_feature_without_a_usable_code_or_name_is_refused(
    bring: Bring, blocks: Town, code: Any, name: Any, kind: str
) -> None:
    plan = bring(feature(blocks.polygon("ABED"), code, name))
    (refusal,) = plan.refusals
    assert refusal.kind == kind
    assert lies_in(blocks.polygon("ABED"), refusal.place), "its boundary is read: the map leads there"


def test_missing_property_is_refused_with_those_that_are_there(inside: Community, blocks: Town) -> None:
    found, problems = candidates_of(read_geojson(collection(feature(blocks.polygon("ABED")))), code="WARD", name="name")
    assert found == []
    assert problems[0].details == {"field": "WARD", "fields": "code, name"}


def test_number_in_the_file_and_own_id_can_be_codes(inside: Community, blocks: Town) -> None:
    source = read_geojson(collection(feature(blocks.polygon("ABED")) | {"id": "ABED"}))
    found, _none = candidates_of(source, code="@number", name="@id")
    assert [(candidate.code, candidate.name) for candidate in found] == [("1", "ABED")]


def test_swapped_axes_are_suspected_when_they_would_bring_the_area_home(bring: Bring, blocks: Town) -> None:
    swapped = feature(blocks.polygon("ABED"))
    swapped["geometry"]["coordinates"] = [[[y, x] for x, y in ring] for ring in swapped["geometry"]["coordinates"]]
    plan = bring(swapped)
    assert [problem.kind for problem in plan.refusals] == ["swapped"]


def test_area_of_another_country_is_refused(bring: Bring) -> None:
    far = grid("A B", "D C", origin=(2.35, 48.85))
    plan = bring(feature(far.polygon("ABCD")))
    assert [problem.kind for problem in plan.refusals] == ["far_away"]
    assert plan.refusals[0].details["km"] == pytest.approx(1895, abs=10)


def test_overlap_is_told_in_square_metres(bring: Bring, blocks: Town) -> None:
    # Both blocks hold the strip mBEn: 200 × 300 m.
    plan = bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("mCFn"), 2))
    assert plan.written
    assert plan.coverage is not None
    (overlap,) = plan.coverage.overlaps
    assert overlap.codes == ("1", "2")
    assert overlap.square_metres == pytest.approx(200 * 300, rel=1e-3)


def test_neighbours_that_share_a_border_do_not_overlap(bring: Bring, blocks: Town) -> None:
    plan = bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2))
    assert plan.coverage is not None
    assert plan.coverage.overlaps == []
    assert plan.coverage.holes == []


def test_hole_between_areas_is_told_in_square_metres(bring: Bring) -> None:
    ring = grid(
        "A . . . B",
        ". a . b .",
        ". . h . .",
        ". d . c .",
        "D . . . C",
    )
    north, south = ring.polygon("ABbadD"), ring.polygon("BbcdDC")
    plan = bring(feature(north, "north"), feature(south, "south"))
    assert plan.coverage is not None
    (hole,) = plan.coverage.holes
    assert hole.square_metres == pytest.approx(200 * 200, rel=1e-3)
    assert hole.place == pytest.approx(ring["h"].coords, abs=0.001)


def test_part_of_the_community_without_an_area_is_told(bring: Bring, inside: Community, blocks: Town) -> None:
    inside.boundary = blocks.area("ACFD")
    inside.save()
    plan = bring(feature(blocks.polygon("ABED")))
    assert plan.coverage is not None
    assert [gap.square_metres for gap in plan.coverage.uncovered] == [pytest.approx(200 * 300, rel=1e-3)]
    assert plan.coverage.outside == []


def test_area_beyond_the_community_is_told(bring: Bring, inside: Community, blocks: Town) -> None:
    inside.boundary = blocks.area("ABED")
    inside.save()
    plan = bring(feature(blocks.polygon("ACFD")))
    assert plan.coverage is not None
    assert [gap.square_metres for gap in plan.coverage.outside] == [pytest.approx(200 * 300, rel=1e-3)]


def test_overlap_with_an_area_that_stays_is_told_too(bring: Bring, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1))
    plan = bring(feature(blocks.polygon("mCFn"), 2), on=AUTUMN)
    assert plan.coverage is not None
    assert [overlap.codes for overlap in plan.coverage.overlaps] == [("1", "2")]


def test_version_stored_meanwhile_refuses_the_import_kindly(
    bring: Bring, blocks: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(feature(blocks.polygon("ABED"), 1))
    monkeypatch.setattr(
        "geodata.actions._latest_versions", lambda *_: Area.objects.none()
    )  # as if it was not there yet
    plan = bring(feature(blocks.polygon("AmnD"), 1), on=AUTUMN)
    assert not plan.written
    assert [problem.kind for problem in plan.refusals] == ["stored_meanwhile"]
    assert boundaries(AUTUMN) == {"1": "Перший"}


def test_union_becomes_the_boundary_when_asked(bring: Bring, inside: Community, blocks: Town) -> None:
    bring(feature(blocks.polygon("ABED"), 1), feature(blocks.polygon("BCFE"), 2), set_boundary=True)
    inside.refresh_from_db()
    assert inside.boundary is not None
    assert inside.boundary.equals(blocks.area("ACFD"))


def test_boundary_of_today_is_not_made_of_areas_that_begin_later(bring: Bring, inside: Community, blocks: Town) -> None:
    before = inside.boundary
    whole = feature(blocks.polygon("ABED"), 1)
    plan = bring(whole, on=AUTUMN, set_boundary=True)
    assert [(problem.kind, problem.details) for problem in plan.refusals] == [
        ("boundary_too_early", {"day": "2026-10-01"})
    ]
    assert not Area.objects.exists()
    bring(whole, on=AUTUMN)
    inside.refresh_from_db()
    assert inside.boundary == before
    bring(whole, on=AUTUMN, today=AUTUMN, set_boundary=True)
    inside.refresh_from_db()
    assert inside.boundary is not None
    assert inside.boundary.equals(blocks.area("ABED")), "on that day, the same file once more"


def test_another_communitys_division_of_the_same_code_stays(bring: Bring, elsewhere: Community, blocks: Town) -> None:
    with scope(community=elsewhere):
        import_areas(elsewhere, "blocks", candidates=[], problems=[], valid_from=SPRING, today=TODAY)
    bring(feature(blocks.polygon("ABED")), close_missing=True)
    with scope(community=elsewhere):
        assert Division.objects.get().code == "blocks"
        assert not Area.objects.exists()


def test_repaired_features_are_told_apart_from_refused_ones(bring: Bring, blocks: Town) -> None:
    open_ring = feature(blocks.polygon("ABED"))
    open_ring["geometry"]["coordinates"][0].pop()
    plan = bring(open_ring)
    assert plan.written
    assert [(problem.feature, problem.outcome) for problem in plan.problems] == [(1, Outcome.REPAIRED)]
