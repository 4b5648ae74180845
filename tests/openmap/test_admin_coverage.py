"""The coverage page: a map, a table and findings of the last check; to take away as GeoJSON; for administrators."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from shapely.geometry import Point as Spot
from shapely.geometry import shape

from accounts.models import User
from core.jobs import run_jobs
from core.models import Job
from geodata.convert import as_boundary
from geodata.import_report import place_text
from geodata.models import Area, Community
from geodata.shapes import square_metres
from openmap import admin_coverage
from openmap.admin_jobs import page_of
from routing import rule_check
from routing.models import Category, CoveragePiece, Rule, RuleCheck, RuleSet
from routing.rule_check import KIND, check_rules
from routing.rulesets import new_draft, publish
from tests.conftest import City

PAGES = ("coverage", "coverage_shapes", "coverage_geojson")


def address(ruleset: RuleSet, page: str = "coverage", category: str = "") -> str:
    found = reverse(f"admin:routing_ruleset_{page}", args=[ruleset.pk])
    return f"{found}?category={category}" if category else found


@pytest.fixture
def ruleset(city: City) -> RuleSet:
    """The rules in force: roads of Слобідка belong to nobody."""
    return RuleSet.objects.get()


@pytest.fixture
def checked(ruleset: RuleSet) -> RuleSet:
    """The same, checked just now: the pages have no other clock."""
    check_rules(ruleset, at=timezone.now())
    return ruleset


def downloaded(client: Client, ruleset: RuleSet, category: str = "roads") -> dict[str, object]:
    answer = client.get(address(ruleset, "coverage_geojson", category))
    assert answer.status_code == 200
    found: dict[str, object] = json.loads(answer.getvalue())
    return found


def test_page_tells_who_answers_where_and_where_nobody_does(
    client: Client, taras: User, city: City, checked: RuleSet
) -> None:
    client.force_login(taras)
    answer = client.get(address(checked, category="roads"))
    page = answer.content.decode()
    assert [(row["look"].split()[0], row["share"]) for row in answer.context["rows"]] == [
        ("nobody", pytest.approx(50, abs=0.2)),
        ("answered", pytest.approx(50, abs=0.2)),
    ]
    assert "КП «Яворинавтодор»" in page
    assert "coverage-map" in page
    (gap,) = [finding for finding in answer.context["findings"] if finding["is_gap"]]
    lon, lat = map(float, gap["places"][0]["at"].split(","))
    assert shape(json.loads(city.slobidka.boundary.geojson)).contains(Spot(lon, lat))
    assert f'data-fly="{gap["places"][0]["at"]}"' in page
    assert page.count(place_text((lon, lat))) == 2, "as text for everybody, and in the name of its button"


def test_category_is_chosen_by_a_link(client: Client, taras: User, checked: RuleSet) -> None:
    client.force_login(taras)
    page = client.get(address(checked, category="manholes"))
    assert [row["who"] for row in page.context["rows"]] == ["КП «Яворинводоканал»"]
    assert '<a href="?category=manholes" aria-current="page">' in page.content.decode()
    strange = client.get(address(checked, category="nothing-like-it"))
    assert strange.context["category"].code in ("roads", "manholes")


def test_map_draws_pieces_with_a_look_and_a_number(client: Client, taras: User, checked: RuleSet) -> None:
    client.force_login(taras)
    features = json.loads(client.get(address(checked, "coverage_shapes", "roads")).content)["features"]
    looks = {feature["properties"]["look"].split()[0]: feature["properties"] for feature in features}
    assert looks.keys() == {"answered", "nobody"}
    assert looks["answered"]["tag"] == "2"
    assert looks["nobody"]["tag"] == "1 · ніхто"


def test_download_has_the_full_geometry_and_what_it_means(
    client: Client, taras: User, city: City, checked: RuleSet
) -> None:
    client.force_login(taras)
    answer = client.get(address(checked, "coverage_geojson", "roads"))
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="coverage-yavoryn-1-roads.geojson"'
    assert answer.streaming
    found = json.loads(answer.getvalue())
    by_kind = {feature["properties"]["kind"]: feature for feature in found["features"]}
    answered = by_kind["answered"]
    rule = Rule.objects.get(category=city.roads)
    assert answered["properties"] == {
        "kind": "answered",
        "organisation": "КП «Яворинавтодор»",
        "organisations": ["КП «Яворинавтодор»"],
        "rules": [rule.pk],
        "square_metres": round(square_metres(shape(answered["geometry"])), 1),
        "category": "roads",
        "ruleset": 1,
    }
    assert shape(answered["geometry"]).equals(shape(json.loads(city.zarichchia.boundary.geojson)))
    assert by_kind["nobody"]["properties"]["organisation"] is None


def test_shape_on_the_screen_is_simple_and_the_download_is_not(
    client: Client, taras: User, city: City, ruleset: RuleSet
) -> None:
    round_area = as_boundary(Spot(city.zarichchia.boundary.centroid.coords).buffer(0.0005, quad_segs=1000))
    Area.objects.filter(pk=city.zarichchia.pk).update(boundary=round_area)
    check_rules(ruleset, at=timezone.now())
    client.force_login(taras)
    shown = json.loads(client.get(address(ruleset, "coverage_shapes", "roads")).content)["features"]
    (circle,) = [one for one in shown if one["properties"]["look"].startswith("answered")]
    assert len(circle["geometry"]["coordinates"][0][0]) < 400
    taken = downloaded(client, ruleset)["features"]
    (circle,) = [one for one in taken if one["properties"]["kind"] == "answered"]  # type: ignore[attr-defined]
    assert len(circle["geometry"]["coordinates"][0][0]) == 4001


def test_two_at_once_are_a_mistake_with_a_place(client: Client, taras: User, city: City, ruleset: RuleSet) -> None:
    twin = Rule.objects.get(category=city.roads)
    draft = RuleSet.objects.create(community=city.community, number=2, created_at=timezone.now())
    for organisation in (city.road_service, city.vodokanal):
        Rule.objects.create(community=city.community, ruleset=draft, category=twin.category, organisation=organisation)
    check_rules(draft, at=timezone.now())
    client.force_login(taras)
    page = client.get(address(draft, category="roads"))
    assert [row["look"] for row in page.context["rows"]] == ["two"]
    assert page.context["rows"][0]["who"] == "КП «Яворинавтодор» / КП «Яворинводоканал»"
    grave = [finding for finding in page.context["findings"] if finding["is_grave"]]
    assert len(grave[0]["places"]) == 1


def test_page_says_that_the_check_was_overtaken(client: Client, taras: User, city: City, checked: RuleSet) -> None:
    client.force_login(taras)
    assert client.get(address(checked)).context["checked"].is_stale is False
    Area.objects.filter(pk=city.slobidka.pk).update(boundary=city.zarichchia.boundary)
    page = client.get(address(checked))
    assert page.context["checked"].is_stale is True
    assert "errornote" in page.content.decode()


def test_category_made_after_the_check_says_so(client: Client, taras: User, city: City, checked: RuleSet) -> None:
    Category.objects.create(community=city.community, code="trees", name="Дерева")
    client.force_login(taras)
    page = client.get(address(checked, category="trees"))
    assert page.context["is_known"] is False
    assert json.loads(client.get(address(checked, "coverage_shapes", "trees")).content)["features"] == []


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch, checked: RuleSet) -> None:
    """Another check replaces the one that a page has begun to read."""

    class Overtaken(admin_coverage.Shown):
        def __init__(self, check: RuleCheck, category: Category) -> None:
            super().__init__(check, category)
            check_rules(checked, at=timezone.now())

    monkeypatch.setattr(admin_coverage, "Shown", Overtaken)


@pytest.mark.parametrize("page", ["coverage_shapes", "coverage_geojson"])
def test_map_that_is_replaced_while_it_is_read_says_so(
    client: Client, taras: User, checked: RuleSet, overtaken: None, page: str
) -> None:
    client.force_login(taras)
    answer = client.get(address(checked, page, "roads"))
    assert answer.status_code == 409
    assert answer.content


def test_check_that_broke_off_is_told(
    client: Client, taras: User, city: City, checked: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(ruleset: RuleSet, **given: object) -> RuleCheck:
        raise ValueError("a boundary that crosses itself")

    monkeypatch.setattr(rule_check, "check_rules", breaks)
    Area.objects.filter(pk=city.slobidka.pk).update(boundary=city.zarichchia.boundary)
    client.force_login(taras)
    client.cookies["language"] = "en"
    assert "broke off" not in client.get(address(checked)).content.decode()
    client.post(address(checked, "check"))
    run_jobs()
    page = client.get(address(checked)).content.decode()
    assert "The last check broke off" in page
    assert reverse("admin:core_job_change", args=[Job.objects.get(kind=KIND).pk]) in page
    assert "crosses itself" not in page


def test_set_that_waits_says_of_which_day_its_map_is(client: Client, taras: User, checked: RuleSet) -> None:
    draft = new_draft(community=checked.community, at=timezone.now(), based_on=checked)
    waiting = publish(draft, moment=datetime(2099, 1, 1, 10, tzinfo=UTC), at=timezone.now())
    check_rules(waiting, at=timezone.now())
    client.force_login(taras)
    client.cookies["language"] = "en"
    assert "as of 1 January 2099" in client.get(address(waiting)).content.decode()
    assert "as of" not in client.get(address(checked)).content.decode()


def test_page_and_map_of_many_rules_word_only_what_they_show(
    client: Client, taras: User, city: City, ruleset: RuleSet
) -> None:
    draft = new_draft(community=city.community, at=timezone.now(), based_on=ruleset)
    given = {"community": city.community, "ruleset": draft, "organisation": city.council}
    Rule.objects.bulk_create(Rule(category=city.roads, **given) for _ in range(150))
    check_rules(draft, at=timezone.now())
    client.force_login(taras)
    for page in PAGES:
        with CaptureQueriesContext(connection) as asked:
            client.get(address(draft, page, "roads"))
        rules = [query["sql"] for query in asked if 'FROM "routing_rule" LEFT' in query["sql"]]
        assert len(rules) == (1 if page == "coverage" else 0)


def test_set_that_was_not_checked_offers_to_check_it(client: Client, taras: User, ruleset: RuleSet) -> None:
    client.force_login(taras)
    page = client.get(address(ruleset))
    assert page.status_code == 200
    assert page.context["checked"] is None
    assert client.get(address(ruleset, "coverage_geojson")).status_code == 409
    answer = client.post(address(ruleset, "check"))
    assert answer.headers["Location"] == address(ruleset)
    assert client.get(address(ruleset)).context["is_being_checked"] is True
    run_jobs()
    page = client.get(address(ruleset))
    assert page.context["checked"].is_stale is False
    job = Job.objects.get(kind=KIND)
    assert page_of(job) == address(ruleset)
    assert client.get(address(ruleset, "check")).status_code == 405


def test_page_without_categories_or_ground_is_no_error(
    client: Client, elsewhere: Community, lesia: User, now: datetime
) -> None:
    from django_scopes import scope

    with scope(community=elsewhere):
        empty = RuleSet.objects.create(community=elsewhere, number=1, created_at=now)
        check_rules(empty, at=timezone.now())
    client.force_login(lesia)
    for page in PAGES:
        assert client.get(address(empty, page)).status_code in (200, 409)


def test_stranger_is_sent_to_the_door(client: Client, serhii: User, checked: RuleSet) -> None:
    for user in (None, serhii):
        if user:
            client.force_login(user)
        for page in (*PAGES, "check"):
            answer = client.post(address(checked, page)) if page == "check" else client.get(address(checked, page))
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/admin/login/")


def test_moderator_sees_no_coverage(client: Client, marta: User, checked: RuleSet) -> None:
    client.force_login(marta)
    assert {client.get(address(checked, page)).status_code for page in PAGES} == {403}
    assert client.post(address(checked, "check")).status_code == 403


def test_other_communitys_administrator_finds_nothing(client: Client, lesia: User, checked: RuleSet) -> None:
    client.force_login(lesia)
    assert {client.get(address(checked, page)).status_code for page in PAGES} == {404}
    assert client.post(address(checked, "check")).status_code == 404
    assert not Job.objects.exists()


def test_operator_sees_every_set(client: Client, checked: RuleSet) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    assert {client.get(address(checked, page, "roads")).status_code for page in PAGES} == {200}
    assert CoveragePiece.objects.filter(of_check__ruleset=checked).exists()
