"""Rules learnt from history: what supports them, what does not, and how the draft does on later reports."""

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from django_scopes import scope

from accounts.models import User
from core.models import Subject
from geodata.models import Community
from issues.models import Issue
from routing.judging import IMPORTED
from routing.learning import Case, cases_of, learn, try_on, write_draft
from routing.models import Decision, Delivery, LearntRule, Rule, RuleSet
from routing.rulesets import publish
from tests.conftest import NOW
from tests.routing.conftest import Rulebook

pytestmark = pytest.mark.django_db
SINCE, UNTIL = NOW - timedelta(days=30), NOW


@pytest.fixture
def town_of_two(book: Rulebook) -> Rulebook:
    """North and south, with categories and nothing decided yet."""
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    for code in ("roads", "lamps"):
        book.about(code)
    return book


def case(category: str, organisation: int, area: str = "", division: str = "z") -> Case:
    places = ((division, area),) if area else ()
    return Case(category, organisation, places, 28.46, 49.22, NOW)


def facts(book: Rulebook, *, category: str, at: str, who: str, count: int, day: int = 5, **trace: Any) -> None:
    """Reports that an organisation answered, as an import wrote them."""
    area = "north" if at == "p" else "south"
    for _ in range(count):
        subject = Subject.objects.create(community=book.community, kind="issue")
        told = {
            "category": category,
            "point": list(book.town.places[at]),
            "areas": [{"division": book.division.code, "code": area}],
            "chosen_by": IMPORTED,
        }
        Decision.objects.create(
            community=book.community, subject=subject, organisation=book.who(who), trace={**told, **trace},
            as_of=SINCE + timedelta(days=day), decided_at=NOW,
        )  # fmt: skip


def test_category_with_one_organisation_is_one_rule() -> None:
    (rule,) = learn([case("roads", 1, "north")] * 6 + [case("roads", 1, "south")] * 6).rules
    assert (rule.category, rule.place, rule.organisation, rule.cases, rule.agreeing) == ("roads", None, 1, 12, 12)


def test_area_with_an_organisation_of_its_own_is_a_rule_of_that_area() -> None:
    lesson = learn([case("roads", 1, "north")] * 90 + [case("roads", 2, "south")] * 15)
    assert [(rule.place, rule.organisation) for rule in lesson.rules] == [(None, 1), (("z", "south"), 2)]


def test_organisations_that_share_a_category_by_area_are_rules_of_areas_only() -> None:
    lesson = learn([case("roads", 1, "north")] * 20 + [case("roads", 2, "south")] * 20)
    assert [(rule.place, rule.organisation) for rule in lesson.rules] == [(("z", "north"), 1), (("z", "south"), 2)]


def test_of_two_divisions_the_one_that_explains_more_is_taken() -> None:
    def both(organisation: int, ward: str, school: str) -> Case:
        return Case("roads", organisation, (("wards", ward), ("schools", school)), 28.46, 49.22, NOW)

    lesson = learn([both(1, "w1", "s1")] * 20 + [both(2, "w2", "s1")] * 20 + [both(2, "w2", "s2")] * 20)
    assert {rule.place for rule in lesson.rules if rule.place} == {("wards", "w1"), ("wards", "w2")}


@pytest.mark.parametrize(
    ("cases", "why"),
    [([case("roads", 1)] * 9, "too few"), ([case("roads", 1)] * 7 + [case("roads", 2)] * 5, "no agreement")],
    ids=["too few", "no agreement"],
)
def test_what_is_not_sure_is_told_and_is_no_rule(cases: list[Case], why: str) -> None:
    lesson = learn(cases)
    assert not lesson.rules, why
    assert lesson.unsure["roads"][1] >= 7


def test_what_a_rule_guessed_is_no_fact_until_somebody_answers(issue: Issue, now: datetime) -> None:
    span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    assert not list(cases_of(issue.community, **span))
    Delivery.objects.update(answered_at=now)
    (one,) = cases_of(issue.community, **span)
    assert one.organisation == Delivery.objects.get().organisation_id
    assert one.places == (("districts", "north"),)
    Delivery.objects.update(answered_at=None, refused_at=now, refusal="not ours")
    assert not list(cases_of(issue.community, **span)), "what was handed back is no fact"


def test_only_reports_of_the_time_are_learnt_from(town_of_two: Rulebook) -> None:
    facts(town_of_two, category="roads", at="p", who="in time", count=1)
    facts(town_of_two, category="roads", at="p", who="earlier", count=1, day=-1)
    facts(town_of_two, category="roads", at="p", who="later", count=1, day=31)
    found = cases_of(town_of_two.community, since=SINCE, until=UNTIL)
    assert [one.organisation for one in found] == [town_of_two.who("in time").pk]


