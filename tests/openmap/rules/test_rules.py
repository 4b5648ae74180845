"""The rules of a draft in the administration, and the questions of a category."""

from datetime import date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import Organisation
from geodata.models import Area, Community
from openmap.forms_rules import places_of
from routing.models import Asset, Channel, Question, Register, Rule, RuleSet
from routing.rulesets import publish
from tests.conftest import LONG_AGO, City
from tests.openmap.rules.conftest import ADD, LIST, RULE, TREE, a_rule, adding, errors, rule_of


def test_list_without_a_choice_shows_the_rules_in_force(admin_client: Client, first: RuleSet, draft: RuleSet) -> None:
    rows = admin_client.get(reverse(LIST)).context["cl"].result_list
    assert {row.ruleset_id for row in rows} == {first.pk}


def test_rule_is_found_by_the_name_of_its_area(admin_client: Client, draft: RuleSet, city: City) -> None:
    rows = admin_client.get(f"{reverse(LIST)}?set={draft.pk}&q=Зар").context["cl"].result_list
    assert rows == [rule_of(draft, city.roads)]


def test_list_of_a_thousand_rules_has_pages_and_asks_no_more_often(
    admin_client: Client, draft: RuleSet, city: City
) -> None:
    page = f"{reverse(LIST)}?set={draft.pk}"
    with CaptureQueriesContext(connection) as few:
        admin_client.get(page)
    Rule.objects.bulk_create(
        Rule(community=city.community, ruleset=draft, organisation=city.council, priority=n) for n in range(1000)
    )
    with CaptureQueriesContext(connection) as many:
        listed = admin_client.get(page).context["cl"]
    assert (len(listed.result_list), listed.result_count) == (50, 1002)
    assert len(many) <= len(few)


def test_rule_is_written_with_all_its_conditions(admin_client: Client, draft: RuleSet, city: City) -> None:
    Question.objects.create(
        community=city.community, category=city.roads, code="where", text="Де це?", text_en="Where?", options=TREE
    )
    register = Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    form = a_rule(city, category=city.roads.pk, place=f"{city.division.pk}:north", register=register.pk, asks="nearest")
    form |= {"within": "40", "weekdays": ["6", "7"], "hours_from": "22:00", "hours_to": "06:00", "organisation": ""}
    form |= {"valid_from": "2026-12-01", f"shown_{city.roads.pk}": "1", "answer_where": ["yard"]}
    answer = admin_client.post(adding(draft), form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    rule = Rule.objects.get(ruleset=draft, priority=3)
    assert (rule.answers, rule.weekdays, rule.within, rule.organisation) == ({"where": ["yard"]}, [6, 7], 40, None)
    shown = admin_client.get(reverse(RULE, args=[rule.pk])).content.decode()
    assert "Where? — In the yard" in shown
    assert "rule-map" in shown


def test_questions_appear_after_the_category_was_chosen(admin_client: Client, draft: RuleSet, city: City) -> None:
    Question.objects.create(community=city.community, category=city.roads, code="where", text="Де?", options=TREE)
    page = admin_client.post(adding(draft), a_rule(city, category=city.roads.pk), follow=True)
    rule = Rule.objects.get(ruleset=draft, priority=3)
    assert page.redirect_chain[-1][0] == reverse(RULE, args=[rule.pk])
    assert 'name="answer_where"' in page.content.decode()
    form = a_rule(city, category=city.roads.pk, answer_where=["street"]) | {f"shown_{city.roads.pk}": "1"}
    assert (
        admin_client.post(reverse(RULE, args=[rule.pk]), form).headers["Location"] == f"{reverse(LIST)}?set={draft.pk}"
    )
    rule.refresh_from_db()
    assert rule.answers == {"where": ["street"]}
    other = a_rule(city, category=city.manholes.pk)
    admin_client.post(reverse(RULE, args=[rule.pk]), other)
    rule.refresh_from_db()
    assert rule.answers == {}, "answers belong to the questions of one category"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organisation": ""}, "organisation"),
        ({"asks": "inside"}, "register"),
        ({"register": "own"}, "asks"),
        ({"register": "own", "asks": "nearest"}, "within"),
        ({"register": "own", "asks": "nearest", "within": "2000"}, "within"),
        ({"register": "own", "asks": "inside", "within": "20"}, "within"),
        ({"hours_from": "10:00"}, "hours_to"),
        ({"hours_to": "10:00"}, "hours_from"),
        ({"hours_from": "10:00", "hours_to": "10:00"}, "hours_to"),
        ({"valid_from": "2026-12-01", "valid_to": "2026-11-01"}, "valid_to"),
        ({"weekdays": ["8"]}, "weekdays"),
        ({"place": "nowhere"}, "place"),
        ({"priority": "99999999"}, "priority"),
        ({"role": "boss"}, "role"),
        ({"category": "999999999999999999999"}, "category"),
    ],
)
def test_wrong_rule_is_told_next_to_its_field(
    admin_client: Client, draft: RuleSet, city: City, changes: dict[str, str], field: str
) -> None:
    register = Register.objects.create(community=city.community, code="houses", name="Будинки")
    given = {name: register.pk if value == "own" else value for name, value in changes.items()}
    assert errors(admin_client, adding(draft), a_rule(city, **given)) == {field}


