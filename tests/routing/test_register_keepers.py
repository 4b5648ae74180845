"""Keepers of things: found by code and name, made once, and told apart."""

from collections.abc import Sequence
from datetime import date

import pytest
from django.db import transaction
from django_scopes import scope
from shapely import Point

from accounts.models import Organisation
from geodata.models import Community
from geodata.problems import Outcome
from routing.models import Asset
from routing.register_import import import_register
from routing.register_keepers import Keepers, could_be, keepers_of, same_name
from routing.register_plan import RegisterPlan
from routing.register_rows import AssetRow
from tests.conftest import LONG_AGO, NOW
from tests.grid import ORIGIN
from tests.parallel import at_once

LYPA, KLEN = "12345678", "87654321"
Given = tuple[str, str]  # name, ЄДРПОУ


def rows(*keepers: Given) -> list[AssetRow]:
    return [
        AssetRow(
            feature=number,
            key=str(number),
            name="",
            number="",
            keeper=name,
            edrpou=edrpou,
            entrances=None,
            shape=Point(*ORIGIN),
        )
        for number, (name, edrpou) in enumerate(keepers, start=1)
    ]


def found(*keepers: Given) -> Keepers:
    with transaction.atomic():
        return keepers_of(rows(*keepers))


def kinds(found: Keepers) -> list[tuple[str, int]]:
    return [(problem.kind, problem.feature) for problem in found.problems]


def bring(community: Community, *keepers: Given, on: date = LONG_AGO) -> RegisterPlan:
    return import_register(community, "lamps", kind="lamps", rows=rows(*keepers), problems=(), valid_from=on, at=NOW)


def kept_by(key: str) -> str:
    keeper = Asset.objects.get(key=key).keeper
    return keeper.name if keeper else ""


@pytest.mark.parametrize("other", ['ОСББ "Липа"', "осбб  «липа»", "ОСББ „Липа“", "ОСББ Липа"])
def test_quotes_capitals_and_spaces_make_no_other_name(other: str) -> None:
    assert same_name(other) == same_name("ОСББ «Липа»")


def test_apostrophes_of_all_kinds_are_one(inside: Community) -> None:
    assert len({same_name(f"Комун{mark}янка") for mark in "'’`ʼ"}) == 1


def test_code_decides_before_the_name(inside: Community) -> None:
    lypa = Organisation.objects.create(name="ОСББ «Липа»", edrpou=LYPA)
    seen = found(("Правління ОСББ Липа", LYPA))
    assert seen.by_row == {"1": lypa.pk}
    assert kinds(seen) == [("keeper_spelled", 1)], "another spelling is told, not refused"
    assert not seen.new


def test_code_of_one_body_and_name_of_another_are_refused(inside: Community) -> None:
    Organisation.objects.create(name="ОСББ «Липа»", edrpou=LYPA)
    Organisation.objects.create(name="ОСББ «Клен»", edrpou=KLEN)
    seen = found(("ОСББ «Клен»", LYPA))
    assert [(one.kind, one.outcome) for one in seen.problems] == [("keeper_conflict", Outcome.REFUSED)]


def test_code_that_nobody_has_needs_a_name(inside: Community) -> None:
    assert kinds(found(("", LYPA))) == [("unknown_edrpou", 1)]


def test_two_spellings_with_one_code_are_one_organisation(inside: Community) -> None:
    plan = bring(inside, ("ОСББ «Липа»", LYPA), ("Липа, ОСББ", LYPA), ("ОСББ Липа", LYPA))
    assert plan.written
    assert Organisation.objects.get().edrpou == LYPA
    assert {kept_by(key) for key in "123"} == {"ОСББ «Липа»"}
    assert [problem.kind for problem in plan.problems] == ["keeper_spelled"]


def test_namesakes_are_told_apart_by_their_codes(inside: Community) -> None:
    plan = bring(inside, ("ОСББ «Мрія»", LYPA), ("ОСББ «Мрія»", KLEN), ("ОСББ «Мрія»", KLEN))
    assert plan.written
    assert [problem.kind for problem in plan.problems] == ["keeper_namesake"], "once, not in every row"
    assert (kept_by("1"), kept_by("2"), kept_by("3")) == ("ОСББ «Мрія»", *["ОСББ «Мрія» (87654321)"] * 2)


