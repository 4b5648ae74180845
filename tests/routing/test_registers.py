"""Houses and lamps as residents look for them: by what they type, and around the pin."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from geodata.models import Community
from routing.models import Asset, Register
from routing.registers import find_assets, nearest_assets, search_text
from tests.conftest import LONG_AGO, NOW
from tests.grid import Town, grid
from tests.routing.conftest import Rulebook

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("written", "found_by"),
    [
        ("вул. Соборна, 12", "соборна 12"),
        ("вулиця  Соборна 12", "соборна 12"),
        ("просп. Перемоги, буд. 7", "перемоги 7"),
        ("пр-т Перемоги", "перемоги"),
        ("бульв. Лесі Українки", "лесі українки"),
        ("площа Ринок", "ринок"),
        ("вул. Вулична", "вулична"),
        ("Набережна, 5", "набережна 5"),
        ("пров. В'ячеслава Чорновола", "вʼячеслава чорновола"),
        ("пров. В’ячеслава Чорновола", "вʼячеслава чорновола"),
        ("Соборна 12-А", "соборна 12а"),
        ("Соборна 12 а", "соборна 12а"),
        ("Соборна 12A", "соборна 12а"),  # the last letter is Latin
        ("Соборна 12/3", "соборна 12/3"),
        ("Соборна, 12 корп. 2", "соборна 12к2"),
        ("Соборна 12к2", "соборна 12к2"),
        ("Соборна 12, кв. 5", "соборна 12"),
        ("8-го Березня, 3", "8-го березня 3"),
        ("«Європа» — готель", "європа готель"),
        ("... , —", ""),
    ],
)
def test_things_are_found_by_what_people_type(written: str, found_by: str) -> None:
    assert search_text(written) == found_by


def test_text_to_look_for_stays_what_it_is_when_made_again() -> None:
    for text in ("вул. Соборна, 12-А", "Соборна 12 корп. 2 а", "пров. В'ячеслава", "1 а б"):
        assert search_text(search_text(text)) == search_text(text)


@pytest.fixture
def street() -> Town:
    """Houses along a street, 20 m apart; z is far to the east."""
    return grid("a b c d e f g . . . . . . . . z", cell=20)


@pytest.fixture
def houses(book: Rulebook, street: Town) -> Register:
    """Соборна 120, 12-А, 12 and 8 Березня 12 beside each other, Соборності 12 far from them."""
    named = {
        "a": ("вул. Соборна", "120"),
        "b": ("вул. Соборна", "12-А"),
        "c": ("вул. Соборна", "12"),
        "d": ("вул. 8 Березня", "12"),
        "e": ("вул. 8 Березня", "1"),
        "z": ("вул. Соборності", "12"),
    }
    for key, (name, number) in named.items():
        book.asset("houses", key, street[key], name=name, number=number, search=search_text(f"{name} {number}"))
    return book.register("houses")


def found(register: Register, text: str, *, near: Town | None = None, at: str = "a", day: date = TODAY) -> str:
    rows = find_assets(register=register, text=text, near=near[at] if near else None, day=day)
    return "".join(row.key for row in rows)


@pytest.mark.parametrize("typed", ["Соборна 12", "соборна,12", "вул. Соборна, буд. 12", "СОБОРНА 12 кв. 4"])
def test_exact_number_stands_before_those_that_begin_with_it(houses: Register, typed: str) -> None:
    assert found(houses, typed).startswith("cba")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("соборна 12а", "b"),
        ("соборна 12 А", "b"),
        ("12 соборна", "c"),
        ("соборності", "z"),
        ("соборн 120", "a"),
        ("саборна 12", "c"),
        ("8 березня", "e"),
        ("8 березня 12", "d"),
        ("березня 12", "d"),
        ("м. Яворин, вул. Соборна 12", "c"),
    ],
)
def test_house_is_found_however_it_is_written(houses: Register, typed: str, first: str) -> None:
    assert found(houses, typed)[:1] == first


def test_nearer_of_two_with_the_same_address_stands_first(houses: Register, street: Town, book: Rulebook) -> None:
    book.asset("houses", "g", street["g"], name="Соборна", number="12", search="соборна 12")
    assert found(houses, "соборна 12", near=street, at="f")[:2] == "gc"
    assert found(houses, "соборна 12", near=street, at="a")[:2] == "cg"


def test_number_alone_finds_the_nearest_with_it(houses: Register, street: Town) -> None:
    assert found(houses, "12", near=street, at="z")[:2] == "zd"


def test_looking_for_a_mistyped_name_leaves_the_next_search_as_strict_as_before(houses: Register) -> None:
    def share() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW pg_trgm.word_similarity_threshold")
            return str(cursor.fetchone()[0])

    before = share()
    assert found(houses, "саборна 12")[:1] == "c"
    assert share() == before


@pytest.mark.parametrize("typed", ["соборна 12", "саборна 12"])
def test_names_are_found_by_the_index_and_metres_are_measured_of_a_few(
    houses: Register, street: Town, typed: str
) -> None:
    """Anybody may ask: a search that reads a whole register would be a way to stop the service."""
    with CaptureQueriesContext(connection) as asked:
        assert found(houses, typed, near=street, at="a")
    searches = [query["sql"] for query in asked if "word_similar" in query["sql"].lower() or "%>" in query["sql"]]
    assert searches
    assert all('"search" %> ' in sql for sql in searches if "FROM" in sql)
    assert all("::geography" not in sql for sql in searches)


@pytest.mark.parametrize(
    "typed", ["", "   ", "вул.", "— , .", "Зелена 5", "соборна 13", "я" * 5000, "(((", "\\", "%_", "\0"]
)
def test_what_nothing_is_called_finds_nothing(houses: Register, typed: str) -> None:
    assert found(houses, typed) == ""


def test_only_what_is_in_force_that_day_is_found(houses: Register, street: Town) -> None:
    Asset.objects.filter(key="c").update(valid_to=TODAY)
    assert "c" not in found(houses, "соборна 12")
    assert "c" in found(houses, "соборна 12", day=TODAY - timedelta(days=1))
    assert "c" not in near(houses, street, "c")
    assert found(houses, "соборна 12", day=LONG_AGO - timedelta(days=1)) == ""


def near(register: Register, street: Town, at: str, *, within: float = 200, limit: int = 8) -> str:
    rows = nearest_assets(register=register, point=street[at], day=TODAY, within=within, limit=limit)
    return "".join(row.key for row in rows)


def test_nearest_stand_first_and_none_is_farther_than_asked(houses: Register, street: Town) -> None:
    assert near(houses, street, "a", within=50) == "abc"
    assert near(houses, street, "a", within=50, limit=2) == "ab"
    assert near(houses, street, "z", within=50) == "z"
    assert near(houses, street, "z", within=19) == "z"


def test_house_around_the_point_is_nearest_of_all(book: Rulebook, street: Town) -> None:
    square = grid("A . B", ". p .", "D . C", cell=50)
    book.asset("yards", "whole", square.polygon("ABCD"))
    book.asset("yards", "dot", square["A"])
    rows = nearest_assets(register=book.register("yards"), point=square["p"], day=TODAY)
    assert [(row.key, round(row.metres)) for row in rows] == [("whole", 0), ("dot", 71)]  # type: ignore[attr-defined]


def test_other_register_is_never_offered(houses: Register, book: Rulebook, street: Town, elsewhere: Community) -> None:
    book.asset("lamps", "l", street["c"], name="вул. Соборна", number="12", search="соборна 12")
    theirs = Register.objects.create(community=elsewhere, code="houses", name="Будинки")
    Asset.objects.create(
        community=elsewhere, register=theirs, key="x", search="соборна 12", geometry=street["c"], valid_from=LONG_AGO
    )
    assert set(found(houses, "соборна 12") + near(houses, street, "c")) <= set("abcdefz")
    assert found(theirs, "соборна 12") == "", "another community's rows are out of scope"
