"""Addresses are found however they are written, and a point is called by the house that is nearest to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.address_sources import Sure
from geodata.addresses import find_addresses, nearest_address
from geodata.models import Address, Community, Street
from geodata.place_search import search_places
from geodata.street_words import number_key
from tests.grid import Town, degrees_per_metre

TODAY = date(2026, 11, 19)


def row(
    street: str, number: str, place: Point, *, locality: str = "", former: Sequence[str] = (), feature: int = 1
) -> AddressRow:
    key = f"{locality}|{street}|{number_key(number)}"
    return AddressRow(feature, key, street, number, locality, tuple(former), (place.x, place.y))


@pytest.fixture
def streets(inside: Community, town: Town) -> Community:
    """Six streets around p and q; Соборна was called Леніна."""
    east, north = degrees_per_metre(town["p"].y)

    def near(name: str, metres: float) -> Point:
        return Point(town[name].x + metres * east, town[name].y + metres * north * 0.01)

    numbers = ("12", "12-А", "12/3", "120", "14", "1")
    rows = [row("вул. Соборна", number, near("p", 20 * n), former=["вул. Леніна"]) for n, number in enumerate(numbers)]
    rows += [row("вул. 8 Березня", number, near("q", 15 * n)) for n, number in enumerate(("8", "12"))]
    rows += [
        row("просп. Миру", "5", near("A", 10)),
        row("вул. Миру", "5", near("B", -10)),
        row("вул. Кам’яна", "3", near("C", 10)),
        row("вул. Івана Франка", "7", near("D", -20)),
        row("вул. Центральна", "5", near("A", 40), locality="Соснівка"),
        row("вул. Центральна", "5", near("F", -10), locality="Вербівка"),
        row("вул. Київська", "14", near("E", 10)),
        row("вул. Космонавтів", "2", near("E", 60)),
        row("пров. Паркова", "4", near("E", 70)),
        replace(row("вул. Хрещатик", "1", near("E", 80)), others=("Main Street",)),
        row("вул. Богдана Хмельницького", "1", near("E", 90)),
        row("вул. Володимирська", "1", near("E", 100)),
        row("вул. Пушкінська", "9", near("E", 110)),
        row("вул. Квітки-Основ’яненка", "2", near("E", 120)),
        row("вул. Садова", "1", near("E", 130)),
        row("вул. Садова 3", "7", near("E", 140)),
        row("Андріївський узвіз", "1", near("E", 150)),
        row("вулиця Лінія 5", "1", near("E", 160)),
        row("вул. Набережна", "2", near("E", 170)),
    ]
    import_addresses(inside, rows)
    return inside


def first(text: str, community: Community, near: Point | None = None) -> str:
    found = find_addresses(text, community=community, on=TODAY, near=near)
    return found[0].label if found else ""


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("Соборна 12", "вул. Соборна, 12"),
        ("вулиця Соборна, будинок 12", "вул. Соборна, 12"),
        ("ул. Соборная, д. 12", "вул. Соборна, 12"),
        ("12 Соборна", "вул. Соборна, 12"),
        ("соборна 12а", "вул. Соборна, 12-А"),
        ("Соборна 12-А", "вул. Соборна, 12-А"),
        ("Соборна 12 A", "вул. Соборна, 12-А"),
        ("Соборна 12/3", "вул. Соборна, 12/3"),
        ("Соборна 12 кв. 5", "вул. Соборна, 12"),
        ("Cобopна 12", "вул. Соборна, 12"),
        ("Сборна 12", "вул. Соборна, 12"),
        ("собонра", "вул. Соборна"),
        ("собор", "вул. Соборна"),
        ("Soborna 14", "вул. Соборна, 14"),
        ("вул. Леніна 14", "вул. Соборна, 14"),
        ("ленина 14", "вул. Соборна, 14"),
        ("м. Яворин, вул. Соборна, 14, 21000", "вул. Соборна, 14"),
        ("8 березня", "вул. 8 Березня"),
        ("8 Березня 12", "вул. 8 Березня, 12"),
        ("вул 8 марта 12", "вул. 8 Березня, 12"),
        ("просп. Миру 5", "просп. Миру, 5"),
        ("проспект Мира, 5", "просп. Миру, 5"),
        ("вул. Миру 5", "вул. Миру, 5"),
        ("Кам'яна 3", "вул. Кам’яна, 3"),
        ("Камʼяна 3", "вул. Кам’яна, 3"),
        ("Кам`яна 3", "вул. Кам’яна, 3"),
        ("камяна 3", "вул. Кам’яна, 3"),
        ("Каменная 3", "вул. Кам’яна, 3"),
        ("Франка Івана 7", "вул. Івана Франка, 7"),
        ("Франка 7", "вул. Івана Франка, 7"),
        ("улица Киевская 14", "вул. Київська, 14"),
        ("космонавтов 2", "вул. Космонавтів, 2"),
        ("Вербівка Центральна 5", "Вербівка, вул. Центральна, 5"),
        ("Центральна 5 Соснівка", "Соснівка, вул. Центральна, 5"),
        ("12, вул. Соборна", "вул. Соборна, 12"),
        ("Соборна вулиця, 12", "вул. Соборна, 12"),
        ("в. Соборна 12", "вул. Соборна, 12"),
        ("пр-т Миру, 5", "просп. Миру, 5"),
        ("Миру просп. 5", "просп. Миру, 5"),
        ("Пaркoвa 4", "пров. Паркова, 4"),
        ("пер. Парковый 4", "пров. Паркова, 4"),
        ("Срободна", "вул. Соборна"),
        ("Сбоонра 14", "вул. Соборна, 14"),
        ("cj,jhyf 12", "вул. Соборна, 12"),
        ("І. Франка 7", "вул. Івана Франка, 7"),
        ("Франка І. 7", "вул. Івана Франка, 7"),
        ("Івана Фр", "вул. Івана Франка"),
        ("Крещатик 1", "вул. Хрещатик, 1"),
        ("улица Богдана Хмельницкого", "вул. Богдана Хмельницького"),
        ("Владимирская", "вул. Володимирська"),
        ("ул. Пушкинская 9", "вул. Пушкінська, 9"),
        ("Khreshchatyk 1", "вул. Хрещатик, 1"),
        ("Main Street 1", "вул. Хрещатик, 1"),
        ("Квітки Основяненка 2", "вул. Квітки-Основ’яненка, 2"),
        ("Квитки-Основьяненко 2", "вул. Квітки-Основ’яненка, 2"),
        ("садова 3", "вул. Садова 3"),
        ("садова 3 7", "вул. Садова 3, 7"),
        ("узвіз Андріївський 1", "Андріївський узвіз, 1"),
        ("Андреевский спуск 1", "Андріївський узвіз, 1"),
        ("лінія 5", "вулиця Лінія 5"),
        ("набережна", "вул. Набережна"),
        ("вул. Набережна 2", "вул. Набережна, 2"),
    ],
)
def test_address_is_found_first(streets: Community, typed: str, label: str) -> None:
    assert first(typed, streets) == label


def test_houses_that_begin_with_the_number_follow(streets: Community) -> None:
    found = find_addresses("Соборна 12", community=streets, on=TODAY)
    assert [one.label.split(", ")[1] for one in found] == ["12", "12-А", "12/3", "120"]
    assert [one.sure for one in found] == [Sure.EXACT, Sure.CLOSE, Sure.CLOSE, Sure.CLOSE]


def test_street_stands_for_a_number_that_is_not_known_and_says_so(streets: Community) -> None:
    (found,) = find_addresses("Соборна 77", community=streets, on=TODAY)
    assert (found.label, found.sure, found.is_street) == ("вул. Соборна", Sure.STREET, True)
    assert found.missing == "77"


def test_number_that_is_not_known_stands_at_the_next_one_and_both_sides_are_offered(streets: Community) -> None:
    found = find_addresses("Соборна 16", community=streets, on=TODAY)
    assert [(one.label, one.missing) for one in found[:2]] == [("вул. Соборна", "16"), ("вул. Соборна, 14", "")]
    assert found[0].place == found[1].place
    (option, *_others) = search_places("Соборна 16", community=streets, on=TODAY).options
    assert (option.address, option.note) == ("вул. Соборна, 16", "№ 16 немає в переліку: покажіть на карті")


def test_former_name_is_told(streets: Community) -> None:
    assert find_addresses("вул. Леніна", community=streets, on=TODAY)[0].former == "вул. Леніна"


def test_of_two_streets_with_one_name_the_nearer_comes_first(streets: Community, town: Town) -> None:
    assert first("Центральна 5", streets, near=town["A"]) == "Соснівка, вул. Центральна, 5"
    assert first("Центральна 5", streets, near=town["F"]) == "Вербівка, вул. Центральна, 5"


@pytest.mark.parametrize(
    "typed", ["", " ", "а", "…", "12", "Нічогоподібного", "% _ \\", "вул.", "'; DROP TABLE", "\x00", "«»"]
)
def test_what_is_called_so_nowhere_is_not_found(streets: Community, typed: str) -> None:
    assert find_addresses(typed, community=streets, on=TODAY) == []


def test_search_is_limited_and_takes_few_queries(streets: Community) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(find_addresses("Соборна 1", community=streets, on=TODAY, limit=3)) == 3
    assert len([one for one in queries if "geodata_" in one["sql"]]) <= 4


def test_another_community_has_other_addresses(streets: Community, elsewhere: Community, town: Town) -> None:
    with scope(community=elsewhere):
        assert find_addresses("Соборна 12", community=elsewhere, on=TODAY) == []
        assert nearest_address(town["p"], community=elsewhere, on=TODAY) is None


def test_point_is_called_by_the_nearest_house_in_metres(streets: Community, town: Town) -> None:
    _east, north = degrees_per_metre(town["p"].y)
    found = nearest_address(Point(town["p"].x, town["p"].y - 9 * north, srid=4326), community=streets, on=TODAY)
    assert found
    assert found.label == "вул. Соборна, 12"
    assert found.metres == pytest.approx(9, abs=0.1)


def test_nearest_is_nearest_in_metres_not_in_degrees(inside: Community, town: Town) -> None:
    # A degree to the east is two thirds of one to the north: by degrees the other house would be nearer.
    east, north = degrees_per_metre(town["p"].y)
    x, y = town["p"].x, town["p"].y
    rows = [row("вул. Східна", "1", Point(x + 40 * east, y)), row("вул. Північна", "1", Point(x, y + 45 * north))]
    import_addresses(inside, rows)
    found = nearest_address(town["p"], community=inside, on=TODAY)
    assert found
    assert found.label == "вул. Східна, 1"


def test_place_far_from_houses_is_called_by_its_street_or_by_nothing(inside: Community, town: Town) -> None:
    from shapely.geometry import MultiLineString

    path = MultiLineString([[town.places["C"], town.places["D"]]])
    middle = ((town["C"].x + town["D"].x) / 2, town["C"].y)
    import_addresses(inside, [AddressRow(1, "s", "вул. Довга", "", "", (), middle, path)])
    found = nearest_address(town["p"], community=inside, on=TODAY)
    assert found
    assert (found.label, found.is_street) == ("вул. Довга", True)
    assert found.metres == pytest.approx(100, abs=1)
    assert nearest_address(town["A"], community=inside, on=TODAY) is None


def test_name_beside_is_not_told_as_a_former_one(streets: Community) -> None:
    assert find_addresses("Main Street", community=streets, on=TODAY)[0].former == ""


@pytest.mark.parametrize("number", ["12-А", "12 A", "12а", "12А", "12-a"])
def test_one_number_has_many_spellings(number: str) -> None:
    assert number_key(number) == "12а"


def test_rows_of_another_community_are_not_seen(streets: Community, elsewhere: Community) -> None:
    with scope(community=elsewhere):
        assert not Street.objects.exists()
        assert not Address.objects.exists()


def test_indexes_are_used(streets: Community, town: Town) -> None:
    point = f"SRID=4326;POINT({town['p'].x} {town['p'].y})"
    with connection.cursor() as cursor:
        for way in ("seqscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM geodata_address WHERE community_id = %s "
            "AND ST_DWithin(location, %s::geography, 60) ORDER BY location <-> %s::geography LIMIT 1",
            [streets.pk, point, point],
        )
        plan = " ".join(line for (line,) in cursor.fetchall())
        assert "address_place" in plan
        cursor.execute("EXPLAIN SELECT id FROM geodata_street WHERE search %%> %s", ["соборна"])
        assert "street_search" in " ".join(line for (line,) in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_search_is_the_first_thing_that_a_new_connection_does(streets: Community) -> None:
    connection.close()
    assert first("Соборна 12", streets) == "вул. Соборна, 12"
