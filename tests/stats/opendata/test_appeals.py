"""Annex 33 of decree 835: exactly its columns, each row by its schema, and nobody named."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.models import Unit
from issues.models import Issue
from issues.states import State
from stats.filling import fill_all
from stats.opendata.appeals import APPEALS, SCHEMA
from stats.opendata.csv_files import write_csv
from stats.opendata.depersonalise import OUT, depersonalised
from stats.opendata.licence import terms_of
from stats.opendata.reading import Print, prints, read_part
from stats.opendata.table_schema import faults, schema_of
from tests.conftest import NOW, City
from tests.grid import Town
from tests.stats.opendata.conftest import send

# As the published table schema has them: name, required, datatype.
REQUIRED = {"uid", "receivedDateTime", "type", "kind", "content", "accrualMethod", "status", "organizationName",
            "organizationId", "result"}  # fmt: skip


def lines(city: City, folder: Path) -> list[list[str]]:
    path = folder / "appeals.csv"
    parts = prints(APPEALS, city.community)
    rows = (chunk for part in parts for chunk in read_part(APPEALS, city.community, part, Print()))
    write_csv(path, APPEALS, rows, terms_of(APPEALS, city.community))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def rows_of(city: City, folder: Path) -> dict[str, dict[str, str]]:
    """Number → its row."""
    head, *rows = lines(city, folder)
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}


def test_the_schema_asks_for_what_the_published_one_does() -> None:
    assert {column.name for column in SCHEMA if column.required} == REQUIRED
    assert [column.name for column in SCHEMA if column.is_moment] == ["receivedDateTime"]
    assert schema_of("appeals")["primaryKey"] == "uid"
    assert len(SCHEMA) == 20


def test_every_row_fits_the_schema(published: dict[str, Issue], city: City, tmp_path: Path) -> None:
    Issue.objects.filter(pk=published["old"].pk).update(state=State.REJECTED)
    fill_all(at=NOW)
    head, *rows = lines(city, tmp_path)
    assert head == [column.name for column in SCHEMA]
    assert len(rows) == 4
    assert [faults(SCHEMA, row) for row in rows] == [[]] * 4
    assert len({row[0] for row in rows}) == 4


@pytest.mark.parametrize(
    ("column", "cell"), [(0, "null"), (1, "2026-11-19"), (1, "2026-13-19T10:00"), (4, ""), (7, ""), (18, "null")]
)
def test_the_schema_refuses_what_does_not_fit(
    published: dict[str, Issue], city: City, tmp_path: Path, column: int, cell: str
) -> None:
    row = lines(city, tmp_path)[1]
    row[column] = cell
    assert len(faults(SCHEMA, row)) == 1
    assert faults(SCHEMA, row[1:])


def test_a_row_says_when_where_who_and_how_it_ended(published: dict[str, Issue], city: City, tmp_path: Path) -> None:
    oblast = Unit.objects.create(code="UA05000000000010236", category="O", name="Вінницька")
    raion = Unit.objects.create(code="UA05020000000026686", category="P", name="Вінницький", parent=oblast)
    Unit.objects.create(code="UA05020030000031457", category="H", name="Вінницька", parent=raion)
    city.community.katottg = "UA05020030000031457"
    city.road_service.edrpou = "01411082"
    city.road_service.save()
    Issue.objects.filter(pk=published["open"].pk).update(state=State.DONE)
    row = rows_of(city, tmp_path)[str(published["open"].number)]
    assert row == row | {
        "receivedDateTime": "2026-11-19T10:00",
        "type": "Повідомлення про проблему",
        "kind": "Дороги",
        "accrualMethod": "Вебсайт",
        "CATUTTC": "UA05020030000031457",
        "addressPostCode": "null",
        "addressAdminUnitL1": "Україна",
        "addressAdminUnitL2": "Вінницька область",
        "addressAdminUnitL3": "Вінницький район",
        "addressAdminUnitL4": "Вінницька",
        "addressThoroughfare": "вул. Соборна",
        "addressLocatorDesignator": "12",
        "addressLocatorBuilding": "null",
        "status": "Готово",
        "organizationName": "КП «Яворинавтодор»",
        "organizationId": "01411082",
        "result": "Роботи виконано",
    }


def test_what_is_missing_is_said(published: dict[str, Issue], city: City, tmp_path: Path) -> None:
    row = rows_of(city, tmp_path)[str(published["old"].number)]
    assert (row["CATUTTC"], row["organizationId"], row["result"]) == ("null", "не внесено", "Розгляд триває")


@pytest.mark.parametrize("one", ["blurred", "secret"])
def test_words_about_a_blurred_place_are_left_out(
    published: dict[str, Issue], city: City, tmp_path: Path, one: str
) -> None:
    row = rows_of(city, tmp_path)[str(published[one].number)]
    assert (row["content"], row["addressThoroughfare"]) == (row["kind"], "null")


def test_words_come_without_what_names_a_person(city: City, town: Town, tmp_path: Path) -> None:
    words = (
        "Яма біля під’їзду. Я, Шевченко Ольга Петрівна, кв. 15, тел. 067 123-45-67, olha.sh@example.org. "
        "Двірник Коваль І. П. усе бачив, а Ольгу Шевченко він знає."
    )
    issue = send(city, town["p"], text=words, name="Ольга Шевченко")
    fill_all(at=NOW)
    content = rows_of(city, tmp_path)[str(issue.number)]["content"]
    assert content.startswith("Яма біля під’їзду. Я, ")
    assert content.count(OUT) >= 3
    for secret in ("Шевченко", "Ольг", "Петрівн", "15", "067", "45-67", "example", "Коваль"):
        assert secret not in content


@pytest.mark.parametrize(
    "words",
    [
        "Яма 2 на 3 метри, вул. Соборна, 12, біля зупинки № 4.",
        "Третій день немає світла на 5 поверсі, з 19.11.2026 до сьогодні.",
        "Автобус 27 не приходить о 8:30, чекали 45 хвилин.",
        "Люк відкритий! Ключ у двірника, ліфт теж не працює.",
    ],
)
def test_words_that_name_nobody_stay(words: str) -> None:
    assert depersonalised(words) == words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Дзвоніть 27-15-33 або 234-56-78", f"Дзвоніть {OUT} або {OUT}"),
        ("Диспетчер 2-15-33, вдень", f"Диспетчер {OUT}, вдень"),
        ("Мій 234 56 78, чекаю", f"Мій {OUT}, чекаю"),
        ("тел. 12-345", f"тел. {OUT}"),
        ("Телефон: 27153", f"Телефон: {OUT}"),
        ("тел 5 33 21", f"тел {OUT}"),
        ("телефонуйте за номером 715-33", f"телефонуйте за номером {OUT}"),
        ("тел.0671234567", f"тел.{OUT}"),
        ("Тел: (0432) 27-15-33", f"Тел: {OUT}"),
        ("19.11.2026 0671234567", f"19.11.2026 {OUT}"),
    ],
)
def test_a_short_telephone_is_found_too(words: str, told: str) -> None:
    assert depersonalised(words) == told


@pytest.mark.parametrize(
    "words",
    [
        "З 12.11.2026 до 14.11.2026 о 8:30, потім 15.11.2026 18:00.",
        "Дата 12-11-2026 і 2026-11-12, з 10-00 до 12-00, або 10-00-12-00.",
        "Коштує 12 500 грн, а тепер 1 250 000 грн чи 100-200 грн.",
        "Зроблять за 1-2 дні, будинки 12-14, 12/14 і 12-А, кабіна на 500-1000 кг.",
        "Телевізор 12345 не показує, телефон не працює 15 хвилин.",
        "Маршрути 27, 15, 33; під’їзди 1-3, 5-7.",
    ],
)
def test_houses_dates_hours_and_prices_stay(words: str) -> None:
    assert depersonalised(words) == words


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("вул. Соборна, 12", ("вул. Соборна", "12", "null")),
        ("вул. 8 Березня, буд. 12-А корп. 2", ("вул. 8 Березня", "12-А", "2")),
        ("вул. Соборна, 12/14а", ("вул. Соборна", "12/14а", "null")),
        *(
            (f"вул. Соборна, {number}", ("null", "null", "null"))
            for number in ("12кв5", "12/кв.5", "12-5", "12, кв. 5", "12 корп. 2кв5", "12кв.5", "12/5кв", "1/2/3")
        ),
        ("вул. Соборна кв 5, 12", ("null", "null", "null")),
    ],
)
def test_an_address_is_told_without_a_flat_or_not_at_all(
    city: City, town: Town, tmp_path: Path, address: str, told: tuple[str, str, str]
) -> None:
    issue = send(city, town["p"], address=address)
    fill_all(at=NOW)
    row = rows_of(city, tmp_path)[str(issue.number)]
    columns = ("addressThoroughfare", "addressLocatorDesignator", "addressLocatorBuilding")
    assert tuple(row[column] for column in columns) == told


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_words_are_read(words: str, name: str) -> None:
    assert OUT not in depersonalised("", name=name)
    assert isinstance(depersonalised(words, name=name), str)


@given(st.from_regex(r"\+380 ?\(?\d{2}\)? ?\d{3}[- ]\d{2}[- ]\d{2}", fullmatch=True))
def test_a_telephone_is_found_however_it_is_written(number: str) -> None:
    found = depersonalised(f"Дзвоніть {number}, будь ласка")
    assert found == f"Дзвоніть {OUT}, будь ласка"


def test_the_schema_stands_beside_the_file(published: dict[str, Issue], city: City, client: object) -> None:
    from django.test import Client

    assert isinstance(client, Client)
    answer = client.get("/yavoryn/data/appeals.csv-metadata.json")
    assert answer["Content-Type"] == "application/csvm+json"
    told_of = json.loads(answer.content)
    assert told_of["tableSchema"] == schema_of("appeals")
    assert told_of["dc:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"
