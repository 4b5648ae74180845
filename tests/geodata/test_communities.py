"""Communities of the country: joined to the codifier, settled on their ground, made once and then only redrawn."""

from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon
from django.contrib.gis.geos import Point as Place
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, box
from shapely.ops import unary_union

from geodata.communities import CommunityPlan, import_communities
from geodata.communities_ground import settle
from geodata.communities_join import BadCodesError, Register, claims_of, read_codes
from geodata.events import areas_changed
from geodata.models import Area, Community, Unit
from geodata.reading import read_features
from geodata.shapes import square_metres
from tests.geodata.codifier import KYIV, NAMESAKE, PECHERSK, RAION, SOSNIVKA, TABLE, YAVORYN, codes, drawn, pair
from tests.geodata.files import collection
from tests.grid import Town, grid


def bring_in(features: list[Any], table: bytes = TABLE, **given: Any) -> CommunityPlan:
    register = Register(Unit.objects.all())
    claims, problems = claims_of(read_features(collection(*features)), read_codes(table), register)
    return import_communities(claims, problems, register=register, **given)


def here(place: Place) -> list[str]:
    return list(Community.objects.filter(boundary__covers=place).order_by("slug").values_list("slug", flat=True))


def drawing_of(community: Community) -> memoryview:
    """The stored boundary, byte by byte."""
    assert community.boundary
    return community.boundary.wkb


def kinds(plan: CommunityPlan) -> list[tuple[str, int]]:
    assert all(problem.text for problem in plan.problems)
    return [(problem.kind, problem.feature) for problem in plan.problems]


def test_communities_are_made_with_code_name_and_address(codifier: None, thin: Town) -> None:
    plan = bring_in(pair(thin))
    assert plan.written
    made = Community.objects.order_by("slug").values_list("slug", "name", "katottg", "time_zone")
    assert list(made) == [
        ("sosnivka", "Соснівська сільська громада", SOSNIVKA, "Europe/Kyiv"),
        ("yavoryn", "Яворинська міська громада", YAVORYN, "Europe/Kyiv"),
    ]


def test_map_of_a_new_community_opens_on_all_of_it(codifier: None, thin: Town) -> None:
    bring_in(pair(thin))
    yavoryn = Community.objects.get(slug="yavoryn")
    assert yavoryn.boundary
    west, south, east, north = yavoryn.boundary.extent
    assert yavoryn.centre.coords == pytest.approx(((west + east) / 2, (south + north) / 2))
    assert 9 <= yavoryn.zoom <= 14


def test_ground_claimed_twice_belongs_to_the_smaller_community(codifier: None, thin: Town) -> None:
    plan = bring_in(pair(thin))
    (shared,) = plan.shared
    assert (shared.kept_by, shared.lost_by, shared.is_wide) == (SOSNIVKA, YAVORYN, True)
    assert shared.square_metres == pytest.approx(200 * 400, rel=0.01)
    middle = Place((thin["N"].x + thin["B"].x) / 2, (thin["N"].y + thin["M"].y) / 2, srid=4326)
    assert here(middle) == ["sosnivka"]
    assert plan.coverage
    assert plan.coverage.overlaps == []


def test_outcome_does_not_depend_on_the_order_of_the_file(codifier: None, thin: Town) -> None:
    first, second = bring_in(pair(thin), dry_run=True), bring_in(pair(thin)[::-1], dry_run=True)
    drawn_as = [{row.katottg: drawing_of(row) for row in plan.created} for plan in (first, second)]
    assert drawn_as[0] == drawn_as[1]


def test_equal_claims_are_settled_by_code(codifier: None) -> None:
    town = grid(f"A {'. ' * 30}N B {'. ' * 30}C", f"D {'. ' * 30}M E {'. ' * 30}F", cell=100.0)
    same = [
        drawn(town.polygon("ABED"), 1, "Яворинська міська громада"),
        drawn(town.polygon("ABED"), 2, "Соснівська сільська громада"),
    ]
    plan = bring_in(same, dry_run=True)
    assert (plan.shared[0].kept_by, plan.shared[0].lost_by) == (min(YAVORYN, SOSNIVKA), max(YAVORYN, SOSNIVKA))
    assert ("mostly_shared", 2) in kinds(plan), "nothing would be left of the other"


def test_overlap_of_more_than_a_tenth_is_refused(codifier: None, country: Town) -> None:
    plan = bring_in(pair(country))
    assert kinds(plan) == [("mostly_shared", 1)]
    assert not plan.written
    assert not Community.objects.exists()


def test_ground_of_three_claims_goes_to_the_smallest_and_none_is_lost() -> None:
    tall, wide, small = box(28, 49, 28.2, 50), box(28, 49, 29, 49.1), box(28.15, 49.05, 28.3, 49.2)
    settled = settle({"tall": tall, "wide": wide, "small": small}, {})
    shapes = settled.shapes
    assert shapes["small"].equals(small)
    assert shapes["wide"].equals(wide.difference(small))
    assert shapes["tall"].equals(tall.difference(wide).difference(small))
    assert unary_union(list(shapes.values())).symmetric_difference(unary_union([tall, wide, small])).area < 1e-12
    assert {(found.kept_by, found.lost_by) for found in settled.shared} == {
        ("small", "wide"),
        ("small", "tall"),
        ("wide", "tall"),
    }