def test_only_areas_of_today_are_offered_and_the_rules_own(
    admin_client: Client, draft: RuleSet, city: City, now: datetime
) -> None:
    Area.objects.filter(code__in=["north", "south"]).update(valid_to=now.date())
    page = admin_client.get(reverse(RULE, args=[rule_of(draft, city.roads).pk])).content.decode()
    assert "Заріччя (not in force today)" in page
    assert "Слобідка" not in page
    form = a_rule(city, category=city.roads.pk, place=f"{city.division.pk}:north")
    assert admin_client.post(reverse(RULE, args=[rule_of(draft, city.roads).pk]), form).status_code == 302


def test_areas_that_begin_later_are_offered_with_their_first_day(
    admin_client: Client, draft: RuleSet, city: City, now: datetime
) -> None:
    given = {"community": city.community, "division": city.division, "boundary": city.slobidka.boundary}
    Area.objects.filter(pk=city.slobidka.pk).update(valid_to=date(2027, 1, 1))
    Area.objects.create(code="south", name="Слобода", valid_from=date(2027, 1, 1), **given)
    Area.objects.create(code="new", name="Нове", valid_from=date(2027, 1, 1), **given)
    with translation.override("en"):
        found = {place: str(name) for place, name in places_of(city.community)[1][1]}
    number = city.division.pk
    assert found == {
        f"{number}:": "any area of “Райони”",
        f"{number}:new": "Нове (from 1 January 2027)",
        f"{number}:north": "Заріччя",
        f"{number}:south": "Слобідка",
    }
    form = a_rule(city, category=city.roads.pk, place=f"{number}:new")
    assert admin_client.post(adding(draft), form).status_code == 302
    rule = Rule.objects.get(ruleset=draft, priority=3)
    assert "Нове" in admin_client.get(reverse(RULE, args=[rule.pk])).content.decode()


def offered(client: Client, page: str, form: dict[str, object] | None = None) -> list[str]:
    """The names in the list of organisations."""
    answer = client.post(page, form) if form else client.get(page)
    return [str(name) for key, name in answer.context["adminform"].form["organisation"].field.choices if key]


def test_only_organisations_that_the_community_knows_are_offered(
    admin_client: Client, draft: RuleSet, city: City
) -> None:
    Organisation.objects.create(name="Чужий водоканал")
    keeper = Organisation.objects.create(name="ОСББ «Явір»")
    register = Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    Asset.objects.create(
        community=city.community,
        register=register,
        key="1",
        keeper=keeper,
        geometry=city.community.centre,
        valid_from=LONG_AGO,
    )
    known = {city.council.name, city.road_service.name, city.vodokanal.name, keeper.name}
    assert set(offered(admin_client, adding(draft))) == known


