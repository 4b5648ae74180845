"""Rules in the administration: written in drafts, published as sets, asked on a map, and mended by hints."""

import html
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import User
from geodata.models import Area, Community
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours
from routing.models import Category, Channel, Decision, Question, Register, Rule, RuleSet
from routing.rulesets import discard, new_draft, publish, set_in_force
from tests.conftest import City, hole
from tests.grid import Town
from tests.issues.conftest import holder

ADD = "admin:routing_rule_add"
LIST = "admin:routing_rule_changelist"
RULE = "admin:routing_rule_change"
SET = "admin:routing_ruleset_change"
TREE = [{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, {"code": "street", "text": "На вулиці"}]


@pytest.fixture(autouse=True)
def _morning(now: datetime, client: Client) -> Iterator[None]:
    client.cookies["language"] = "en"
    with time_machine.travel(now, tick=False), scopes_disabled():
        yield


@pytest.fixture
def first(city: City, now: datetime) -> RuleSet:
    """The set in force."""
    found = set_in_force(city.community, at=now)
    assert found is not None
    return found


@pytest.fixture
def draft(city: City, first: RuleSet, now: datetime) -> RuleSet:
    """A draft like the set in force."""
    return new_draft(community=city.community, at=now, based_on=first)


@pytest.fixture
def admin_client(client: Client, taras: User) -> Client:
    client.force_login(taras)
    return client


def page_of(name: str, ruleset: RuleSet) -> str:
    return reverse(f"admin:routing_ruleset_{name}", args=[ruleset.pk])


def rule_of(ruleset: RuleSet, category: Category) -> Rule:
    found: Rule = Rule.objects.get(ruleset=ruleset, category=category)
    return found


def adding(ruleset: RuleSet) -> str:
    return f"{reverse(ADD)}?set={ruleset.pk}"


def a_rule(city: City, **changes: object) -> dict[str, object]:
    """What the form of a rule sends."""
    given = {"organisation": city.council.pk, "role": "responsible", "priority": "3", "is_active": "on"}
    return given | changes


def errors(client: Client, page: str, form: dict[str, object]) -> set[str]:
    answer = client.post(page, form)
    assert answer.status_code == 200
    found: set[str] = set(answer.context["adminform"].form.errors)
    return found


# Who may ------------------------------------------------------------------------------------------------------
def views(ruleset: RuleSet, rule: Rule) -> list[tuple[str, str]]:
    shown = [page_of("change", ruleset), page_of("publish", ruleset), page_of("ask", ruleset)]
    shown += [reverse(RULE, args=[rule.pk]), f"{page_of('ask', ruleset)}?lat=1&lon=1"]
    done = [page_of(name, ruleset) for name in ("publish", "discard", "draft", "take_back")]
    done += [reverse(RULE, args=[rule.pk]), reverse("admin:routing_rule_delete", args=[rule.pk])]
    return [("get", page) for page in shown] + [("post", page) for page in done]


@pytest.mark.parametrize("who", ["serhii", "marta", "lesia"])
def test_others_neither_see_nor_do_anything(
    client: Client, city: City, draft: RuleSet, who: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    sets = RuleSet.objects.count()
    for method, page in views(draft, rule_of(draft, city.roads)):
        answer = getattr(client, method)(page, {"post": "yes"} if method == "post" else {})
        assert answer.status_code in {302, 403, 404}, page
        assert "Дороги" not in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.is_draft, RuleSet.objects.count()) == (True, sets)
    assert Rule.objects.filter(ruleset=draft).count() == 2


@pytest.mark.parametrize("who", ["taras", "operator"])
def test_administrator_and_operator_see_every_page(
    client: Client, city: City, draft: RuleSet, taras: User, who: str
) -> None:
    client.force_login(taras if who == "taras" else User.objects.create_superuser("olha@example.org"))
    for method, page in views(draft, rule_of(draft, city.roads)):
        if method == "get":
            assert client.get(page).status_code in {200, 422}, page


def test_signed_out_visitor_is_sent_to_the_door(client: Client, draft: RuleSet) -> None:
    assert client.get(page_of("publish", draft)).headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("name", ["draft", "discard", "take_back"])
def test_nothing_is_done_by_a_link(admin_client: Client, draft: RuleSet, name: str) -> None:
    assert admin_client.get(page_of(name, draft)).status_code == 405


# Sets -----------------------------------------------------------------------------------------------------------
def test_rules_in_force_are_changed_in_a_new_draft(admin_client: Client, first: RuleSet, city: City) -> None:
    answer = admin_client.post(page_of("draft", first), follow=True)
    draft = RuleSet.objects.latest("number")
    assert draft.is_draft
    assert draft.based_on == first
    assert rule_of(draft, city.roads).organisation == city.road_service
    assert f"?set={draft.pk}" in answer.content.decode()


def test_set_that_is_added_is_a_draft_of_the_rules_in_force(admin_client: Client, first: RuleSet, city: City) -> None:
    page = reverse("admin:routing_ruleset_add")
    assert admin_client.post(page, {"community": city.community.pk, "note": "Нові люки"}).status_code == 302
    made = RuleSet.objects.latest("number")
    assert (made.note, made.number, made.based_on) == ("Нові люки", first.number + 1, first)
    assert Rule.objects.filter(ruleset=made).count() == 2


def test_note_of_a_draft_is_edited(admin_client: Client, draft: RuleSet) -> None:
    assert admin_client.post(page_of("change", draft), {"note": "Люки — райраді"}).status_code == 302
    draft.refresh_from_db()
    assert draft.note == "Люки — райраді"


def test_list_tells_the_state_of_each_set(admin_client: Client, first: RuleSet, draft: RuleSet, now: datetime) -> None:
    discard(new_draft(community=first.community, at=now, based_on=first), at=now)
    publish(draft, moment=now + timedelta(days=1), at=now)
    new_draft(community=first.community, at=now)
    page = admin_client.get(reverse("admin:routing_ruleset_changelist")).content.decode()
    for words in ("in force since", "waits until", "discarded", ">draft<"):
        assert words in page


def test_publishing_shows_what_changes_first(admin_client: Client, draft: RuleSet, city: City) -> None:
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    page = admin_client.get(page_of("publish", draft))
    assert f"Roads, Заріччя → {city.vodokanal.name}" in page.content.decode()
    draft.refresh_from_db()
    assert draft.is_draft, "looking publishes nothing"


def seen(client: Client, draft: RuleSet) -> str:
    found: str = client.get(page_of("publish", draft)).context["form"].initial["seen"]
    return found


def test_draft_is_published_now(admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime) -> None:
    answer = admin_client.post(
        page_of("publish", draft), {"when": "now", "seen": seen(admin_client, draft)}, follow=True
    )
    draft.refresh_from_db()
    assert draft.in_force_from == now
    assert "in force since" in answer.content.decode()


def test_draft_is_published_at_a_moment_by_the_communitys_clock(admin_client: Client, draft: RuleSet) -> None:
    form = {"when": "later", "moment": "2026-12-01T00:00", "seen": seen(admin_client, draft)}
    assert admin_client.post(page_of("publish", draft), form).status_code == 302
    draft.refresh_from_db()
    assert draft.in_force_from is not None
    assert draft.in_force_from.isoformat() == "2026-11-30T22:00:00+00:00"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("", "Say when the rules come into force"),
        ("2020-01-01T00:00", "has passed already"),
        ("завтра", "Enter a valid date/time"),
        ("2026-03-29T03:30", "couldn’t be interpreted"),
    ],
)
def test_wrong_moment_is_told_next_to_it(admin_client: Client, draft: RuleSet, moment: str, words: str) -> None:
    form = {"when": "later", "moment": moment, "seen": seen(admin_client, draft)}
    answer = admin_client.post(page_of("publish", draft), form)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert answer.context["form"].errors.keys() == {"moment"}
    assert f'value="{moment}"' in answer.content.decode() or not moment


