"""Works and outages: what is kept of them, who sees them, and where they stand."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.gis.geos import GEOSGeometry, LineString, Point, Polygon
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation
from django_scopes import scope

from accounts.models import User
from core.models import Subject, Visibility
from geodata.layers import Filters, layer_named
from geodata.lists import things
from geodata.models import Community
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY, question
from tests.grid import Town
from tests.works.conftest import MakeWork
from works.models import Work

WORKS = [layer_named("works")]


def page_of(work: Work) -> str:
    return f"/yavoryn/works/{work.pk}/"


# What the database refuses --------------------------------------------------------------------------------------
def test_end_before_the_beginning_is_refused_by_the_database(make_work: MakeWork, now: datetime) -> None:
    with pytest.raises(IntegrityError, match="work_ends_after_it_begins"), transaction.atomic():
        make_work(ends_at=now - timedelta(days=2))


def test_shape_that_crosses_itself_is_refused_by_the_database(make_work: MakeWork) -> None:
    bow = Polygon(((28.46, 49.22), (28.47, 49.23), (28.47, 49.22), (28.46, 49.23), (28.46, 49.22)), srid=4326)
    with pytest.raises(IntegrityError, match="work_place_is_valid"), transaction.atomic():
        make_work(bow)


def test_unknown_kind_is_refused_by_the_database(make_work: MakeWork) -> None:
    with pytest.raises(IntegrityError, match="work_kind_known"), transaction.atomic():
        make_work(kind="party")


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (Polygon(((28.46, 49.22), (28.47, 49.23), (28.47, 49.22), (28.46, 49.23), (28.46, 49.22)), srid=4326), "anew"),
        (Point(30.52, 50.45, srid=4326), "outside"),
    ],
    ids=["crosses itself", "in Kyiv"],
)
def test_wrong_place_is_told_beside_the_map(works: Work, geometry: GEOSGeometry, words: str) -> None:
    works.geometry = geometry
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        works.clean()
    assert words in refused.value.message_dict["geometry"][0]


def test_works_may_be_a_point_a_street_or_an_area(make_work: MakeWork, town: Town, city: City) -> None:
    for geometry in (town["p"], LineString(town["p"].coords, town["q"].coords, srid=4326), town.area("ABDC")):
        make_work(geometry).full_clean()
    assert things(WORKS, question(city.community)).total == 3


# When they are shown --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("starts", "ends", "state", "group"),
    [
        (timedelta(days=2), timedelta(days=3), "planned", "wait"),
        (timedelta(days=-1), timedelta(days=3), "running", "work"),
        (timedelta(days=-1), None, "running", "work"),
        (timedelta(days=-9), timedelta(days=-2), "over", "done"),
    ],
)
def test_state_follows_the_calendar(
    make_work: MakeWork, city: City, now: datetime, starts: timedelta, ends: timedelta | None, state: str, group: str
) -> None:
    work = make_work(starts_at=now + starts, ends_at=now + ends if ends else None)
    (row,) = things(WORKS, question(city.community)).rows
    assert (row["state"], row["state_group"]) == (state, group)
    assert work.state_on(TODAY) == state


def test_what_is_over_for_two_weeks_leaves_the_map_and_keeps_its_page(
    client: Client, make_work: MakeWork, city: City, now: datetime
) -> None:
    old = make_work(starts_at=now - timedelta(days=30), ends_at=now - timedelta(days=15))
    assert things(WORKS, question(city.community)).total == 0
    with time_machine.travel(now, tick=False):
        assert client.get(page_of(old)).status_code == 200


def test_category_filter_keeps_works_that_explain_such_problems(make_work: MakeWork, city: City) -> None:
    make_work(concerns=(city.manholes, city.roads))
    make_work(concerns=(city.manholes,))
    assert things(WORKS, question(city.community, categories=("roads",))).total == 1
    assert things(WORKS, question(city.community, categories=("manholes",))).total == 2
    (row,) = layer_named("works").rows(city.community.pk, Filters(categories=("roads",)), today=TODAY)
    assert set(row["concerns"]) == {"manholes", "roads"}


def test_family_of_states_that_works_never_have_shows_none(works: Work, city: City) -> None:
    assert things(WORKS, question(city.community, groups=("shut",))).total == 0


# Who sees them --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_stranger_sees_neither_a_draft_nor_what_was_hidden(
    client: Client, works: Work, city: City, visibility: Visibility
) -> None:
    Subject.objects.filter(pk=works.subject_id).update(visibility=visibility, hidden_reason="спам")
    assert client.get(page_of(works)).status_code == 404
    assert things(WORKS, question(city.community)).total == 0


def test_page_tells_what_when_and_whose(client: Client, works: Work) -> None:
    with time_machine.travel(NOW, tick=False):
        page = client.get(page_of(works)).content.decode()
    for words in ("Ремонт водогону", "Міняємо трубу", "КП «Яворинводоканал»", "3 грудня"):
        assert words in page


def test_page_of_another_community_does_not_exist(client: Client, works: Work, elsewhere: Community) -> None:
    assert client.get(f"/{elsewhere.slug}/works/{works.pk}/").status_code == 404


def test_draft_is_shown_to_the_staff_of_its_community_only(
    client: Client, make_work: MakeWork, marta: User, lesia: User
) -> None:
    draft = make_work(is_shown=False)
    for user, status in ((marta, 200), (lesia, 404)):
        client.force_login(user)
        with time_machine.travel(NOW, tick=False):
            assert client.get(page_of(draft)).status_code == status


def test_english_reader_gets_the_english_name(works: Work, city: City) -> None:
    with translation.override("en"):
        (row,) = things(WORKS, question(city.community)).rows
    assert row["title"] == "Repair of the water main"


def test_works_of_one_community_are_out_of_reach_in_another(works: Work, elsewhere: Community) -> None:
    with scope(community=elsewhere):
        assert not Work.objects.filter(pk=works.pk).exists()