def test_namesakes_are_found_again(inside: Community) -> None:
    given: Sequence[Given] = (("ОСББ «Мрія»", LYPA), ("ОСББ «Мрія»", KLEN))
    bring(inside, *given)
    again = bring(inside, *given)
    assert (again.unchanged, again.problems, again.keepers.new) == (2, [], {})


def test_code_in_a_later_row_belongs_to_the_new_organisation(inside: Community) -> None:
    assert found(("Водоканал", ""), ("Водоканал", LYPA)).new == {"Водоканал": LYPA}


def test_name_without_a_code_finds_the_organisation_that_has_one(inside: Community) -> None:
    lypa = Organisation.objects.create(name="ОСББ «Липа»", edrpou=LYPA)
    assert found(("ОСББ Липа", "")).by_row == {"1": lypa.pk}


def test_code_of_one_body_with_a_name_nothing_like_it_is_refused(inside: Community) -> None:
    Organisation.objects.create(name="ОСББ «Липа»", edrpou=LYPA)
    seen = found(("КП «Водоканал»", LYPA), ("ОСББ «Липа-2»", LYPA))
    assert [(one.kind, one.outcome, one.feature) for one in seen.problems] == [
        ("keeper_differs", Outcome.REFUSED, 1),
        ("keeper_spelled", Outcome.NOTED, 2),
    ]
    assert "1" not in seen.by_row


def test_one_code_with_two_names_in_the_file_is_refused_too(inside: Community) -> None:
    seen = found(("ОСББ «Липа»", LYPA), ("КП «Водоканал»", LYPA))
    assert kinds(seen) == [("keeper_differs", 2)]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ОСББ «Липа»", "Правління ОСББ Липи"),
        ("КП «ЖЕО-1»", "Житлово-експлуатаційна організація № 1"),
        ("КП «Яворинавтодор»", "Яворин Автодор"),
        ("ТОВ «Дім-Сервіс»", "ДІМ СЕРВІС, товариство з обмеженою відповідальністю"),
        ("ОСББ", "Товариство"),  # neither says anything
        ("Обʼєднання співвласників багатоквартирного будинку «Мрія»", "ОСББ Мрія"),
    ],
)
def test_two_spellings_could_be_one_body(name: str, other: str) -> None:
    assert could_be(name, other)
    assert could_be(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ОСББ «Липа»", "ОСББ «Клен»"),
        ("КП «Водоканал»", "КП «Міськсвітло»"),
        ("ТОВ «Дім-Сервіс»", "ФОП Коваленко О. М."),
        ("Обʼєднання співвласників багатоквартирного будинку «Мрія»", "ОСББ «Сонячний»"),
    ],
)
def test_forms_of_bodies_make_no_two_names_alike(name: str, other: str) -> None:
    assert not could_be(name, other)
    assert not could_be(other, name)


def test_rows_without_a_keeper_are_counted(inside: Community) -> None:
    assert bring(inside, ("", ""), ("ОСББ «Липа»", "")).without_keeper == 1
    assert kept_by("1") == ""


@pytest.mark.django_db(transaction=True)
def test_two_communities_make_one_organisation_of_one_code(inside: Community, elsewhere: Community) -> None:
    given = [(f"ОСББ «{n}»", f"{10_000_000 + n}") for n in range(40)]
    otherwise = [(f"ОСББ {n}", f"{10_000_000 + n}") for n in reversed(range(40))]

    def to(community: Community, keepers: Sequence[Given]) -> RegisterPlan:
        with scope(community=community):
            return bring(community, *keepers)

    plans = at_once([lambda: to(inside, given), lambda: to(elsewhere, otherwise)])
    assert [getattr(plan, "written", plan) for plan in plans] == [True, True]
    assert Organisation.objects.count() == 40


@pytest.mark.django_db(transaction=True)
def test_parallel_imports_of_one_register_write_it_once(inside: Community) -> None:
    given = [(f"ОСББ «{n}»", "") for n in range(20)]
    plans = at_once([lambda: bring(inside, *given)] * 4, community=inside)
    assert [getattr(plan, "written", plan) for plan in plans] == [True] * 4
    assert sorted(len(plan.created) for plan in plans) == [0, 0, 0, 20]
    assert sorted(plan.unchanged for plan in plans) == [0, 20, 20, 20]
    assert Asset.objects.count() == 20
