"""Registers from files: keys, versions, keepers, and what is refused."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry
from django.core.management import CommandError, call_command
from django_scopes import scope

from accounts.models import Organisation
from geodata.models import Community
from routing.models import Asset, Channel, Register
from tests.conftest import City
from tests.grid import Town, grid
from tests.parallel import at_once

FIRST = date(2026, 1, 1)
LATER = date(2026, 6, 1)
HOUSES = ("--kind=buildings", "--name=street", "--number=house", "--keeper=manager", "--entrances=doors")

Write = Callable[..., Path]


@pytest.fixture
def street() -> Town:
    """Two houses, a road between them, and lamps at its ends."""
    return grid(
        "A B . . E F",
        "D C . . H G",
        "r . l . . s",
        cell=20,
    )


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A GeoJSON file of (geometry, properties)."""

    def written(*things: tuple[GEOSGeometry | None, dict[str, Any]], name: str = "register.geojson") -> Path:
        features = [
            {"type": "Feature", "properties": facts, "geometry": json.loads(shape.geojson) if shape else None}
            for shape, facts in things
        ]
        file = tmp_path / name
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
        return file

    return written


def house(number: str, manager: str = "ОСББ «Липа»", **more: Any) -> dict[str, Any]:
    return {"key": f"h{number}", "street": "вул. Соборна", "house": number, "manager": manager, "doors": 3, **more}


def bring(community: Community, file: Path, *words: str, on: date = FIRST, code: str = "houses") -> str:
    """What the command says."""
    said = StringIO()
    call_command("import_register", community.slug, code, str(file), *words, f"--valid-from={on}", stdout=said)
    return said.getvalue()


def versions(key: str) -> list[tuple[str | None, date, date | None]]:
    rows = Asset.objects.filter(key=key).order_by("valid_from").select_related("keeper")
    return [(row.keeper.name if row.keeper else None, row.valid_from, row.valid_to) for row in rows]


def test_houses_come_with_street_number_entrances_manager_and_the_rest(
    inside: Community, street: Town, write: Write
) -> None:
    said = bring(inside, write((street.polygon("ABCD"), house("12", floors=5))), *HOUSES, "--attributes=floors")
    found = Asset.objects.get()
    assert (found.label, found.entrances, found.attributes) == ("вул. Соборна, 12", 3, {"floors": 5})
    assert found.keeper
    assert found.keeper.name == "ОСББ «Липа»"
    assert found.search == "соборна 12"
    assert Register.objects.get().kind == "buildings"
    assert "ОСББ «Липа»" in said, "a new keeper has no channel yet"


def test_second_import_of_the_same_file_writes_nothing(inside: Community, street: Town, write: Write) -> None:
    file = write((street.polygon("ABCD"), house("12")), (street.polygon("EFGH"), house("14")))
    bring(inside, file, *HOUSES)
    before = list(Asset.objects.order_by("pk").values())
    said = bring(inside, file, *HOUSES, on=LATER)
    assert list(Asset.objects.order_by("pk").values()) == before
    assert "2" in said


@pytest.mark.parametrize(
    "change", [{"manager": "Управитель-1"}, {"house": "12-А"}, {"doors": 4}, {"street": "вул. Нова"}, {"roof": "new"}]
)
def test_whatever_changed_is_a_new_version_and_the_old_one_is_kept(
    inside: Community, street: Town, write: Write, change: dict[str, Any]
) -> None:
    bring(inside, write((street.polygon("ABCD"), house("12"))), *HOUSES, "--attributes=*")
    bring(inside, write((street.polygon("ABCD"), house("12") | change)), *HOUSES, "--attributes=*", on=LATER)
    assert [row[1:] for row in versions("h12")] == [(FIRST, LATER), (LATER, None)]
    (old,) = Asset.objects.on(LATER - timedelta(days=1)).filter(key="h12")
    (new,) = Asset.objects.on(LATER).filter(key="h12")
    assert old != new


def test_moved_shape_is_a_new_version(inside: Community, street: Town, write: Write) -> None:
    bring(inside, write((street.polygon("ABCD"), house("12"))), *HOUSES)
    bring(inside, write((street.polygon("EFGH"), house("12"))), *HOUSES, on=LATER)
    assert len(versions("h12")) == 2


def test_other_properties_are_kept_only_when_they_are_named(inside: Community, street: Town, write: Write) -> None:
    house_with_phone = house("12", floors=5, phone="+380671234567")
    said = bring(inside, write((street.polygon("ABCD"), house_with_phone)), *HOUSES)
    assert Asset.objects.get().attributes == {}
    assert "floors, phone" in said, "what was left out is said"
    bring(inside, write((street.polygon("ABCD"), house_with_phone)), *HOUSES, "--attributes=floors", on=LATER)
    assert Asset.objects.on(LATER).get().attributes == {"floors": 5}


def test_missing_things_stay_unless_they_are_to_end(inside: Community, street: Town, write: Write) -> None:
    both = write((street.polygon("ABCD"), house("12")), (street.polygon("EFGH"), house("14")))
    bring(inside, both, *HOUSES)
    one = write((street.polygon("ABCD"), house("12")))
    assert "h14" in bring(inside, one, *HOUSES, on=LATER)
    assert versions("h14")[0][2] is None
    bring(inside, one, *HOUSES, "--close-missing", on=LATER)
    assert versions("h14")[0][2] == LATER


def test_earlier_version_than_the_stored_one_is_refused(inside: Community, street: Town, write: Write) -> None:
    bring(inside, write((street.polygon("ABCD"), house("12"))), *HOUSES, on=LATER)
    with pytest.raises(CommandError):
        bring(inside, write((street.polygon("ABCD"), house("12", "Інший"))), *HOUSES, on=FIRST)
    assert len(versions("h12")) == 1