def test_set_that_waits_stands_in_the_way_and_is_named(
    admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    waiting = new_draft(community=first.community, at=now, based_on=first, note="Грудень")
    publish(waiting, moment=now + timedelta(days=9), at=now)
    answer = admin_client.post(page_of("publish", draft), {"when": "now", "seen": seen(admin_client, draft)})
    assert answer.status_code == 422
    assert "Грудень" in " ".join(answer.context["form"].non_field_errors())


def test_draft_that_changed_after_it_was_looked_at_is_shown_again(
    admin_client: Client, draft: RuleSet, city: City
) -> None:
    old = seen(admin_client, draft)
    Rule.objects.filter(ruleset=draft, category=city.roads).update(priority=8)
    answer = admin_client.post(page_of("publish", draft), {"when": "now", "seen": old})
    assert answer.status_code == 422
    assert "priority: 0 → 8" in answer.content.decode()
    again = {"when": "now", "seen": answer.context["form"]["seen"].value()}
    assert admin_client.post(page_of("publish", draft), again).status_code == 302


def test_published_set_is_not_published_again(admin_client: Client, first: RuleSet) -> None:
    answer = admin_client.post(page_of("publish", first), {"when": "now", "seen": "x"})
    assert answer.status_code == 422
    assert admin_client.get(page_of("publish", first)).status_code == 200


def test_draft_is_discarded_and_its_rules_are_read_only(admin_client: Client, draft: RuleSet, city: City) -> None:
    admin_client.post(page_of("discard", draft))
    draft.refresh_from_db()
    assert draft.discarded_at
    rule = admin_client.get(reverse(RULE, args=[rule_of(draft, city.roads).pk]))
    assert not rule.context["has_change_permission"]
    said = admin_client.post(page_of("discard", draft), follow=True).content.decode()
    assert "no draft any more" in said


def test_waiting_set_is_taken_back(admin_client: Client, draft: RuleSet, now: datetime) -> None:
    publish(draft, moment=now + timedelta(days=1), at=now)
    admin_client.post(page_of("take_back", draft))
    draft.refresh_from_db()
    assert draft.is_draft
    assert "does not wait" in admin_client.post(page_of("take_back", draft), follow=True).content.decode()


def test_kept_set_is_restored(admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime) -> None:
    publish(draft, moment=now, at=now)
    assert "Restore as a draft" not in admin_client.get(page_of("change", draft)).content.decode()
    with time_machine.travel(now + timedelta(days=1), tick=False):
        assert "Restore as a draft" in admin_client.get(page_of("change", first)).content.decode()
        admin_client.post(page_of("draft", first))
    assert RuleSet.objects.latest("number").based_on == first


def test_published_set_shows_no_form_and_its_rules(admin_client: Client, first: RuleSet, city: City) -> None:
    page = admin_client.get(page_of("change", first)).content.decode()
    assert 'name="note"' not in page
    assert "Change the rules" in page
    listed = admin_client.get(f"{reverse(LIST)}?set={first.pk}").content.decode()
    assert f"Roads, Заріччя → {city.road_service.name}" in listed
    assert adding(first) not in listed


# Rules ----------------------------------------------------------------------------------------------------------
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


# Who would answer here? -------------------------------------------------------------------------------------------
def asked(client: Client, ruleset: RuleSet, **query: Any) -> str:
    answer = client.get(page_of("ask", ruleset), {"at": "2026-11-19T10:00", **query})
    assert answer.status_code == 200, answer.context["form"].errors
    return answer.content.decode()


def test_draft_is_asked_at_a_place_and_compared_with_what_is_in_force(
    admin_client: Client, draft: RuleSet, city: City, town: Town
) -> None:
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.vodokanal)
    place = {"lat": town["p"].y, "lon": town["p"].x, "category": city.roads.pk}
    page = asked(admin_client, draft, **place)
    assert f"<h2>{city.vodokanal.name}" in page
    assert f"{city.road_service.name}." in page, "by the rules in force"
    assert reverse(RULE, args=[rule_of(draft, city.roads).pk]) in page
    assert "Заріччя</a>" in page


