"""Which reports are like the one that somebody is writing: by place, category and words, and never by a true place that
is blurred. The pairs below are how the threshold was chosen."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Subject, Visibility
from issues.actions import report_issue
from issues.blur import blurred
from issues.lookalikes import MOST, Draft, LookAlike, look_alikes
from issues.models import Issue
from issues.states import State
from issues.support import Voice, join
from issues.wordforms import likeness, stems
from routing.models import Category
from tests.conftest import City, hole
from tests.grid import Town, grid
from tests.issues.conftest import Houses

HOLE = "Яма на переході. Машини об’їжджають її тротуаром."


@pytest.fixture
def street() -> Town:
    """Places 10 m apart, from west to east, in Заріччя."""
    return grid("a b c d e f g", cell=10, origin=(28.4615, 49.2225))


@pytest.fixture
def reported(city: City, street: Town, now: datetime) -> Issue:
    """A hole in the road at a."""
    return report_issue(new=hole(city, street["a"]), community=city.community, at=now)


def draft(city: City, street: Town, place: str, text: str = "", category: Category | None = None) -> Draft:
    return Draft(category=category or city.roads, point=street[place], text=text)


def numbers(city: City, wanted: Draft, at: datetime) -> list[int | None]:
    return [one.number for one in look_alikes(wanted, community=city.community, at=at)]


@pytest.mark.parametrize(
    ("place", "text", "is_offered"),
    [
        ("a", "", True),  # the very place needs no words
        ("c", "", True),  # 20 m of 50
        ("e", "", False),  # 40 m of 50, and nothing said yet
        ("e", "Ліхтарі не світять", False),
        ("e", "Глибока яма на переході, машини її об’їжджають", True),
        ("f", "Глибока яма на переході, машини її об’їжджають", True),  # 50 m, all the words
        ("g", HOLE, False),  # 60 m: another hole
    ],
)
def test_same_kind_of_problem(
    city: City, street: Town, reported: Issue, now: datetime, place: str, text: str, is_offered: bool
) -> None:
    assert numbers(city, draft(city, street, place, text), now) == ([reported.number] if is_offered else [])


@pytest.mark.parametrize(
    ("place", "text", "is_offered"),
    [
        ("a", "", False),  # something else at the same place
        ("a", "Немає кришки", False),
        ("a", "Яма на пішохідному переході, машини їдуть тротуаром", True),  # the resident chose another kind
        ("e", "Яма на пішохідному переході, машини їдуть тротуаром", False),
    ],
)
def test_another_kind_of_problem_needs_the_same_words_at_the_same_place(
    city: City, street: Town, reported: Issue, now: datetime, place: str, text: str, is_offered: bool
) -> None:
    wanted = draft(city, street, place, text, category=city.manholes)
    assert numbers(city, wanted, now) == ([reported.number] if is_offered else [])


def test_small_things_are_sought_nearer(city: City, street: Town, reported: Issue, now: datetime) -> None:
    assert numbers(city, draft(city, street, "c"), now) == [reported.number]
    city.roads.near_metres = 15
    assert numbers(city, draft(city, street, "c"), now) == []


def test_best_come_first_and_three_at_most(city: City, street: Town, now: datetime) -> None:
    for place in "dcba":
        report_issue(new=hole(city, street[place]), community=city.community, at=now)
    found = look_alikes(draft(city, street, "a", HOLE), community=city.community, at=now)
    assert [one.metres for one in found] == [0, 10, 20]
    assert len(found) == MOST


def test_words_decide_between_two_at_one_place(city: City, street: Town, now: datetime) -> None:
    for text in ("Просів асфальт над трубою.", "Провалилася зливова решітка, стирчить арматура."):
        report_issue(new=hole(city, street["a"], text=text), community=city.community, at=now)
    found = look_alikes(draft(city, street, "a", "решітка провалилась"), community=city.community, at=now)
    assert found[0].row["title"].startswith("Провалилася")


def test_one_house_is_one_place(city: City, street: Town, houses: Houses, now: datetime) -> None:
    inside = {"category": houses.category, "asset": houses.first, "text": "У під’їзді темно."}
    known = report_issue(new=hole(city, street["a"], **inside), community=city.community, at=now)
    wanted = Draft(category=houses.category, point=street["g"], asset=houses.first)
    assert numbers(city, wanted, now) == [known.number]
    assert numbers(city, replace(wanted, asset=houses.second), now) == []


@pytest.mark.parametrize("visibility", [Visibility.HELD, Visibility.HIDDEN])
def test_what_strangers_do_not_see_is_never_offered(
    city: City, street: Town, reported: Issue, now: datetime, visibility: Visibility
) -> None:
    Subject.objects.filter(pk=reported.subject_id).update(visibility=visibility, hidden_reason="особисті дані")
    assert numbers(city, draft(city, street, "a", HOLE), now) == []


def test_blurred_report_is_offered_by_its_blurred_place_only(
    city: City, street: Town, reported: Issue, now: datetime
) -> None:
    Subject.objects.filter(pk=reported.subject_id).update(visibility=Visibility.COARSE)
    assert numbers(city, draft(city, street, "a", HOLE), now) == []
    there = reported.location.clone()
    there.x, there.y = blurred(reported.location.x, reported.location.y)
    (found,) = look_alikes(Draft(category=city.roads, point=there), community=city.community, at=now)
    assert (found.number, found.metres) == (reported.number, None), "and how far it is, is not told"


def test_report_of_a_sensitive_category_is_blurred_too(
    city: City, street: Town, reported: Issue, now: datetime
) -> None:
    Category.objects.filter(pk=city.roads.pk).update(is_sensitive=True)
    assert numbers(city, draft(city, street, "a", HOLE), now) == []


def test_house_of_a_blurred_report_is_not_told(city: City, street: Town, houses: Houses, now: datetime) -> None:
    inside = {"category": houses.category, "asset": houses.first, "text": "У під’їзді темно."}
    known = report_issue(new=hole(city, street["a"], **inside), community=city.community, at=now)
    Subject.objects.filter(pk=known.subject_id).update(visibility=Visibility.COARSE)
    wanted = Draft(category=houses.category, point=street["a"], asset=houses.first)
    assert numbers(city, wanted, now) == []


@pytest.mark.parametrize(
    ("state", "days", "is_offered"),
    [
        (State.DONE, 3, True),
        (State.REJECTED, 3, True),
        (State.DONE, 30, False),
        (State.WITHDRAWN, 3, False),
        (State.DUPLICATE, 3, False),
    ],
)
def test_closed_report_is_shown_for_two_weeks_but_cannot_be_joined(
    city: City, street: Town, reported: Issue, now: datetime, state: State, days: int, is_offered: bool
) -> None:
    Issue.objects.filter(pk=reported.pk).update(state=state, changed_at=now - timedelta(days=days))
    found = look_alikes(draft(city, street, "a", HOLE), community=city.community, at=now)
    assert [one.number for one in found] == ([reported.number] if is_offered else [])
    assert not any(one.can_join for one in found)


def test_people_are_the_author_and_those_who_joined(city: City, street: Town, reported: Issue, now: datetime) -> None:
    for letter in "ab":
        join(issue=reported, voice=Voice(digest=letter * 64), at=now)

    def seen_by(letter: str) -> LookAlike:
        voice = Voice(digest=letter * 64)
        (found,) = look_alikes(draft(city, street, "a"), community=city.community, at=now, voice=voice)
        return found

    assert seen_by("c").people == 3
    assert (seen_by("c").can_join, seen_by("a").can_join, seen_by("a").has_joined) == (True, False, True)


def test_however_many_are_near_it_takes_three_queries(city: City, street: Town, now: datetime) -> None:
    for _time in range(6):
        report_issue(new=hole(city, street["a"]), community=city.community, at=now)
    voice = Voice(digest="a" * 64)
    with CaptureQueriesContext(connection) as queries:
        look_alikes(draft(city, street, "a", HOLE), community=city.community, at=now, voice=voice)
    assert len(queries) == 3


# Words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Люк без кришки на тротуарі", "Відкритий люк: немає кришки"),
        ("Яма на переході", "Величезна яма біля переходу на проспекті"),
        ("Вода тече з-під люка", "З люку біжить вода"),
        ("Не вивозять сміття третій день", "Сміття не вивозили тиждень, контейнери повні сміття"),
        ("У під’їзді немає світла", "Під'їзд без світла"),
        ("открытый люк на тротуаре", "Відкритий люк на тротуарі"),
    ],
)
def test_forms_of_words_are_one_word(one: str, other: str) -> None:
    assert likeness(one, other) >= 0.5
    assert likeness(one, other) == likeness(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Яма на переході", "Не світить ліхтар"),
        ("Батареї холодні третій день", "Гарячої води немає з понеділка"),
        ("Біля школи вже три дні", "Біля музею вже три тижні"),
        ("", "Яма"),
        ("!!! 12", "12 ???"),
    ],
)
def test_different_words_are_not_alike(one: str, other: str) -> None:
    assert likeness(one, other) < 0.35


def test_words_that_stand_in_any_report_carry_nothing() -> None:
    assert stems("Там біля дороги вже давно є яма") == stems("яма дороги давно")