def test_other_organisation_is_found_by_its_name_and_then_chosen(
    admin_client: Client, draft: RuleSet, city: City
) -> None:
    stranger = Organisation.objects.create(name="Чужий обленерго")
    Organisation.objects.create(name="Закритий обленерго", is_active=False)
    form = a_rule(city, organisation="", find="обленерго", priority="7") | {"_find": "1"}
    page = admin_client.post(adding(draft), form)
    assert "Found: Чужий обленерго." in page.content.decode()
    assert 'value="7"' in page.content.decode(), "what was written is kept"
    assert "Чужий обленерго" in offered(admin_client, adding(draft), form)
    assert not Rule.objects.filter(ruleset=draft, priority=7).exists(), "to search is not to save"
    chosen = a_rule(city, organisation=stranger.pk, find="обленерго", priority="7")
    assert admin_client.post(adding(draft), chosen).status_code == 302
    assert Rule.objects.get(ruleset=draft, priority=7).organisation == stranger
    assert "Чужий обленерго" in offered(admin_client, adding(draft)), "it stands in a rule now"


def test_search_that_finds_nobody_says_so(admin_client: Client, draft: RuleSet, city: City) -> None:
    for name in ("немає такої", "\0"):
        form = a_rule(city, organisation=city.council.pk, find=name) | {"_find": "1"}
        assert errors(admin_client, adding(draft), form) == {"find"}


def test_enter_in_the_form_saves_when_nothing_is_looked_for(admin_client: Client, draft: RuleSet, city: City) -> None:
    assert admin_client.post(adding(draft), a_rule(city) | {"_find": "1", "find": ""}).status_code == 302
    assert Rule.objects.filter(ruleset=draft, priority=3).exists()


def test_organisation_without_a_channel_is_warned_of_and_saved(
    admin_client: Client, draft: RuleSet, city: City
) -> None:
    Channel.objects.filter(organisation=city.council).update(is_active=False)
    said = admin_client.post(adding(draft), a_rule(city), follow=True).content.decode()
    assert f"{city.council.name} has no active channel here" in said
    assert Rule.objects.filter(ruleset=draft, priority=3).exists()


def test_what_was_written_while_the_draft_was_published_is_kept_on_the_page(
    admin_client: Client, draft: RuleSet, city: City, now: datetime
) -> None:
    page = reverse(RULE, args=[rule_of(draft, city.roads).pk])
    publish(draft, moment=now, at=now)
    answer = admin_client.post(page, a_rule(city, category=city.roads.pk, priority="77"))
    assert answer.status_code == 200
    assert "published or discarded meanwhile" in answer.content.decode()
    assert 'value="77"' in answer.content.decode()
    assert errors(admin_client, adding(draft), a_rule(city)) == {"__all__"}
    assert rule_of(draft, city.roads).priority == 0


def test_published_rule_is_neither_deleted_nor_switched_off(admin_client: Client, first: RuleSet, city: City) -> None:
    rule = rule_of(first, city.roads)
    assert admin_client.post(reverse("admin:routing_rule_delete", args=[rule.pk]), {"post": "yes"}).status_code == 403
    for action in ("switch_off", "delete_selected"):
        form = {"action": action, "_selected_action": [rule.pk], "post": "yes"}
        assert admin_client.post(f"{reverse(LIST)}?set={first.pk}", form).status_code in {302, 403}
    rule.refresh_from_db()
    assert rule.is_active