def test_rules_that_lost_are_told_with_the_reason(admin_client: Client, first: RuleSet, city: City, town: Town) -> None:
    place = {"lat": town["q"].y, "lon": town["q"].x, "category": city.roads.pk}
    page = asked(admin_client, first, **place)
    assert "the duty queue" in page


def test_place_outside_is_told(admin_client: Client, first: RuleSet, city: City, town: Town) -> None:
    page = asked(admin_client, first, lat=town["o"].y, lon=town["o"].x, category=city.roads.pk)
    assert "outside the community" in page


def test_questions_of_the_category_are_asked(admin_client: Client, draft: RuleSet, city: City, town: Town) -> None:
    Question.objects.create(community=city.community, category=city.roads, code="where", text="Де?", options=TREE)
    Rule.objects.create(
        community=city.community, ruleset=draft, category=city.roads, answers={"where": ["yard"]}, priority=5,
        organisation=city.council,
    )  # fmt: skip
    place = {"lat": town["p"].y, "lon": town["p"].x, "category": city.roads.pk}
    assert 'name="answer_where"' in asked(admin_client, draft, **place)
    assert f"<h2>{city.council.name}" in asked(admin_client, draft, answer_where="yard", **place)


@pytest.mark.parametrize(
    "query", ["lat=x&lon=1", "lat=91&lon=1", "lat=&lon=", "lat=1%00&lon=1&category=x", "lat=nan&lon=inf"]
)
def test_strange_questions_are_told_next_to_their_field(admin_client: Client, first: RuleSet, query: str) -> None:
    answer = admin_client.get(f"{page_of('ask', first)}?{query}")
    assert answer.status_code == 422
    assert answer.context["form"].errors


