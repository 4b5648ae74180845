"""What is wrong with a set of rules, in words and with a place; kept with its moment, never shown as fresh when it
is not."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organisation
from geodata.models import Area, Community
from routing.findings import Finding, with_words
from routing.models import Channel, CoveragePiece, Question, Rule, RuleCheck
from routing.rule_check import Checked, check_rules, is_fresh, stored_check
from routing.rulesets import publish
from tests.grid import Town
from tests.routing.conftest import Rulebook


def check(book: Rulebook, at: datetime) -> Checked:
    """The draft of the book, checked."""
    assert book.draft
    for organisation in book.known.values():
        address: dict[str, Any] = {"organisation": organisation, "address": f"o{organisation.pk}@example.org"}
        Channel.objects.get_or_create(community=book.community, **address)
    check_rules(book.draft, at=at)
    found = stored_check(book.draft, at=at)
    assert found
    return found


def found(book: Rulebook, at: datetime, kind: str) -> list[Finding]:
    return [finding for finding in with_words(check(book, at).findings) if finding.kind == kind]


def reasons(book: Rulebook, at: datetime) -> dict[int, str]:
    """Rule → why it can never win."""
    return {finding.rules[0]: finding.details["reason"] for finding in found(book, at, "unreachable")}


def test_set_without_mistakes_has_no_findings(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    assert check(book, now).findings == []


def test_contradiction_names_both_rules_the_ground_and_a_place(book: Rulebook, now: datetime) -> None:
    older = book.rule("a", category="roads")
    newer = book.rule("b", category="roads")
    (finding,) = found(book, now, "contradiction")
    assert finding.rules == (older.pk, newer.pk)
    assert finding.category == older.category_id
    assert finding.place
    assert book.community.boundary
    assert book.community.boundary.contains(Point(*finding.place, srid=4326))
    assert finding.is_grave
    with translation.override("en"):
        assert "a” and “" in finding.text
        assert "0.12 km²" in finding.text


def test_contradiction_of_rules_for_any_category_is_told_once(book: Rulebook, now: datetime) -> None:
    for code in ("roads", "trees", "lamps"):
        book.about(code)
    book.rule("a")
    book.rule("b")
    (finding,) = found(book, now, "contradiction")
    assert finding.category is None


def test_overlap_of_areas_that_gives_two_answers_is_told_as_an_overlap(
    book: Rulebook, town: Town, now: datetime
) -> None:
    book.about("roads")
    book.area("north", "ABDC")
    book.area("all", "ABFE")
    book.rule("a", area="north")
    book.rule("b", area="all")
    assert [finding.kind for finding in check(book, now).findings] == ["overlap"]
    (overlap,) = found(book, now, "overlap")
    assert overlap.square_metres == pytest.approx(300 * 200, rel=0.01)


def test_overlap_with_one_answer_is_none(book: Rulebook, now: datetime) -> None:
    book.about("roads")
    book.area("north", "ABDC")
    book.area("all", "ABFE")
    book.rule("a", area="north")
    book.rule("a", area="all")
    assert found(book, now, "overlap") == []


def test_gap_is_told_for_each_category_with_its_places(book: Rulebook, now: datetime) -> None:
    book.area("north", "ABDC")
    book.rule("a", category="roads", area="north")
    book.rule("a", category="trees")
    (gap,) = found(book, now, "gap")
    assert gap.category == book.about("roads").pk
    assert gap.details["name"] == "roads"
    assert gap.place
    south = Area(boundary=book.town.area("CDFE"))
    assert south.boundary.contains(Point(*gap.place, srid=4326))
    assert not gap.is_grave


def test_rule_that_stronger_ones_cover_everywhere_is_told(book: Rulebook, now: datetime) -> None:
    book.area("north", "ABDC")
    book.area("south", "CDFE")
    whole = book.rule("a", category="roads")
    for area in ("north", "south"):
        book.rule("b", category="roads", area=area)
    assert reasons(book, now) == {whole.pk: "covered"}


def test_same_rule_twice_is_told(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    again = book.rule("a", category="roads")
    assert reasons(book, now) == {again.pk: "covered"}


def test_rule_under_one_that_holds_only_at_some_hours_is_reachable(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    book.rule("b", category="roads", weekdays=[6, 7], priority=1)
    assert reasons(book, now) == {}


def test_conditional_rule_under_one_that_always_holds_is_told(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads", priority=1)
    never = book.rule("b", category="roads", weekdays=[6, 7])
    assert reasons(book, now) == {never.pk: "covered"}


def test_rule_of_some_days_that_ranks_the_same_as_one_for_all_is_a_contradiction(book: Rulebook, now: datetime) -> None:
    older = book.rule("a", category="roads", valid_from=date(2020, 1, 1))
    newer = book.rule("b", category="roads", weekdays=[6, 7])
    (finding,) = found(book, now, "contradiction")
    assert finding.rules == (older.pk, newer.pk)


def test_rule_under_one_of_the_same_days_is_told(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads", weekdays=[6, 7], priority=5)
    never = book.rule("b", category="roads", weekdays=[6, 7])
    assert reasons(book, now) == {never.pk: "covered"}


def test_rule_that_waits_for_a_contract_to_end_is_reachable(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads", valid_to=date(2028, 1, 1))
    book.rule("b", category="roads")
    assert reasons(book, now) == {}
    assert found(book, now, "gap") == []


def test_ground_with_an_answer_at_some_hours_only_is_told_as_such(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads", weekdays=[6, 7])
    (gap,) = found(book, now, "gap")
    with translation.override("en"):
        assert gap.text.startswith("roads: at some hours or with some answers nobody is named on 0.12 km²")
    assert gap.place


def test_dead_rules_contradict_nobody(book: Rulebook, now: datetime) -> None:
    over: dict[str, Any] = {"category": "roads", "valid_to": date(2026, 1, 1)}
    book.rule("a", **over)
    book.rule("b", **over)
    book.rule("c", category="roads")
    assert {finding.kind for finding in check(book, now).findings} == {"unreachable"}


def test_only_the_rules_of_the_findings_shown_are_put_into_words(
    book: Rulebook, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        book.rule("a", category="roads")
    findings = check(book, now).findings
    assert len(findings) == 19
    with django_assert_max_num_queries(3) as asked:
        (told, *_rest) = with_words(findings[:1])
    assert told.text
    assert f"IN ({told.rules[0]})" in asked.captured_queries[0]["sql"]


def test_dead_rules_say_why(book: Rulebook, town: Town, now: datetime) -> None:
    book.area("north", "ABDC", until=date(2025, 1, 1))
    book.asset("houses", "1", town.area("ABDC"))
    gone = book.about("gone")
    gone.is_active = False
    gone.save()
    roads = book.about("roads")
    Question.objects.create(
        community=book.community,
        category=roads,
        code="where",
        text="Де?",
        options=[{"code": "yard", "text": "У дворі"}, {"code": "road", "text": "На дорозі"}],
    )
    closed = book.who("closed")
    closed.is_active = False
    closed.save()
    expected = {
        book.rule("a", category="gone").pk: "category_inactive",
        book.rule("a", category="roads", valid_to=date(2026, 1, 1)).pk: "dates_over",
        book.rule("closed", category="roads").pk: "organisation_inactive",
        book.rule("a", category="roads", area="north").pk: "no_area",
        book.rule("a", category="roads", answers={"where": ["roof"]}).pk: "never_answered",
        book.rule("a", category="roads", register=book.register("trees"), asks="inside").pk: "empty_register",
        book.rule("", category="roads", register=book.register("houses"), asks="inside").pk: "nobody_keeps",
        book.rule("a", category="roads", register=book.register("houses"), asks="this").pk: "never_chosen",
    }
    assert reasons(book, now) == expected


def test_every_finding_has_words_in_both_languages(book: Rulebook, town: Town, now: datetime) -> None:
    book.asset("houses", "1", town.area("ABDC"))
    book.asset("houses", "2", town.area("CDFE"), keeper="osbb")
    book.rule("a", category="roads", valid_to=date(2026, 1, 1))
    book.rule("", category="roads", register=book.register("houses"), asks="inside")
    assert book.draft
    check_rules(book.draft, at=now)
    for language in ("en", "uk"):
        with translation.override(language):
            checked = stored_check(book.draft, at=now)
            assert checked
            kinds = {finding.kind: finding.text for finding in with_words(checked.findings)}
            assert kinds.keys() == {"unreachable", "gap", "no_channel", "no_keeper"}
            assert all(kinds.values())


def test_keepers_and_organisations_without_a_channel_are_told(book: Rulebook, town: Town, now: datetime) -> None:
    book.asset("houses", "1", town.area("ABDC"), keeper="osbb")
    book.rule("", category="roads", register=book.register("houses"), asks="inside")
    rule = book.rule("a", category="roads")
    assert book.draft
    check_rules(book.draft, at=now)
    checked = stored_check(book.draft, at=now)
    assert checked
    told = [finding for finding in checked.findings if finding.kind == "no_channel"]
    assert {(finding.details.get("name"), finding.details.get("register")) for finding in told} == {
        ("a", None),
        (None, "houses"),
    }
    assert next(finding for finding in told if finding.details.get("name")).rules == (rule.pk,)


# What is kept ---------------------------------------------------------------------------------------------------


def test_check_is_kept_with_its_moment_and_is_fresh(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    checked = check(book, now)
    assert (checked.checked_at, checked.is_stale) == (now, False)
    assert CoveragePiece.objects.filter(of_check=checked.row).count() == 1


def test_categories_with_the_same_rules_share_one_map(book: Rulebook, now: datetime) -> None:
    for code in ("roads", "trees", "lamps"):
        book.about(code)
    book.rule("a")
    assert set(check(book, now).row.layers.values()) == {0}
    assert CoveragePiece.objects.count() == 1


def test_check_again_replaces_the_one_before(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    check(book, now)
    check(book, now)
    assert (RuleCheck.objects.count(), CoveragePiece.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "what", ["rule", "new rule", "area", "asset", "organisation", "channel", "category", "boundary"]
)
def test_whatever_changes_makes_the_check_stale(book: Rulebook, town: Town, now: datetime, what: str) -> None:
    area = book.area("north", "ABDC")
    asset = book.asset("houses", "1", town.area("ABDC"), keeper="osbb")
    rule = book.rule("a", category="roads", area="north")
    book.rule("", category="roads", register=book.register("houses"), asks="inside")
    check(book, now)
    assert book.draft
    assert is_fresh(book.draft, at=now)
    if what == "rule":
        Rule.objects.filter(pk=rule.pk).update(priority=3)
    elif what == "new rule":
        book.rule("b")
    elif what == "area":
        Area.objects.filter(pk=area.pk).update(boundary=town.area("CDFE"))
    elif what == "asset":
        asset.keeper = None
        asset.save()
    elif what == "organisation":
        closed = book.who("a")
        closed.is_active = False
        closed.save()
    elif what == "channel":
        Channel.objects.update(is_active=False)
    elif what == "category":
        book.about("new")
    else:
        Community.objects.filter(pk=book.community.pk).update(boundary=town.area("ABDC"))
    checked = stored_check(book.draft, at=now)
    assert checked
    assert checked.is_stale


def test_day_on_which_an_area_ends_makes_the_check_stale(book: Rulebook, now: datetime) -> None:
    book.area("north", "ABDC", until=date(2026, 12, 1))
    book.rule("a", category="roads", area="north")
    check(book, now)
    assert book.draft
    assert not is_fresh(book.draft, at=datetime(2026, 12, 1, 12, tzinfo=UTC))


def test_day_on_which_a_rule_begins_makes_the_check_stale(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads", valid_from=date(2026, 12, 1))
    check(book, now)
    assert book.draft
    assert is_fresh(book.draft, at=datetime(2026, 11, 30, 12, tzinfo=UTC))
    assert not is_fresh(book.draft, at=datetime(2026, 12, 1, 12, tzinfo=UTC))


def test_organisation_of_others_that_works_no_longer_changes_nothing_here(book: Rulebook, now: datetime) -> None:
    book.rule("a", category="roads")
    check(book, now)
    Organisation.objects.create(name="elsewhere", is_active=False)
    assert book.draft
    assert is_fresh(book.draft, at=now)


def test_question_that_need_not_be_answered_any_more_makes_the_check_stale(book: Rulebook, now: datetime) -> None:
    options = [{"code": code, "text": code} for code in ("yard", "roof")]
    asked = Question.objects.create(
        community=book.community, category=book.about("roads"), code="where", text="Де?", options=options
    )
    book.rule("a", category="roads", answers={"where": ["yard", "roof"]})
    assert check(book, now).findings == []
    asked.is_required = False
    asked.save()
    assert book.draft
    assert not is_fresh(book.draft, at=now)


def test_set_that_waits_is_checked_as_of_its_day(book: Rulebook, now: datetime) -> None:
    book.area("new", "ABFE", since=date(2027, 1, 1))
    book.rule("a", category="roads", area="new")
    assert book.draft
    moment = datetime(2027, 1, 1, 6, tzinfo=UTC)
    waiting = publish(book.draft, moment=moment, at=now)
    check_rules(waiting, at=now)
    checked = stored_check(waiting, at=now)
    assert checked
    assert {finding.kind for finding in checked.findings} == {"no_channel"}
    assert is_fresh(waiting, at=moment), "its moment changes nothing"


def test_set_that_was_never_checked_has_no_findings_to_show(book: Rulebook, now: datetime) -> None:
    book.rule("a")
    assert book.draft
    assert stored_check(book.draft, at=now) is None