def test_rules_of_a_draft_are_switched_off_and_deleted(admin_client: Client, draft: RuleSet, city: City) -> None:
    page = f"{reverse(LIST)}?set={draft.pk}"
    rule = rule_of(draft, city.roads)
    admin_client.post(page, {"action": "switch_off", "_selected_action": [rule.pk]})
    rule.refresh_from_db()
    assert not rule.is_active
    admin_client.post(page, {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"})
    assert not Rule.objects.filter(pk=rule.pk).exists()


@pytest.mark.parametrize("asked", ["", "abc", "0", "9" * 30])
def test_rule_without_a_draft_is_offered_the_drafts(admin_client: Client, draft: RuleSet, asked: str) -> None:
    page = admin_client.get(f"{reverse(ADD)}?set={asked}")
    assert page.status_code == 200
    assert adding(draft) in page.content.decode()


def a_question(city: City, options: str) -> dict[str, object]:
    """What the form of a category sends, with one new question."""
    form: dict[str, object] = {"code": "roads", "name": "Дороги", "icon": "road", "working_days": 5, "position": 1}
    form |= {"is_active": "on", "near_metres": 50, "questions-TOTAL_FORMS": 1, "questions-INITIAL_FORMS": 0}
    new: dict[str, object] = {"position": 1, "text": "Де це?", "code": "where", "options": options, "is_required": "on"}
    new |= {"kind": "choice", "longest": 200}
    return form | {f"questions-0-{name}": value for name, value in new.items()}


def test_question_is_written_with_an_answer_on_each_line(admin_client: Client, city: City) -> None:
    page = reverse("admin:routing_category_change", args=[city.roads.pk])
    answer = admin_client.post(page, a_question(city, "yard = У дворі = In the yard\n\n street=На вулиці"))
    assert answer.status_code == 302, answer.context["errors"]
    question = Question.objects.get(category=city.roads)
    assert question.community == city.community
    assert question.options == [
        {"code": "yard", "text": "У дворі", "text_en": "In the yard"},
        {"code": "street", "text": "На вулиці", "text_en": ""},
    ]
    assert "yard = У дворі = In the yard\nstreet = На вулиці" in admin_client.get(page).content.decode()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("yard = У дворі", "at least two"),
        ("yard = У дворі\nстріт = На вулиці", "Line 2: a code has only Latin letters"),
        ("yard = У дворі\nyard = Знову", "Line 2: this code stands above"),
        ("yard = У дворі\nна вулиці", "Line 2 needs a code and a text"),
        ("", "required"),
    ],
)
def test_wrong_answers_are_told_by_their_line(admin_client: Client, city: City, options: str, words: str) -> None:
    page = reverse("admin:routing_category_change", args=[city.roads.pk])
    answer = admin_client.post(page, a_question(city, options))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Question.objects.exists()


def test_register_of_another_community_is_not_chosen(admin_client: Client, city: City, elsewhere: Community) -> None:
    theirs = Register.objects.create(community=elsewhere, code="houses", name="Чужі")
    page = reverse("admin:routing_category_change", args=[city.roads.pk])
    form = {"code": "roads", "name": "Дороги", "icon": "road", "working_days": 5, "position": 1, "near_metres": 50}
    form |= {"register": theirs.pk}
    management = {"questions-TOTAL_FORMS": 0, "questions-INITIAL_FORMS": 0}
    assert errors(admin_client, page, form | management) == {"register"}


def test_questions_of_other_kinds_are_written_with_what_belongs_to_them(admin_client: Client, city: City) -> None:
    page = reverse("admin:routing_category_change", args=[city.roads.pk])
    first = a_question(city, "yard = У дворі\nroad = На дорозі")
    assert admin_client.post(page, first).status_code == 302
    where = Question.objects.get(category=city.roads)
    form = a_question(city, "yard = У дворі\nroad = На дорозі") | {
        "questions-TOTAL_FORMS": 2,
        "questions-INITIAL_FORMS": 1,
    }
    form |= {"questions-0-id": where.pk, "questions-0-category": city.roads.pk}
    deep = {"position": 2, "text": "Яка завглибшки?", "code": "deep", "kind": "number", "least": "1", "most": "200",
            "unit": "см", "longest": 200, "asked_after": ["where:road"]}  # fmt: skip
    form |= {f"questions-1-{name}": value for name, value in deep.items()}
    answer = admin_client.post(page, form)
    assert answer.status_code == 302, answer.context["errors"]
    question = Question.objects.get(code="deep")
    assert (question.shown_if, question.unit, question.is_required) == ({"where": ["road"]}, "см", False)
    assert "Де це? — На дорозі" in admin_client.get(page).content.decode()


@pytest.mark.parametrize(
    ("columns", "beside"),
    [({"kind": "number", "least": "5", "most": "1"}, "most"), ({"kind": "asset"}, "register"),
     ({"kind": "text", "options": "a = A\nb = B"}, "options"), ({"kind": "choice"}, "options")],
)  # fmt: skip
def test_question_that_makes_no_sense_is_told_beside_the_field(
    admin_client: Client, city: City, columns: dict[str, str], beside: str
) -> None:
    page = reverse("admin:routing_category_change", args=[city.roads.pk])
    form = a_question(city, "") | {f"questions-0-{name}": value for name, value in columns.items()}
    answer = admin_client.post(page, form)
    assert answer.status_code == 200
    (errors,) = [form.errors for form in answer.context["inline_admin_formsets"][0].formset.forms]
    assert beside in errors
