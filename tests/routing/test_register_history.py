"""What decided a report is never overwritten: when a register is corrected in place, and when that is refused."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import shapely
from django.db import IntegrityError, transaction

from issues.actions import report_issue
from routing.models import Asset, Decision, Rule
from routing.register_import import import_register
from routing.register_plan import RegisterPlan
from routing.register_rows import AssetRow
from routing.rulesets import new_draft, publish
from tests.conftest import LONG_AGO, NOW, City, hole
from tests.grid import Town

TODAY = NOW.date()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
Bring = Callable[..., RegisterPlan]


def lamp(town: Town, key: str, at: str, keeper: str) -> AssetRow:
    return AssetRow(
        feature=1,
        key=key,
        name="",
        number=f"А-{key}",
        keeper=keeper,
        edrpou="",
        entrances=None,
        shape=shapely.Point(town[at].coords),
    )


@pytest.fixture
def bring(city: City, town: Town) -> Bring:
    """Imports lamp 1 at p, and 2 at q."""

    def brought(keeper: str, *, on: date, other: str = "КП «Світло»", at: str = "p") -> RegisterPlan:
        rows = [lamp(town, "1", at, keeper), lamp(town, "2", "q", other)]
        return import_register(city.community, "lamps", kind="lamps", rows=rows, problems=(), valid_from=on, at=NOW)

    return brought


def kept() -> list[tuple[str, str, date]]:
    rows = Asset.objects.order_by("key", "valid_from").select_related("keeper")
    return [(row.key, row.keeper.name if row.keeper else "", row.valid_from) for row in rows]


@pytest.mark.parametrize("first_day", [TODAY, TOMORROW])
def test_what_begins_today_or_later_and_decided_nothing_is_corrected_in_place(bring: Bring, first_day: date) -> None:
    bring("Помилка", on=first_day)
    plan = bring("КП «Світло»", on=first_day, at="A")
    assert ([row.key for _pk, row in plan.corrected], plan.unchanged) == (["1"], 1)
    assert kept() == [("1", "КП «Світло»", first_day), ("2", "КП «Світло»", first_day)]


def test_correction_changes_every_fact_and_nothing_else(bring: Bring, city: City, town: Town) -> None:
    bring("КП «Світло»", on=TODAY)
    before = Asset.objects.get(key="1")
    row = AssetRow(
        feature=1,
        key="1",
        name="Соборна",
        number="А-2",
        keeper="",
        edrpou="",
        entrances=4,
        shape=shapely.Point(town["A"].coords),
        attributes={"висота": 8.5, "знаки": 'а"б\\\\в\\tг'},
    )
    import_register(city.community, "lamps", kind="lamps", rows=[row], problems=(), valid_from=TODAY, at=NOW)
    after = Asset.objects.get(key="1")
    assert (after.pk, after.valid_from, after.valid_to) == (before.pk, TODAY, None)
    assert (after.name, after.number, after.keeper, after.entrances) == ("Соборна", "А-2", None, 4)
    assert (after.attributes, after.search) == ({"висота": 8.5, "знаки": 'а"б\\\\в\\tг'}, "соборна а-2")
    assert after.geometry.equals(town["A"])
    assert after.geometry.srid == 4326
    assert kept()[1] == ("2", "КП «Світло»", TODAY), "what is not in the file stays as it was"


def test_what_began_before_today_is_history(bring: Bring) -> None:
    bring("ОСББ «Липа»", on=YESTERDAY)
    before = list(Asset.objects.order_by("pk").values())
    plan = bring("ОСББ «Клен»", on=YESTERDAY, other="ОСББ «Клен»")
    assert [(one.kind, one.code, one.feature) for one in plan.refusals] == [
        ("asset_decided_since", "1", 1),
        ("asset_decided_since", "2", 1),
    ]
    assert list(Asset.objects.order_by("pk").values()) == before
    assert bring("ОСББ «Клен»", on=TODAY).written, "a later first day is what to do"


def test_unchanged_things_of_an_earlier_day_are_no_correction(bring: Bring) -> None:
    bring("КП «Світло»", on=YESTERDAY)
    assert bring("КП «Світло»", on=YESTERDAY).unchanged == 2


@pytest.mark.parametrize("asks", [Rule.Asks.THIS, Rule.Asks.NEAREST])
def test_what_a_report_of_today_was_decided_by_is_history_too(bring: Bring, city: City, town: Town, asks: str) -> None:
    bring("Помилка", on=TODAY)
    first = Asset.objects.get(key="1")
    city.roads.register = first.register
    city.roads.save()
    rules = new_draft(community=city.community, at=NOW - timedelta(hours=1))
    within = 5 if asks == Rule.Asks.NEAREST else None
    Rule.objects.create(
        community=city.community, ruleset=rules, register=first.register, asks=asks, within=within, priority=9
    )
    publish(rules, moment=NOW, at=NOW)
    chosen = {"asset": first} if asks == Rule.Asks.THIS else {}
    issue = report_issue(new=hole(city, town["p"], **chosen), community=city.community, at=NOW)
    decided = Decision.objects.get(subject=issue.subject)
    plan = bring("КП «Світло»", on=TODAY, other="КП «Водоканал»")
    assert [(one.kind, one.code) for one in plan.refusals] == [("asset_decided_since", "1")]
    assert decided.trace["matched"]["asset"]["id"] == first.pk
    assert kept()[0] == ("1", "Помилка", TODAY)


def test_two_versions_of_one_thing_are_never_in_force_together(bring: Bring) -> None:
    bring("КП «Світло»", on=TODAY)
    stored = Asset.objects.get(key="1")
    with pytest.raises(IntegrityError, match="asset_versions_do_not_overlap"), transaction.atomic():
        Asset.objects.create(
            community=stored.community,
            register=stored.register,
            key="1",
            geometry=stored.geometry,
            valid_from=LONG_AGO,
        )
    assert Asset.objects.filter(key="1").update(valid_from=LONG_AGO, valid_to=TODAY) == 1
