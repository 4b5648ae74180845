"""Questions of every kind: checked beside the field, asked only when they matter, and never lost with the category."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.translation import gettext
from django_scopes import scope

from core.models import OutboxMessage
from issues.models import Issue
from routing.models import Asset, Question, Register
from tests.conftest import LONG_AGO, NOW, City
from tests.grid import Town
from tests.issues.conftest import new_rule

ADDRESS = "/yavoryn/report/"
WHERE = [{"code": "road", "text": "На дорозі", "text_en": "On the road"}, {"code": "yard", "text": "У дворі"}]


@pytest.fixture(autouse=True)
def _morning() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def ask(city: City, code: str, kind: str = "choice", **columns: Any) -> Question:
    question: Question = Question.objects.create(
        community=city.community, category=city.roads, code=code, kind=kind, text=f"{code}?", **columns
    )
    return question


@pytest.fixture
def lamp(city: City, town: Town) -> Asset:
    """Lamp 7, at p."""
    register = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    given = {"community": city.community, "register": register, "valid_from": LONG_AGO, "geometry": town["p"]}
    found: Asset = Asset.objects.create(key="L-7", number="7", **given)
    return found


@pytest.fixture
def asked(city: City, lamp: Asset) -> None:
    """Where it is; on the road: how deep; since when; a few words; which lamp stands there."""
    ask(city, "where", options=WHERE, position=1)
    ask(city, "deep", "number", least=1, most="200.5", unit="см", shown_if={"where": ["road"]}, position=2)
    ask(city, "since", "date", not_future=True, is_required=False, position=3)
    ask(city, "words", "text", longest=20, is_required=False, position=4)
    ask(city, "lamp", "asset", register=lamp.register, is_required=False, position=5)


@pytest.fixture
def filled(asked: None, town: Town, lamp: Asset) -> dict[str, str]:
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "roads",
        "text": "Яма.",
        "asked": "roads",
        "asked-shown": "answer-where answer-deep answer-since answer-words answer-lamp",
        "answer-where": "road",
        "answer-deep": "12,5",
        "answer-since": "2026-11-01",
        "answer-words": "біля бордюру",
        "answer-lamp": str(lamp.pk),
        "do": "send",
    }


def sent(client: Client, filled: dict[str, str]) -> Issue:
    seen = client.post(ADDRESS, filled).context["answerer"].seen
    assert client.post(ADDRESS, filled | {"seen": seen}).status_code == 302
    return Issue.objects.latest("id")


def test_answers_of_every_kind_are_kept_and_read_in_words(client: Client, filled: dict[str, str], lamp: Asset) -> None:
    issue = sent(client, filled)
    assert issue.answers == {
        "where": "road", "deep": "12.5", "since": "2026-11-01", "words": "біля бордюру", "lamp": str(lamp.pk),
    }  # fmt: skip
    page = client.get(issue.get_absolute_url()).content.decode()
    letter = OutboxMessage.objects.get(recipient="roads@example.org").payload["text"]
    for said in (page, letter):
        for words in ("На дорозі", "12,5 см", "біля бордюру", "1 листопада 2026"):
            assert words in said


@pytest.mark.parametrize(
    ("name", "typed"),
    [("deep", ""), ("deep", "багато"), ("deep", "0"), ("deep", "201"), ("deep", "NaN"), ("deep", "1e99"),
     ("since", "завтра"), ("since", "2026-11-20"), ("since", "2026-02-30"), ("words", "х" * 21), ("lamp", "999999"),
     ("lamp", "x"), ("where", "moon")],
)  # fmt: skip
def test_wrong_answer_is_told_beside_the_question_and_kept(
    client: Client, filled: dict[str, str], name: str, typed: str
) -> None:
    page = client.post(ADDRESS, filled | {f"answer-{name}": typed})
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [f"answer-{name}"]
    assert f'id="answer-{name}-error"' in page.content.decode()
    assert Issue.objects.count() == 0


@pytest.mark.parametrize("typed", ["01.11.2026", "1.11.2026", "2026-11-01", "01/11/2026"])
def test_day_is_written_as_people_do(client: Client, filled: dict[str, str], typed: str) -> None:
    assert sent(client, filled | {"answer-since": typed}).answers["since"] == "2026-11-01"


def test_question_that_is_not_shown_is_neither_checked_nor_stored(client: Client, filled: dict[str, str]) -> None:
    issue = sent(client, filled | {"answer-where": "yard", "answer-deep": "not a number"})
    assert "deep" not in issue.answers


def test_answer_to_a_question_that_is_not_shown_does_not_decide(
    client: Client, filled: dict[str, str], city: City
) -> None:
    options = [{"code": "gas", "text": "Газ"}, {"code": "water", "text": "Вода"}]
    ask(city, "pipe", options=options, shown_if={"where": ["road"]}, position=6)
    new_rule(city, category=city.roads, answers={"pipe": ["water"]}, priority=5, organisation=city.vodokanal)
    filled |= {"answer-pipe": "water", "asked-shown": filled["asked-shown"] + " answer-pipe"}
    hidden = client.post(ADDRESS, filled | {"answer-where": "yard", "do": "check"}).context["answerer"]
    shown = client.post(ADDRESS, filled | {"do": "check"}).context["answerer"]
    assert (hidden.organisation, shown.organisation) == (city.road_service, city.vodokanal)


def test_condition_holds_through_a_chain(client: Client, filled: dict[str, str], city: City) -> None:
    options = [{"code": "yes", "text": "Так"}, {"code": "no", "text": "Ні"}]
    ask(city, "wet", options=options, shown_if={"where": ["road"]}, position=6)
    ask(city, "why", "text", shown_if={"wet": ["yes"]}, position=7)
    given = filled | {"answer-where": "yard", "answer-wet": "yes", "answer-why": ""}
    assert "why" not in sent(client, given).answers


def test_question_that_an_answer_brings_up_is_asked_before_it_is_missed(client: Client, filled: dict[str, str]) -> None:
    page = client.post(ADDRESS, filled | {"answer-deep": "", "asked-shown": "answer-where answer-since"})
    assert page.status_code == 200
    assert page.context["is_asking"]
    assert not page.context["form"].errors
    assert "answer-deep" in page.context["form"].questions_shown


def test_hidden_question_is_on_the_page_with_what_was_typed(client: Client, filled: dict[str, str]) -> None:
    text = client.post(ADDRESS, filled | {"answer-where": "yard", "do": "check"}).content.decode()
    assert 'value="12,5"' in text
    assert 'data-shown-if="{&quot;answer-where&quot;: [&quot;road&quot;]}" hidden' in text


def test_answers_come_back_with_their_category(client: Client, filled: dict[str, str]) -> None:
    """Without JavaScript: to manholes and back, every page posting what the one before showed."""
    page = client.post(ADDRESS, filled | {"category": "manholes", "do": "zoom_in"})
    kept = dict(page.context["kept_answers"])
    assert kept["kept:roads:answer-deep"] == "12,5"
    assert "kept:roads:answer-deep" in page.content.decode()
    bare = {name: text for name, text in filled.items() if not name.startswith(("answer-", "asked"))}
    back = client.post(ADDRESS, bare | kept | {"asked": "manholes", "category": "roads", "do": "zoom_in"})
    form = back.context["form"]
    assert [form[f"answer-{name}"].value() for name in ("where", "deep", "words")] == ["road", "12,5", "біля бордюру"]


def test_same_code_in_another_category_takes_only_what_fits(client: Client, filled: dict[str, str], city: City) -> None:
    other = [{"code": "lid", "text": "Кришка"}, {"code": "rim", "text": "Обід"}]
    question = ask(city, "other", options=other)
    question.category, question.code = city.manholes, "where"
    question.save()
    page = client.post(ADDRESS, filled | {"category": "manholes", "do": "check"})
    assert "answer-where" not in (page.context["form"].errors or {})
    assert dict(page.context["kept_answers"])["kept:roads:answer-where"] == "road"


def test_thing_of_a_register_is_offered_around_the_pin(client: Client, filled: dict[str, str], lamp: Asset) -> None:
    query = {name: filled[name] for name in ("lon", "lat", "category")}
    text = client.get(f"{ADDRESS}details/", query).content.decode()
    assert f'name="answer-lamp" value="{lamp.pk}" data-place=' in text
    assert sent(client, filled | {"answer-lamp": "none"}).answers["lamp"] == "none"


def test_sensitive_report_does_not_name_the_thing(client: Client, filled: dict[str, str], city: City) -> None:
    city.roads.is_sensitive = True
    city.roads.save()
    issue = sent(client, filled)
    text = client.get(issue.get_absolute_url()).content.decode()
    assert "На дорозі" in text
    assert "lamp?" not in text


@pytest.mark.parametrize(
    "columns",
    [{"kind": "poem"}, {"kind": "number", "least": 5, "most": 4}, {"kind": "text", "longest": 0}, {"kind": "asset"},
     {"kind": "date", "earliest": NOW.date(), "latest": NOW.date() - timedelta(1)}, {"kind": "text", "options": WHERE},
     {"kind": "text", "longest": 1001}],
)  # fmt: skip
def test_database_refuses_a_question_that_makes_no_sense(city: City, columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(city, "x", **columns)


@pytest.mark.parametrize(
    "condition", [{"nothing": ["x"]}, {"where": ["moon"]}, {"where": []}, {"late": ["a"]}, {"deep": ["1"]}, ["where"]]
)
def test_condition_names_answers_of_an_earlier_choice(asked: None, city: City, condition: Any) -> None:
    ask(city, "late", options=[{"code": "a", "text": "А"}, {"code": "b", "text": "Б"}], position=50)
    question = Question(community=city.community, category=city.roads, code="new", kind="text", text="?", position=9)
    question.shown_if = condition
    with pytest.raises(ValidationError) as refusal:
        question.full_clean()
    assert "shown_if" in refusal.value.message_dict
    question.shown_if = {"where": ["road"]}
    question.full_clean()


def test_register_of_another_community_is_refused(city: City, elsewhere: Any, lamp: Asset, town: Town) -> None:
    with scope(community=elsewhere):
        foreign = Register.objects.create(community=elsewhere, code="x", name="X")
    question = Question(community=city.community, category=city.roads, code="q", kind="asset", text="?")
    question.register = foreign
    with pytest.raises(ValidationError) as refusal:
        question.full_clean()
    assert "register" in refusal.value.message_dict


# Search among the things of a register ----------------------------------------------------------------------------


@pytest.fixture
def far_lamps(lamp: Asset, town: Town) -> list[Asset]:
    """Twenty lamps a kilometre to the south: farther from the pin than what is offered by itself."""
    place = Point(town["p"].x, town["p"].y - 0.01, srid=4326)
    given = {"community": lamp.community, "register": lamp.register, "valid_from": LONG_AGO, "geometry": place}
    names = [f"вул. Піщана, {number}" for number in range(100, 120)]
    return [
        Asset.objects.create(key=name, name="вул. Піщана", number=name[-3:], search=f"піщана {name[-3:]}", **given)
        for name in names
    ]


def offered(client: Client, form: dict[str, str], **more: str) -> list[int]:
    """Ids of the lamps on the page, found without JavaScript."""
    page = client.post(ADDRESS, form | {"do": "find"} | more)
    assert page.status_code == 200
    (question,) = (one for one in page.context["form"].questions if one.name == "answer-lamp")
    return [thing.pk for thing in question.things]


def test_thing_far_from_the_pin_is_found_by_its_number(
    client: Client, filled: dict[str, str], far_lamps: list[Asset], lamp: Asset
) -> None:
    filled["answer-lamp"] = ""
    assert offered(client, filled) == [lamp.pk], "by itself only what is near"
    assert offered(client, filled, **{"find-lamp": "піщана 117"}) == [far_lamps[17].pk]
    assert offered(client, filled, **{"find-lamp": "117"}) == [far_lamps[17].pk]
    assert len(offered(client, filled, **{"find-lamp": "піщана"})) == 12


def test_what_was_chosen_stays_in_the_list_whatever_is_searched_for(
    client: Client, filled: dict[str, str], far_lamps: list[Asset], lamp: Asset
) -> None:
    assert offered(client, filled, **{"find-lamp": "117"}) == [lamp.pk, far_lamps[17].pk]
    chosen = filled | {"answer-lamp": str(far_lamps[17].pk), "find-lamp": "117"}
    assert sent(client, chosen).answers["lamp"] == str(far_lamps[17].pk)


def test_search_keeps_what_was_typed_and_is_no_answer(
    client: Client, filled: dict[str, str], far_lamps: list[Asset]
) -> None:
    page = client.post(ADDRESS, filled | {"do": "find", "find-lamp": "немає такого"}).content.decode()
    assert 'value="немає такого"' in page
    assert filled["text"] in page
    assert gettext("Nothing like that was found. Write it shorter.") in page
    assert "find" not in sent(client, filled | {"find-lamp": "117"}).answers


@pytest.mark.parametrize("sought", ["\0", "я" * 5000, "%_'\"\\", "<b>", " "])
def test_strange_words_find_nothing_and_break_nothing(
    client: Client, filled: dict[str, str], far_lamps: list[Asset], sought: str
) -> None:
    filled["answer-lamp"] = ""
    assert set(offered(client, filled, **{"find-lamp": sought})).isdisjoint({lamp.pk for lamp in far_lamps})


def test_fragment_for_scripts_searches_too_and_finds_nothing_of_other_registers(
    client: Client, filled: dict[str, str], far_lamps: list[Asset], city: City
) -> None:
    trees = Register.objects.create(community=city.community, code="trees", name="Дерева", kind="trees")
    given = {"community": city.community, "register": trees, "valid_from": LONG_AGO}
    tree = Asset.objects.create(
        key="T", name="вул. Піщана", number="117", search="піщана 117", geometry=far_lamps[0].geometry, **given
    )
    found = client.get("/yavoryn/report/details/", {"category": "roads", "find-lamp": "117"}).content.decode()
    assert f'value="{far_lamps[17].pk}"' in found
    assert f'value="{tree.pk}"' not in found


def test_page_of_who_answers_keeps_the_search_in_its_address_and_not_in_the_form_that_it_opens(
    client: Client, asked: None, far_lamps: list[Asset], town: Town
) -> None:
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    page = client.get("/yavoryn/who/", place | {"category": "roads", "find-lamp": "117", "answer-where": "yard"})
    assert f'value="{far_lamps[17].pk}"' in page.content.decode()
    assert "find" not in page.context["report_query"]
