"""Administrators write rules, publish them and ask about a place: with a keyboard, on a phone, without scripts."""

import re
from datetime import datetime

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Organisation, User
from routing.models import Question, Register, Rule, RuleSet
from routing.rulesets import new_draft, set_in_force
from tests.browser.conftest import BOTH_WIDTHS, DESKTOP, PageAt, assert_accessible, screenshot
from tests.conftest import City
from tests.grid import Town

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "yavir-yavir-yavir"


@pytest.fixture
def draft(city: City, taras: User, now: datetime) -> RuleSet:
    """A draft whose roads go to Водоканал; the category has a question, and there is a register."""
    taras.set_password(PASSWORD)
    taras.save()
    options = [{"code": "yard", "text": "У дворі"}, {"code": "street", "text": "На вулиці"}]
    Question.objects.create(community=city.community, category=city.roads, code="where", text="Де це?", options=options)
    Register.objects.create(community=city.community, code="houses", name="Будинки", kind="buildings")
    found = new_draft(community=city.community, at=now, based_on=set_in_force(city.community, at=now), note="Осінь")
    Rule.objects.filter(ruleset=found, category=city.roads).update(organisation=city.vodokanal)
    return found


def signed_in(page: Page) -> Page:
    page.goto("/admin/login/")
    page.fill("[name=username]", "taras@example.org")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/$"))
    return page


def address(name: str, *keys: object) -> str:
    return reverse(f"admin:routing_{name}", args=keys)


@BOTH_WIDTHS
def test_pages_of_rules_are_accessible(
    page_at: PageAt, live_server: LiveServer, draft: RuleSet, city: City, town: Town, width: int
) -> None:
    page = signed_in(page_at(width))
    rule = Rule.objects.get(ruleset=draft, category=city.roads)
    place = f"?lat={town['p'].y}&lon={town['p'].x}&category={city.roads.pk}&at=2026-11-19T10:00"
    pages = {
        "sets": address("ruleset_changelist"),
        "draft": address("ruleset_change", draft.pk),
        "in-force": address("ruleset_change", draft.based_on_id),
        "publish": address("ruleset_publish", draft.pk),
        "rules": f"{address('rule_changelist')}?set={draft.pk}",
        "rule": address("rule_change", rule.pk),
        "rule-read": address("rule_change", Rule.objects.get(ruleset=draft.based_on, category=city.roads).pk),
        "which-draft": address("rule_add"),
        "ask": address("ruleset_ask", draft.pk) + place,
        "category": address("category_change", city.roads.pk),
    }
    for name, where in pages.items():
        page.goto(where)
        if page.locator(".geo-map").count():
            expect(page.locator(".geo-map[data-ready=yes]")).to_be_visible()
        screenshot(page, f"admin-rules-{name}-{width}", full=True)
        assert_accessible(page)


def test_draft_is_published_with_the_keyboard(page_at: PageAt, live_server: LiveServer, draft: RuleSet) -> None:
    page = signed_in(page_at(DESKTOP))
    page.goto(address("ruleset_publish", draft.pk))
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.locator(".set-publish button").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(address("ruleset_change", draft.pk)))
    draft.refresh_from_db()
    assert not draft.is_draft


def test_click_on_the_map_chooses_the_place(
    page_at: PageAt, live_server: LiveServer, draft: RuleSet, city: City
) -> None:
    page = signed_in(page_at(DESKTOP))
    page.goto(address("ruleset_ask", draft.pk))
    expect(page.locator(".geo-map[data-ready=yes]")).to_be_visible()
    page.locator("#ask-map").click()
    expect(page.locator("#id_lat")).to_have_value(re.compile(r"^49\.\d{6}$"))
    page.select_option("#id_category", str(city.manholes.pk))
    page.locator(".set-ask button[type=submit]").click()
    expect(page.locator("h2").first).to_contain_text("Яворинводоканал")


def test_place_is_typed_without_scripts(
    page_at: PageAt, live_server: LiveServer, draft: RuleSet, city: City, town: Town
) -> None:
    page = signed_in(page_at(DESKTOP, javascript=False))
    page.goto(address("ruleset_ask", draft.pk))
    page.fill("#id_lat", f"{town['p'].y:.6f}")
    page.fill("#id_lon", f"{town['p'].x:.6f}")
    page.select_option("#id_category", str(city.roads.pk))
    page.locator(".set-ask button[type=submit]").click()
    expect(page.locator("h2").first).to_contain_text("Яворинводоканал")


def test_organisation_of_others_is_looked_for_and_chosen_without_scripts(
    page_at: PageAt, live_server: LiveServer, draft: RuleSet, city: City
) -> None:
    Organisation.objects.create(name="Чужий обленерго")
    rule = Rule.objects.get(ruleset=draft, category=city.roads)
    page = signed_in(page_at(DESKTOP, javascript=False))
    page.goto(address("rule_change", rule.pk))
    page.fill("#id_priority", "7")
    page.fill("#id_find", "обленерго")
    page.locator("button[name=_find]").click()
    expect(page.locator("#id_priority")).to_have_value("7")
    page.select_option("#id_organisation", label="Чужий обленерго")
    page.locator("[name=_save]").click()
    expect(page).to_have_url(re.compile(address("rule_changelist")))
    rule.refresh_from_db()
    assert (str(rule.organisation), rule.priority) == ("Чужий обленерго", 7)