def test_last_decision_is_the_fact(town_of_two: Rulebook) -> None:
    facts(town_of_two, category="roads", at="p", who="first", count=1)
    row = Decision.objects.get()
    row.pk, row.organisation, row.decided_at = None, town_of_two.who("second"), NOW + timedelta(hours=1)
    row.save(force_insert=True)
    (one,) = cases_of(town_of_two.community, since=SINCE, until=UNTIL)
    assert one.organisation == town_of_two.who("second").pk


def drafted(book: Rulebook, **more: Any) -> RuleSet:
    lesson = learn(cases_of(book.community, since=SINCE, until=UNTIL))
    return write_draft(lesson, community=book.community, since=SINCE, until=UNTIL, at=NOW, **more)


def named(draft: RuleSet) -> list[tuple[str, str, str]]:
    rows = Rule.objects.filter(ruleset=draft).order_by("id")
    return [(str(rule.category and rule.category.code), rule.area_code, str(rule.organisation)) for rule in rows]


def test_draft_holds_what_was_learnt_with_its_figures_and_decides_by_it(town_of_two: Rulebook) -> None:
    book = town_of_two
    facts(book, category="roads", at="p", who="north", count=20)
    facts(book, category="roads", at="q", who="south", count=19)
    facts(book, category="roads", at="q", who="north", count=1)
    draft = drafted(book)
    assert draft.is_draft
    assert named(draft) == [("roads", "north", "north"), ("roads", "south", "south")]
    assert sorted(LearntRule.objects.values_list("agreeing", "cases")) == [(19, 20), (20, 20)]
    publish(draft, moment=NOW, at=NOW)
    found = book.decide("q", "roads", at=NOW)
    assert found.organisation == book.who("south").pk


def test_categories_with_rules_keep_them_unless_they_are_replaced(town_of_two: Rulebook) -> None:
    book = town_of_two
    book.rule("old", category="roads")
    book.publish()
    facts(book, category="roads", at="p", who="new", count=20)
    facts(book, category="lamps", at="p", who="light", count=20)
    assert named(drafted(book)) == [("roads", "", "old"), ("lamps", "", "light")]
    assert set(named(drafted(book, replace=True))) == {("roads", "", "new"), ("lamps", "", "light")}


def test_draft_is_tried_on_later_reports_beside_two_guesses(town_of_two: Rulebook) -> None:
    book = town_of_two
    facts(book, category="roads", at="p", who="north", count=30)
    facts(book, category="roads", at="q", who="south", count=20)
    draft = drafted(book)
    facts(book, category="roads", at="p", who="north", count=5, day=40)
    facts(book, category="roads", at="q", who="south", count=4, day=40)
    facts(book, category="lamps", at="q", who="north", count=3, day=40)
    before = list(cases_of(book.community, since=SINCE, until=UNTIL))
    later = list(cases_of(book.community, since=UNTIL, until=UNTIL + timedelta(days=30)))
    trial = try_on(draft, later, learnt_from=before)
    assert (trial.cases, trial.right, trial.by_rule) == (12, 9, 9)
    assert (trial.right_by_category, trial.right_by_one) == (5, 8)


def run(*arguments: str) -> str:
    said = StringIO()
    with override("en"):
        call_command("learn_rules", "yavoryn", "--from", "2026-10-01", "--to", "2026-11-18", *arguments, stdout=said)
    return said.getvalue()


def test_command_tells_tries_and_writes_only_when_asked(town_of_two: Rulebook) -> None:
    facts(town_of_two, category="roads", at="p", who="north", count=20)
    said = run()
    assert "20/20  100 %  roads → north" in said
    assert "nothing was written" in said
    assert not RuleSet.objects.exists()
    facts(town_of_two, category="roads", at="q", who="north", count=2, day=32)
    said = run("--test-to", "2026-11-30", "--draft")
    assert "2  100.00 %  the draft names who really answered" in said
    draft = RuleSet.objects.get()
    assert draft.is_draft
    assert "Learnt from 20 reports" in draft.note


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--to", "2026-09-01"], "before the first"),
        (["--test-to", "2026-11-01"], "before the first"),
        (["--min-confidence", "2"], "from 0 to 1"),
        ([], "supports no rule"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_words(book: Rulebook, arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        run(*arguments)


def test_staff_see_what_a_rule_rests_on(town_of_two: Rulebook, client: Client, taras: User) -> None:
    facts(town_of_two, category="roads", at="p", who="north", count=20)
    draft = drafted(town_of_two)
    client.force_login(taras)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    listed = client.get(reverse("admin:routing_rule_changelist"), {"set": draft.pk}).content.decode()
    assert "learnt: 100 %, 20 of 20 reports" in listed
    rule = Rule.objects.get(ruleset=draft)
    assert "20 of 20" in client.get(reverse("admin:routing_rule_change", args=[rule.pk])).content.decode()


def test_learnt_rules_of_another_community_are_out_of_scope(town_of_two: Rulebook, elsewhere: Community) -> None:
    facts(town_of_two, category="roads", at="p", who="north", count=20)
    drafted(town_of_two)
    with scope(community=elsewhere):
        assert not LearntRule.objects.exists()
