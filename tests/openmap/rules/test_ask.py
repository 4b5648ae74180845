"""“Who would answer here?” for administrators, and the way from a report to its rule and back."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from issues.actions import report_issue
from issues.models import Issue
from issues.moves import not_ours
from routing.models import Asset, Category, Decision, Question, Register, Rule, RuleSet
from tests.conftest import LONG_AGO, City, hole
from tests.grid import Town
from tests.issues.conftest import holder
from tests.openmap.rules.conftest import LIST, RULE, TREE, page_of, rule_of
from tests.routing.conftest import beside


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


@pytest.fixture
def lamps(city: City, town: Town) -> Register:
    """Roads ask for a lamp: 17 stands at p, 18 is 30 m away, and 99 is a kilometre away."""
    register = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі", kind="lamps")
    Category.objects.filter(pk=city.roads.pk).update(register=register)
    for key, east in (("17", 0), ("18", 30), ("99", 1000)):
        Asset.objects.create(
            community=city.community, register=register, key=key, geometry=beside(town["p"], east=east),
            valid_from=LONG_AGO,
        )  # fmt: skip
    return register


def test_things_around_the_place_are_offered_the_nearest_first(
    admin_client: Client, first: RuleSet, city: City, town: Town, lamps: Register
) -> None:
    place = {"at": "2026-11-19T10:00", "lat": f"{town['p'].y}", "lon": f"{town['p'].x}", "category": f"{city.roads.pk}"}
    with CaptureQueriesContext(connection) as asked:
        form = admin_client.get(page_of("ask", first), place).context["form"]
    assert [label for key, label in form.fields["asset"].choices if key] == ["17", "18"]
    (looked,) = [query["sql"] for query in asked.captured_queries if "ST_Distance" in query["sql"]]
    assert "ST_Expand" in looked, "no register of a city is measured as a whole"


def test_far_thing_that_was_chosen_stays_chosen(
    admin_client: Client, first: RuleSet, city: City, town: Town, lamps: Register
) -> None:
    far = Asset.objects.get(key="99")
    place = {"lat": town["p"].y, "lon": town["p"].x, "category": city.roads.pk, "asset": far.pk}
    assert f'<option value="{far.pk}" selected>99' in asked(admin_client, first, **place)


@pytest.mark.parametrize("key", ["x", "0", "9" * 19])
def test_thing_that_is_not_in_the_register_is_told_so(
    admin_client: Client, first: RuleSet, city: City, town: Town, lamps: Register, key: str
) -> None:
    place = {"at": "2026-11-19T10:00", "lat": f"{town['p'].y}", "lon": f"{town['p'].x}", "category": f"{city.roads.pk}"}
    answer = admin_client.get(page_of("ask", first), place | {"asset": key})
    assert answer.status_code == 422
    assert "asset" in answer.context["form"].errors


@pytest.mark.parametrize(
    "query", ["lat=x&lon=1", "lat=91&lon=1", "lat=&lon=", "lat=1%00&lon=1&category=x", "lat=nan&lon=inf"]
)
def test_strange_questions_are_told_next_to_their_field(admin_client: Client, first: RuleSet, query: str) -> None:
    answer = admin_client.get(f"{page_of('ask', first)}?{query}")
    assert answer.status_code == 422
    assert answer.context["form"].errors


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
