"""Lists of the administration bring no boundaries along: those of a city have thousands of points."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from core.models import Job
from geodata.models import Area
from issues.models import Issue
from openmap.admin_areas import MOST_ON_A_MAP
from routing.models import Decision, Rule
from tests.accounts.conftest import address, label
from tests.conftest import LONG_AGO, NOW, City
from tests.issues.conftest import new_rules

EVERY = sorted(admin.site._registry, key=label)
SHAPE = re.compile(r'"\."(boundary|geometry)"(,|$| AS)')  # as a column that is read
KYIV = 6625  # points of its boundary
AREAS = 60


def circle(west: float, south: float, *, points: int) -> MultiPolygon:
    """A circle of about 200 metres."""
    turns = [2 * math.pi * n / points for n in range(points)]
    ring = [(west + 0.002 + 0.001 * math.cos(turn), south + 0.002 + 0.001 * math.sin(turn)) for turn in turns]
    return MultiPolygon(Polygon([*ring, ring[0]]), srid=4326)


@pytest.fixture
def large(city: City) -> City:
    """The city with a boundary as long as Kyiv's, and sixty more areas of a thousand points, each with a rule."""
    west, south = city.zarichchia.boundary.extent[:2]
    city.community.boundary = circle(west, south, points=KYIV)
    city.community.save()
    Area.objects.bulk_create(
        Area(
            community=city.community, division=city.division, code=f"a{n}", name=f"Дільниця {n}",
            boundary=circle(west + n / 1000, south, points=1000), valid_from=LONG_AGO,
        )
        for n in range(AREAS)
    )  # fmt: skip
    with new_rules(city) as draft:
        given = {"community": city.community, "ruleset": draft, "category": city.roads, "division": city.division}
        Rule.objects.bulk_create(Rule(**given, area_code=f"a{n}", organisation=city.road_service) for n in range(AREAS))
    return city


@contextmanager
def no_shapes() -> Iterator[CaptureQueriesContext]:
    """Nothing in the block reads a line or a polygon as it is stored."""
    with CaptureQueriesContext(connection) as asked:
        yield asked
    columns = [query["sql"].partition(" FROM ")[0] for query in asked.captured_queries]
    assert not [read for read in columns if SHAPE.search(read)]


@pytest.mark.parametrize("model", EVERY, ids=label)
def test_no_list_reads_a_shape_neither_do_its_filters(client: Client, issue: Issue, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("olha@example.org"))
    with no_shapes():
        assert client.get(address(model, "changelist")).status_code == 200


@pytest.mark.parametrize("page", ["area_changelist", "area_shapes"])
def test_areas_of_real_size_are_listed_and_drawn_without_reading_them(
    client: Client, taras: User, large: City, page: str
) -> None:
    client.force_login(taras)
    with no_shapes() as asked:
        answer = client.get(reverse(f"admin:geodata_{page}"))
    assert "Дільниця 59" in answer.content.decode("unicode_escape" if page == "area_shapes" else "utf-8")
    assert len(asked) < AREAS / 2


def test_rules_are_listed_without_reading_their_areas(client: Client, taras: User, large: City) -> None:
    client.force_login(taras)
    with no_shapes() as asked:
        page = client.get(reverse("admin:routing_rule_changelist")).content.decode()
    assert "Дільниця 40" in page
    assert len(asked) < AREAS / 2


def test_form_of_a_division_offers_communities_without_reading_them(client: Client, taras: User, large: City) -> None:
    client.force_login(taras)
    with no_shapes():
        page = client.get(reverse("admin:geodata_division_add")).content.decode()
    assert "Яворинська громада" in page


def test_reading_a_shape_is_noticed(large: City) -> None:
    with pytest.raises(AssertionError), no_shapes():
        list(Area.objects.select_related("community"))


def test_area_is_saved_and_keeps_its_boundary(client: Client, taras: User, large: City) -> None:
    client.force_login(taras)
    area = Area.objects.get(code="a7")
    form = {"name": "Сьома дільниця", "valid_to": ""}
    answer = client.post(reverse("admin:geodata_area_change", args=[area.pk]), form)
    assert answer.status_code == 302
    saved = Area.objects.get(pk=area.pk)
    assert saved.name == "Сьома дільниця"
    assert saved.boundary.equals_exact(area.boundary)


def test_jobs_are_listed_without_what_they_found(client: Client, taras: User, city: City) -> None:
    Job.objects.create(
        community=city.community, kind="check_rules", state=Job.State.DONE, created_at=NOW, finished_at=NOW,
        result={"findings": ["Контрадикція"] * 1000},
    )  # fmt: skip
    client.force_login(taras)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address(Job, "changelist")).status_code == 200
    assert not [query for query in asked.captured_queries if '"core_job"."result"' in query["sql"]]
    assert not [query for query in asked.captured_queries if '"core_job"."parameters"' in query["sql"]]


def test_decisions_are_listed_without_their_traces(client: Client, taras: User, issue: Issue) -> None:
    client.force_login(taras)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address(Decision, "changelist")).context["cl"].result_count == 1
    assert not [query for query in asked.captured_queries if '"routing_decision"."trace"' in query["sql"]]


# Maps of many areas -----------------------------------------------------------------------------------------


def test_map_says_when_it_leaves_areas_out(
    client: Client, taras: User, large: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(taras)
    assert MOST_ON_A_MAP > AREAS
    monkeypatch.setattr("openmap.admin_areas.MOST_ON_A_MAP", 10)
    client.cookies["language"] = "en"
    found = json.loads(client.get(reverse("admin:geodata_area_shapes")).content)
    assert len(found["features"]) == 10
    assert found["note"] == ("10 of 62 areas are drawn: choose fewer by the filters or the search of their list.")


def test_map_that_draws_everything_says_nothing(client: Client, taras: User, large: City) -> None:
    client.force_login(taras)
    found = json.loads(client.get(reverse("admin:geodata_area_shapes")).content)
    assert len(found["features"]) == AREAS + 2
    assert found["note"] == ""


def test_rule_for_any_area_asks_for_the_areas_of_its_division_apart(client: Client, taras: User, large: City) -> None:
    with new_rules(large) as draft:
        rule = Rule.objects.create(
            community=large.community, ruleset=draft, division=large.division, organisation=large.vodokanal
        )
    client.force_login(taras)
    page = client.get(reverse("admin:routing_rule_change", args=[rule.pk])).content.decode()
    shapes = f"{reverse('admin:geodata_area_shapes')}?division__id__exact={large.division.pk}"
    assert f'data-url="{shapes}"' in page
    assert "rule-map-shapes" not in page
    assert len(json.loads(client.get(shapes).content)["features"]) == AREAS + 2