def test_dry_run_writes_nothing(inside: Community, street: Town, write: Write) -> None:
    bring(inside, write((street.polygon("ABCD"), house("12"))), *HOUSES, "--dry-run")
    assert not Asset.objects.exists()
    assert not Register.objects.exists()
    assert not Organisation.objects.filter(name__startswith="ОСББ").exists()


def test_keeper_is_known_by_its_code_and_by_its_name_however_it_is_quoted(
    inside: Community, street: Town, write: Write
) -> None:
    Organisation.objects.create(name="ОСББ «Липа»", edrpou="12345678")
    Organisation.objects.create(name="Управитель «Дім-Сервіс»")
    things = (
        (street.polygon("ABCD"), house("12", 'осбб "Липа"', code="12345678")),
        (street.polygon("EFGH"), house("14", 'Управитель  "Дім-Сервіс"')),
    )
    bring(inside, write(*things), *HOUSES, "--keeper-edrpou=code")
    assert Organisation.objects.count() == 2
    assert [row.keeper.name for row in Asset.objects.order_by("key") if row.keeper] == [
        "ОСББ «Липа»",
        "Управитель «Дім-Сервіс»",
    ]


def test_code_and_name_of_different_bodies_are_refused(inside: Community, street: Town, write: Write) -> None:
    Organisation.objects.create(name="ОСББ «Липа»", edrpou="12345678")
    Organisation.objects.create(name="ОСББ «Клен»", edrpou="87654321")
    file = write((street.polygon("ABCD"), house("12", "ОСББ «Клен»", code="12345678")))
    with pytest.raises(CommandError):
        bring(inside, file, *HOUSES, "--keeper-edrpou=code")
    assert not Asset.objects.exists()


def test_keepers_that_letters_reach_are_not_complained_of(city: City, street: Town, write: Write) -> None:
    things = (
        (street.line("rs"), {"key": "1", "keeper": city.road_service.name}),
        (street.line("ls"), {"key": "2", "keeper": "Служба відновлення"}),
        (street.line("rl"), {"key": "3", "keeper": ""}),
    )
    said = bring(city.community, write(*things), "--kind=roads", "--keeper=keeper", code="roads")
    (complaint,) = [line for line in said.splitlines() if "Служба" in line and "канал" in line.lower()] or [""]
    assert city.road_service.name not in complaint
    assert Channel.objects.filter(organisation__name="Служба відновлення").count() == 0


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("buildings", {"key": "1"}),  # a line is no building
        ("lamps", {"key": "1"}),
        ("roads", {"key": ""}),
        ("roads", {"other": "1"}),
        ("roads", {"key": "1", "code": "12"}),
        ("roads", {"key": "1", "doors": "many"}),
    ],
)
def test_what_does_not_fit_refuses_the_file(
    inside: Community, street: Town, write: Write, kind: str, facts: dict[str, Any]
) -> None:
    words = (f"--kind={kind}", "--keeper-edrpou=code", "--entrances=doors")
    complete = {"code": "", "doors": ""} | facts
    with pytest.raises(CommandError):
        bring(inside, write((street.line("rs"), complete)), *words, code="any")
    assert not Register.objects.exists()


def test_key_that_comes_twice_is_refused(inside: Community, street: Town, write: Write) -> None:
    with pytest.raises(CommandError):
        bring(inside, write((street["r"], {"key": "1"}), (street["s"], {"key": "1"})), "--kind=lamps", code="lamps")


def test_register_of_another_kind_is_not_mixed_up(inside: Community, street: Town, write: Write) -> None:
    bring(inside, write((street["r"], {"key": "1"})), "--kind=lamps", code="things")
    with pytest.raises(CommandError):
        bring(inside, write((street["s"], {"key": "2"})), "--kind=trees", code="things", on=LATER)


def test_table_with_coordinates_is_read(inside: Community, street: Town, tmp_path: Path) -> None:
    file = tmp_path / "lamps.csv"
    place = street["l"]
    text = f"№;довгота;широта;опора\n1;{place.x:.6f};{f'{place.y:.6f}'.replace('.', ',')};А-17\n"
    file.write_bytes(text.encode("cp1251"))
    bring(inside, file, "--kind=lamps", "--key=№", "--number=опора", code="lamps")
    found = Asset.objects.get()
    assert (found.number, found.geometry.x) == ("А-17", pytest.approx(place.x, abs=1e-6))


def test_far_away_things_are_refused(inside: Community, write: Write) -> None:
    paris = GEOSGeometry("POINT(2.35 48.85)", srid=4326)
    with pytest.raises(CommandError):
        bring(inside, write((paris, {"key": "1"})), "--kind=lamps", code="lamps")


def test_registers_of_two_communities_do_not_meet(
    inside: Community, elsewhere: Community, street: Town, write: Write
) -> None:
    there = grid("a b", "d c", origin=(28.60, 49.22), cell=20)
    bring(inside, write((street.polygon("ABCD"), house("12"))), *HOUSES)
    with scope(community=elsewhere):
        bring(elsewhere, write((there.polygon("abcd"), house("12"))), *HOUSES)
        assert Asset.objects.count() == 1
    assert Asset.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_imports_leave_one_version_in_force(inside: Community, street: Town, write: Write) -> None:
    files = [write((street.polygon("ABCD"), house("12", f"Управитель {n}")), name=f"{n}.geojson") for n in range(4)]
    outcomes = at_once([lambda file=file: bring(inside, file, *HOUSES) for file in files], community=inside)  # type: ignore[misc]
    assert any(isinstance(outcome, str) for outcome in outcomes)
    assert Asset.objects.filter(key="h12", valid_to=None).count() == 1
