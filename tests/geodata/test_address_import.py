"""Streets and addresses come in from GeoJSON and tables: once, whatever happens, with a word about each bad row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django_scopes import scope

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.models import Address, Community, Street
from tests.grid import Town
from tests.parallel import at_once

Bring = Callable[..., str]


@pytest.fixture
def bring(yavoryn: Community, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bring:
    """Imports a file of that name and content into Яворин; what the command said."""

    def run(name: str, content: str, *options: str) -> str:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        call_command("import_addresses", "yavoryn", path, *options, no_color=True)
        return capsys.readouterr().out

    return run


def geojson(*features: tuple[dict[str, Any], Any]) -> str:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": named, "geometry": shape} for named, shape in features],
        },
        ensure_ascii=False,
    )


def at(town: Town, name: str) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(town.places[name])}


def house(town: Town, name: str, street: str, number: Any, **more: Any) -> tuple[dict[str, Any], Any]:
    return {"addr:street": street, "addr:housenumber": number, **more}, at(town, name)


def stored() -> list[str]:
    return sorted(str(address) for address in Address.objects.select_related("street"))


def test_geojson_of_openstreetmap_is_taken_as_it_is(bring: Bring, yavoryn: Community, town: Town) -> None:
    line = {"type": "LineString", "coordinates": [town.places["C"], town.places["D"]]}
    said = bring(
        "osm.geojson",
        geojson(
            house(town, "p", "вул. Соборна", "12"),
            house(town, "q", "вул. Соборна", "12-А"),
            ({"name": "вул. Соборна", "old_name": "вул. Леніна;вул. Дворянська"}, line),
        ),
    )
    with scope(community=yavoryn):
        assert stored() == ["вул. Соборна, 12", "вул. Соборна, 12-А"]
        street = Street.objects.get()
        assert street.former_names == ["вул. Леніна", "вул. Дворянська"]
        assert street.path is not None
        assert "дворянска" in street.search
        assert Address.objects.get(number="12").location.coords == pytest.approx(town.places["p"], abs=1e-6)
    assert "2" in said


def test_table_is_taken_with_its_own_names_of_columns(bring: Bring, yavoryn: Community, town: Town) -> None:
    rows = "".join(f"{name};{number};{town[p].y};{town[p].x}\n" for name, number, p in
                   (("Соборна", "1", "p"), ("Мостова", "2б", "q")))  # fmt: skip
    bring("вулиці.csv", f"вулиця;номер;широта;довгота\n{rows}")
    with scope(community=yavoryn):
        assert stored() == ["Мостова, 2б", "Соборна, 1"]


def test_other_columns_are_named(bring: Bring, yavoryn: Community, town: Town) -> None:
    content = f"id,ulica,bud,misto,x,y\n7,Соборна,1,Вербівка,{town['p'].x},{town['p'].y}\n"
    bring("a.csv", content, "--key=id", "--street=ulica", "--number=bud", "--locality=misto")
    with scope(community=yavoryn):
        assert Address.objects.get().key == "7"
        assert Street.objects.get().locality == "Вербівка"


def test_the_same_file_again_changes_nothing_and_a_new_place_moves_the_house(
    bring: Bring, yavoryn: Community, town: Town
) -> None:
    first = geojson(house(town, "p", "вул. Соборна", "12"), house(town, "q", "вул. Мостова", "3"))
    bring("a.geojson", first)
    with scope(community=yavoryn):
        before = set(Address.objects.values_list("pk", flat=True))
    bring("a.geojson", first)
    bring("a.geojson", geojson(house(town, "A", "вул. Соборна", "12"), house(town, "q", "вул. Мостова", "3")))
    with scope(community=yavoryn):
        assert set(Address.objects.values_list("pk", flat=True)) == before
        assert Address.objects.get(number="12").location.coords == pytest.approx(town.places["A"], abs=1e-6)


def test_what_is_missing_stays_unless_told_otherwise(bring: Bring, yavoryn: Community, town: Town) -> None:
    bring("a.geojson", geojson(house(town, "p", "вул. Соборна", "12"), house(town, "q", "вул. Мостова", "3")))
    only = geojson(house(town, "p", "вул. Соборна", "12"))
    bring("a.geojson", only)
    with scope(community=yavoryn):
        assert len(stored()) == 2
    bring("a.geojson", only, "--remove-missing")
    with scope(community=yavoryn):
        assert stored() == ["вул. Соборна, 12"]
        assert [street.name for street in Street.objects.all()] == ["вул. Соборна"]


def test_bad_rows_are_told_one_by_one_and_the_others_are_taken(bring: Bring, yavoryn: Community, town: Town) -> None:
    said = bring(
        "a.geojson",
        geojson(
            house(town, "p", "вул. Соборна", "12"),
            ({"addr:street": "вул. Соборна", "addr:housenumber": "13"}, None),
            house(town, "q", "", "5"),
            house(town, "q", "вул. Соборна", "14" * 20),
            ({"addr:street": "вул. Соборна", "addr:housenumber": "15"}, {"type": "Point", "coordinates": [2.0, 48.0]}),
            house(town, "q", "вул. Соборна", {"n": 1}),
        ),
    )
    numbers = [line.split()[0] for line in said.splitlines() if line[:1].isdigit()]
    assert numbers == ["2", "3", "4", "5", "6"]
    with scope(community=yavoryn):
        assert stored() == ["вул. Соборна, 12"]


def test_house_that_stands_in_the_file_twice_is_one(bring: Bring, yavoryn: Community, town: Town) -> None:
    bring("a.geojson", geojson(house(town, "p", "вул. Соборна", "12"), house(town, "q", "вул. Соборна", "12")))
    with scope(community=yavoryn):
        assert Address.objects.get().location.coords == pytest.approx(town.places["p"], abs=1e-6)


def test_key_that_stands_twice_is_told(bring: Bring, yavoryn: Community, town: Town) -> None:
    rows = geojson(house(town, "p", "вул. Соборна", "12", id="7"), house(town, "q", "вул. Мостова", "3", id="7"))
    said = bring("a.geojson", rows, "--key=id")
    assert [line.split()[0] for line in said.splitlines() if line[:1].isdigit()] == ["2"]


def test_former_names_outlive_a_file_that_does_not_know_them(bring: Bring, yavoryn: Community, town: Town) -> None:
    bring("a.geojson", geojson(house(town, "p", "вул. Соборна", "12", old_name="вул. Леніна")))
    bring("a.geojson", geojson(house(town, "p", "вул. Соборна", "12")))
    with scope(community=yavoryn):
        assert Street.objects.get().former_names == ["вул. Леніна"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.geojson", "{"), ("a.geojson", '{"type":"FeatureCollection","features":[]}'), ("a.csv", "a;b\n1;2\n"),
     ("a.csv", ""), ("a.png", "\x89PNG")],
)  # fmt: skip
def test_file_that_is_no_use_is_refused_and_nothing_changes(
    bring: Bring, yavoryn: Community, name: str, content: str
) -> None:
    with pytest.raises(CommandError):
        bring(name, content)
    with scope(community=yavoryn):
        assert not Street.objects.exists()


def test_dry_run_writes_nothing(bring: Bring, yavoryn: Community, town: Town) -> None:
    bring("a.geojson", geojson(house(town, "p", "вул. Соборна", "12")), "--dry-run")
    with scope(community=yavoryn):
        assert not Street.objects.exists()


def test_database_keeps_keys_once_and_numbers_filled(inside: Community, town: Town) -> None:
    street = Street.objects.create(community=inside, key="s", name="Соборна", search="соборна", middle=town["p"])
    given = {"community": inside, "street": street, "location": town["p"]}
    Address.objects.create(key="1", number="1", number_key="1", **given)
    for wrong in ({"key": "1", "number": "2", "number_key": "2"}, {"key": "2", "number": "", "number_key": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Address.objects.create(**wrong, **given)


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_bring_each_house_once(yavoryn: Community, town: Town) -> None:
    place = town.places["p"]
    rows = [AddressRow(n, f"k{n}", "вул. Соборна", str(n), "", (), place) for n in range(1, 30)]

    results = at_once([lambda: import_addresses(yavoryn, rows)] * 2, community=yavoryn)
    assert sorted(result.addresses.new for result in results) == [0, 29]
    with scope(community=yavoryn):
        assert Address.objects.count() == 29
        assert Street.objects.count() == 1
