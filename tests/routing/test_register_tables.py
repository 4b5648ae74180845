"""Tables without places: a city's list of managers changes who keeps a house, and leaves the house where it is."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from geodata.models import Community
from routing.models import Asset, Register
from tests.grid import Town, grid

FIRST, LATER = date(2026, 1, 1), date(2026, 6, 1)
KIND = "--kind=buildings"
Bring = Callable[..., str]


@pytest.fixture
def street() -> Town:
    """Two houses."""
    return grid("A B . E F", "D C . H G", cell=20)


@pytest.fixture
def bring(inside: Community, tmp_path: Path) -> Bring:
    """What the command says to a table."""

    def brought(text: str, *words: str, encoding: str = "utf-8", on: date = LATER, name: str = "managers.csv") -> str:
        file, said = tmp_path / name, StringIO()
        file.write_bytes(text.encode(encoding))
        call_command("import_register", inside.slug, "houses", str(file), *words, f"--valid-from={on}", stdout=said)
        return said.getvalue()

    return brought


@pytest.fixture
def houses(bring: Bring, street: Town) -> Register:
    """Соборна 12 and 14 with managers, entrances and floors, from a table with points."""
    lines = [
        f"h{number},Соборна,{number},ОСББ «Липа»,{street[at].x},{street[at].y},4,9"
        for number, at in ((12, "A"), (14, "E"))
    ]
    words = (KIND, "--key=id", "--name=street", "--number=house", "--keeper=manager", "--entrances=doors")
    bring("\n".join(["id,street,house,manager,lon,lat,doors,floors", *lines]), *words, "--attributes=floors", on=FIRST)
    return Register.objects.get()


def in_force(key: str, on: date = LATER) -> Asset:
    return Asset.objects.on(on).select_related("keeper").get(key=key)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_list_of_managers_changes_the_managers_and_nothing_else(houses: Register, bring: Bring, encoding: str) -> None:
    bring("Код;Управитель\nh12;ТОВ «Дім»\nh14;ОСББ «Липа»\n", "--key=Код", "--keeper=Управитель", encoding=encoding)
    old, new = in_force("h12", FIRST), in_force("h12")
    assert new.pk != old.pk
    assert new.keeper
    assert new.keeper.name == "ТОВ «Дім»"
    for fact in ("name", "number", "entrances", "attributes", "search", "geometry"):
        assert getattr(new, fact) == getattr(old, fact), fact
    assert in_force("h14").valid_from == FIRST, "the same manager is no change"


def test_empty_cell_says_that_nobody_keeps_it_and_a_missing_column_says_nothing(houses: Register, bring: Bring) -> None:
    bring("id,manager\nh12,\n", "--key=id", "--keeper=manager")
    assert in_force("h12").keeper is None
    bring("id,doors\nh14,6\n", "--key=id", "--entrances=doors")
    changed = in_force("h14")
    assert (changed.entrances, changed.keeper and changed.keeper.name) == (6, "ОСББ «Липа»")


def test_new_key_without_a_place_is_refused_with_its_row_named(houses: Register, bring: Bring) -> None:
    with pytest.raises(CommandError):
        bring("id,manager\nh12,ТОВ «Дім»\nh99,ТОВ «Дім»\n", "--key=id", "--keeper=manager")
    assert Asset.objects.count() == 2
    assert in_force("h12").valid_from == FIRST


def test_rows_may_have_a_place_or_not(houses: Register, bring: Bring, street: Town) -> None:
    there = f"{street['F'].x},{street['F'].y}"
    bring(f"id,manager,lon,lat\nh12,ТОВ «Дім»,,\nh16,ТОВ «Дім»,{there}\n", "--key=id", "--keeper=manager")
    assert in_force("h12").geometry.equals(street["A"])
    assert in_force("h16").geometry.equals(street["F"])


def test_half_a_place_is_refused(houses: Register, bring: Bring) -> None:
    with pytest.raises(CommandError):
        bring("id,manager,lon,lat\nh12,ТОВ «Дім»,28.4,\n", "--key=id", "--keeper=manager")


def test_first_table_of_a_register_needs_places_and_says_so_once(inside: Community, tmp_path: Path) -> None:
    file, said = tmp_path / "streets.csv", StringIO()
    file.write_text("id,street\n1,Соборна\n2,Нова\n")
    with pytest.raises(CommandError):
        call_command("import_register", inside.slug, "streets", str(file), "--kind=roads", "--key=id", stdout=said)
    assert said.getvalue().count("GeoPackage") == 1
    assert not Register.objects.exists()