# From a report to its rule, and back ------------------------------------------------------------------------------
def test_report_leads_to_the_rule_that_decided_it(
    admin_client: Client, first: RuleSet, city: City, issue: Issue
) -> None:
    rule = reverse(RULE, args=[rule_of(first, city.roads).pk])
    decision = Decision.objects.get(subject=issue.subject)
    for page in (
        reverse("admin:issues_issue_change", args=[issue.pk]),
        reverse("admin:routing_decision_change", args=[decision.pk]),
    ):
        text = admin_client.get(page).content.decode()
        assert rule in text
        assert "In the area “Заріччя”, problems of the kind “Roads”" in text
        assert "&quot;version&quot;" not in text, "no raw trace"


def test_moderator_reads_why_without_a_link_that_would_not_open(
    client: Client, marta: User, first: RuleSet, city: City, issue: Issue
) -> None:
    client.force_login(marta)
    text = client.get(reverse("admin:issues_issue_change", args=[issue.pk])).content.decode()
    assert "In the area “Заріччя”" in text
    assert "/routing/rule/" not in text


def test_rule_shows_how_often_it_was_rejected_and_by_which_reports(
    admin_client: Client, draft: RuleSet, city: City, town: Town, now: datetime
) -> None:
    issue = report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    not_ours(delivery=holder(issue), reason="<b>Не наша</b> дорога.", at=now)
    listed = admin_client.get(f"{reverse(LIST)}?set={draft.pk}").content.decode()
    assert "rejected 1 time in Заріччя" in listed
    page = admin_client.get(reverse(RULE, args=[rule_of(draft, city.roads).pk])).content.decode()
    assert "«&lt;b&gt;Не наша&lt;/b&gt; дорога.»" in page
    assert reverse("admin:issues_issue_change", args=[issue.pk]) in page


# Questions of a category ------------------------------------------------------------------------------------------
def a_question(city: City, options: str) -> dict[str, object]:
    """What the form of a category sends, with one new question."""
    form: dict[str, object] = {"code": "roads", "name": "Дороги", "icon": "road", "working_days": 5, "position": 1}
    form |= {"is_active": "on", "questions-TOTAL_FORMS": 1, "questions-INITIAL_FORMS": 0}
    new = {"position": 1, "text": "Де це?", "code": "where", "options": options, "is_required": "on"}
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
    form = {"code": "roads", "name": "Дороги", "icon": "road", "working_days": 5, "position": 1, "register": theirs.pk}
    management = {"questions-TOTAL_FORMS": 0, "questions-INITIAL_FORMS": 0}
    assert errors(admin_client, page, form | management) == {"register"}