claims_drawn = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 8), st.integers(1, 8)), min_size=1, max_size=6
)


@given(claims_drawn, st.integers(0, 2))
def test_every_place_that_is_claimed_belongs_to_exactly_one(
    rows: list[tuple[int, int, int, int]], how_many_fixed: int
) -> None:
    shapes = {
        str(n): box(28 + x / 100, 49 + y / 100, 28 + (x + w) / 100, 49 + (y + h) / 100)
        for n, (x, y, w, h) in enumerate(rows)
    }
    fixed: dict[str, Polygon] = {}
    for code in list(shapes)[:how_many_fixed]:
        if not any(shapes[code].intersects(other) for other in fixed.values()):
            fixed[code] = shapes.pop(code)
    settled = settle(shapes, fixed)
    for x in range(21):
        for y in range(21):
            place = Point(28 + (x + 0.5) / 100, 49 + (y + 0.5) / 100)
            owners = [code for code, shape in (settled.shapes | fixed).items() if shape.covers(place)]
            claimants = {code: shape for code, shape in (shapes | fixed).items() if shape.covers(place)}
            smallest = min(claimants, key=lambda c: (c not in fixed, square_metres(claimants[c]), c), default=None)
            assert owners == ([smallest] if smallest else [])


def test_second_run_writes_nothing(codifier: None, thin: Town) -> None:
    bring_in(pair(thin))
    again = bring_in(pair(thin))
    assert (len(again.created), len(again.redrawn), len(again.unchanged)) == (0, 0, 2)


def test_existing_community_is_redrawn_and_keeps_the_rest(codifier: None, thin: Town, yavoryn: Community) -> None:
    Community.objects.filter(pk=yavoryn.pk).update(katottg=YAVORYN, slug="nash-yavoryn", accent_hue=7, zoom=11)
    plan = bring_in(pair(thin))
    assert (len(plan.created), [row.pk for row in plan.redrawn]) == (1, [yavoryn.pk])
    assert ("name_kept", 1) in kinds(plan)
    before = drawing_of(yavoryn)
    yavoryn.refresh_from_db()
    assert (yavoryn.slug, yavoryn.name, yavoryn.accent_hue, yavoryn.zoom) == (
        "nash-yavoryn",
        "Яворинська громада",
        7,
        11,
    )
    assert drawing_of(yavoryn) != before


def test_change_of_the_ground_is_announced_for_each_community_that_was_redrawn(codifier: None, thin: Town) -> None:
    told: list[str] = []

    def hear(sender: object, *, community: Community, **_more: object) -> None:
        assert not Area.objects.exists()  # its scope is open
        told.append(community.slug)

    bring_in(pair(thin))
    Community.objects.filter(slug="sosnivka").update(boundary=None)
    areas_changed.connect(hear)
    try:
        bring_in(pair(thin), dry_run=True)
        assert told == []
        bring_in(pair(thin))
    finally:
        areas_changed.disconnect(hear)
    assert told == ["sosnivka"]


