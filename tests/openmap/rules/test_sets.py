"""Sets of rules in the administration: drafts, publication, what is kept, and who may."""

import html
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from issues.actions import report_issue
from routing.models import Rule, RuleSet
from routing.rulesets import discard, new_draft, publish
from tests.conftest import City, hole
from tests.grid import Town
from tests.openmap.rules.conftest import LIST, RULE, adding, page_of, rule_of


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


def test_draft_is_compared_with_the_set_that_waits_and_the_page_says_so(
    admin_client: Client, draft: RuleSet, first: RuleSet, city: City, now: datetime
) -> None:
    """What a set that waits for New Year has changed is not taken back unseen."""
    waiting = new_draft(community=first.community, at=now, based_on=first, note="Зима")
    Rule.objects.filter(ruleset=waiting, category=city.manholes).update(organisation=city.council)
    publish(waiting, moment=now + timedelta(days=40), at=now)
    page = admin_client.get(page_of("publish", draft)).content.decode()
    assert f"What it changes: Rules № {waiting.number}: Зима → Rules № {draft.number}" in page
    assert "waits until" in page
    assert page_of("change", waiting) in page
    assert f"<del>Manholes, the whole community → {city.council.name}</del>" in page
    assert f"Manholes, the whole community → {city.vodokanal.name}" in page
    current = admin_client.get(page_of("change", first)).content.decode()
    assert page_of("change", waiting) in current
    assert "Change the rules" not in current
    assert "Change the rules" in admin_client.get(page_of("change", waiting)).content.decode()


def test_set_that_is_added_has_the_rules_of_the_set_that_waits(
    admin_client: Client, draft: RuleSet, city: City, now: datetime
) -> None:
    Rule.objects.filter(ruleset=draft, category=city.roads).update(organisation=city.council)
    publish(draft, moment=now + timedelta(days=40), at=now)
    page = reverse("admin:routing_ruleset_add")
    assert admin_client.post(page, {"community": city.community.pk, "note": ""}).status_code == 302
    made = RuleSet.objects.latest("number")
    assert made.based_on == draft
    assert rule_of(made, city.roads).organisation == city.council


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


def test_set_that_waits_between_two_others_is_taken_back(
    admin_client: Client, draft: RuleSet, first: RuleSet, now: datetime
) -> None:
    after = new_draft(community=first.community, at=now, based_on=draft)
    publish(draft, moment=now + timedelta(days=1), at=now)
    publish(after, moment=now + timedelta(days=2), at=now)
    assert admin_client.post(page_of("take_back", draft)).status_code == 302
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.in_force_to, draft.in_force_to, draft.is_draft) == (now + timedelta(days=2), None, True)


def test_set_that_decided_a_report_is_not_taken_back(
    admin_client: Client, draft: RuleSet, city: City, town: Town, now: datetime
) -> None:
    publish(draft, moment=now + timedelta(seconds=2), at=now)
    report_issue(new=hole(city, town["p"]), community=city.community, at=now + timedelta(seconds=2))
    said = admin_client.post(page_of("take_back", draft), follow=True).content.decode()
    assert "Reports were decided by this set already" in said
    draft.refresh_from_db()
    assert not draft.is_draft


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