def test_communities_that_changed_while_the_file_was_compared_are_not_overwritten(
    codifier: None, thin: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_in(pair(thin))
    Community.objects.filter(slug="sosnivka").update(boundary=None)

    def somebody_draws(*given: Any) -> Any:
        Community.objects.filter(slug="sosnivka").update(boundary=thin.whole())
        return settle(*given)

    monkeypatch.setattr("geodata.communities.settle", somebody_draws)
    plan = bring_in(pair(thin))
    assert (plan.written, [problem.kind for problem in plan.refusals]) == (False, ["stored_meanwhile"])
    assert drawing_of(Community.objects.get(slug="sosnivka")) == thin.whole().wkb


def test_community_that_is_kept_keeps_its_boundary_and_its_ground(codifier: None, thin: Town) -> None:
    own = MultiPolygon(thin.polygon("ABED"), srid=4326)
    Community.objects.create(slug="own", name="Своя", katottg=YAVORYN, boundary=own, centre=own.centroid)
    plan = bring_in(pair(thin), keep=[YAVORYN])
    assert [row.slug for row in plan.kept] == ["own"]
    assert (plan.shared[0].kept_by, plan.shared[0].lost_by) == (YAVORYN, SOSNIVKA)
    assert drawing_of(Community.objects.get(slug="own")) == own.wkb


def test_file_of_one_community_takes_no_ground_from_the_others(codifier: None, thin: Town) -> None:
    bring_in(pair(thin))
    before = {row.slug: drawing_of(row) for row in Community.objects.all()}
    plan = bring_in(pair(thin)[:1])
    assert not plan.redrawn
    assert {row.slug: drawing_of(row) for row in Community.objects.all()} == before


def test_invented_town_without_a_code_takes_no_part(codifier: None, thin: Town) -> None:
    Community.objects.create(slug="demo", name="Демо", boundary=thin.whole(), centre=thin["A"])
    assert len(bring_in(pair(thin)).shared) == 1


def test_address_of_a_community_without_a_code_is_asked_about(codifier: None, thin: Town, yavoryn: Community) -> None:
    plan = bring_in(pair(thin))
    assert kinds(plan) == [("slug_of_unknown", 1)]
    assert Community.objects.count() == 1


def test_address_of_another_community_is_passed_over(codifier: None, thin: Town, yavoryn: Community) -> None:
    Community.objects.filter(pk=yavoryn.pk).update(katottg=NAMESAKE, boundary=None)
    bring_in(pair(thin))
    assert Community.objects.get(katottg=YAVORYN).slug == "yavoryn-vinnytska"


def test_polygon_without_a_code_is_found_by_name_raion_and_oblast(codifier: None, thin: Town) -> None:
    plan = bring_in(pair(thin), codes((1, YAVORYN, "Яворинська міська громада")))
    assert kinds(plan) == [("code_by_name", 2)]
    assert Community.objects.get(slug="sosnivka").katottg == SOSNIVKA


def test_kind_decides_between_namesakes_of_one_raion(codifier: None, thin: Town) -> None:
    features = [drawn(thin.polygon("ABED"), 1, "Яворинська селищна громада")]
    bring_in(features, codes((9, SOSNIVKA, "")))
    assert Community.objects.get().katottg == NAMESAKE


def test_name_in_another_oblast_is_not_enough(codifier: None, thin: Town) -> None:
    features = [drawn(thin.polygon("ABED"), 1, "Соснівська сільська громада", oblast="Львівська")]
    assert kinds(bring_in(features, codes())) == [("no_code", 1)]


def test_polygon_with_two_codes_takes_the_one_of_its_name(codifier: None, thin: Town) -> None:
    table = codes((1, SOSNIVKA, "Соснівська сільська громада"), (1, YAVORYN, "Яворинська міська громада"))
    plan = bring_in(pair(thin), table)
    assert kinds(plan) == [("two_codes", 1), ("code_by_name", 2)]
    assert Community.objects.get(slug="yavoryn").katottg == YAVORYN


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (codes((1, YAVORYN, "Одна"), (1, SOSNIVKA, "Друга")), "which_code"),
        (codes((1, "UA99999999999999999", "Яворинська міська громада")), "no_unit"),
        (codes((1, RAION, "Яворинська міська громада")), "not_a_community"),
    ],
)
def test_polygon_without_one_community_is_refused(codifier: None, thin: Town, table: bytes, kind: str) -> None:
    assert kinds(bring_in(pair(thin)[:1], table)) == [(kind, 1)]
    assert not Community.objects.exists()


def test_two_polygons_of_one_community_are_refused(codifier: None, thin: Town) -> None:
    table = codes((1, YAVORYN, "Яворинська міська громада"), (2, YAVORYN, "Яворинська міська громада"))
    assert ("code_twice", 2) in kinds(bring_in(pair(thin), table))


def test_place_outside_the_country_and_swapped_axes_are_refused(codifier: None) -> None:
    far, swapped = grid("A B", "D C", origin=(2.35, 48.85)), grid("A B", "D C", origin=(49.2, 28.4))
    for town, kind in ((far, "not_in_ukraine"), (swapped, "swapped")):
        features = [drawn(town.polygon("ABCD"), 1, "Яворинська міська громада")]
        assert kinds(bring_in(features)) == [(kind, 1)]


def test_city_with_special_status_is_named_as_in_the_codifier(codifier: None, thin: Town) -> None:
    features = [drawn(thin.polygon("ABED"), 1, "Київ", raion="Київ", oblast="Київ")]
    bring_in(features, codes())
    assert list(Community.objects.values_list("slug", "name", "katottg")) == [("kyiv", "Київ", KYIV)]
    assert Unit.objects.get(pk=PECHERSK).parent_id == KYIV


def test_other_spelling_of_the_file_is_told_and_the_codifier_is_believed(codifier: None, thin: Town) -> None:
    features = [drawn(thin.polygon("ABED"), 1, "Яворівська територіальна громада")]
    assert kinds(bring_in(features)) == [("other_name", 1)]
    assert Community.objects.get().name == "Яворинська міська громада"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"id,code\n1,2\n"])
def test_another_table_of_codes_is_refused(data: bytes) -> None:
    with pytest.raises(BadCodesError):
        read_codes(data)


def test_boundary_that_crosses_itself_is_repaired_and_told(codifier: None, thin: Town) -> None:
    loop = thin["C"].x + 0.001, thin["C"].y
    ring = [*thin.ring("NCFM")[:2], loop, (loop[0], thin["F"].y), *thin.ring("NCFM")[2:]]
    crossed = pair(thin)[1]
    ring[2], ring[3] = ring[3], ring[2]
    crossed["geometry"]["coordinates"] = [ring]
    plan = bring_in([crossed])
    assert ("self_crossing", 1) in kinds(plan)
    assert plan.written
