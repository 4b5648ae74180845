"""Registers on the map: which of their things strangers see, on which day, and that the database itself keeps it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import shapely
from django.contrib.gis.geos import LineString
from django.db import IntegrityError, connection, transaction
from django_scopes import scope

from core.models import Job
from geodata import cells, recount
from geodata.layers import Counted, layer_named
from geodata.lists import things
from geodata.models import Community
from routing import register_map
from routing.models import Asset, Register
from routing.register_import import import_register
from routing.register_map import show_on_map
from routing.register_rows import AssetRow
from tests.conftest import LONG_AGO, NOW, City
from tests.geodata.conftest import TODAY, question
from tests.grid import Town
from tests.parallel import at_once

REGISTERS = layer_named("registers")
counted = REGISTERS.counted
assert counted
COUNTED: Counted = counted
TOMORROW = TODAY + timedelta(days=1)
Lamp = Callable[..., Asset]


@pytest.fixture
def lamps(inside: Community) -> Register:
    """A register that nobody has put on the map."""
    return Register.objects.create(community=inside, code="lamps", name="Ліхтарі", name_en="Lamps", kind="lamps")


@pytest.fixture
def lamp(lamps: Register, town: Town) -> Lamp:
    """Makes a version of a lamp."""

    def made(key: str = "17", **columns: Any) -> Asset:
        given = {"geometry": town["p"], "valid_from": LONG_AGO} | columns
        found: Asset = Asset.objects.create(community=lamps.community, register=lamps, key=key, **given)
        return found

    return made


def on_the_map(community: Community) -> list[str]:
    """What the list shows, by name; the counts agree."""
    page = things([REGISTERS], question(community), limit=100)
    assert recount.difference(COUNTED, community.pk).is_exact
    assert Asset.objects.filter(map_group__isnull=False).count() == page.total
    return sorted(row["title"] for row in page.rows)


# Who says so -------------------------------------------------------------------------------------------------------
def test_new_register_is_not_on_the_map(lamps: Register, lamp: Lamp) -> None:
    lamp()
    assert not lamps.is_on_map
    assert on_the_map(lamps.community) == []


def test_register_comes_onto_the_map_and_leaves_it(lamps: Register, lamp: Lamp) -> None:
    lamp()
    show_on_map(lamps, True, at=NOW)
    assert (lamps.map_day, on_the_map(lamps.community)) == (TODAY, ["17"])
    lamp("18")
    cells.fold_all()
    assert on_the_map(lamps.community) == ["17", "18"]
    show_on_map(lamps, False, at=NOW)
    assert on_the_map(lamps.community) == []
    cells.fold_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM geodata_cell WHERE layer = %s", [COUNTED.number])
        assert cursor.fetchone()[0] == 0


def test_one_register_says_nothing_of_another(lamps: Register, lamp: Lamp, town: Town) -> None:
    lamp()
    secret = Register.objects.create(community=lamps.community, code="cables", name="Кабелі")
    Asset.objects.create(community=lamps.community, register=secret, key="1", geometry=town["p"], valid_from=LONG_AGO)
    show_on_map(lamps, True, at=NOW)
    assert on_the_map(lamps.community) == ["17"]


def test_thing_that_is_given_to_a_register_of_another_community_is_not_shown(
    lamps: Register, lamp: Lamp, elsewhere: Community
) -> None:
    show_on_map(lamps, True, at=NOW)
    stray = lamp()
    Asset.objects.filter(pk=stray.pk).update(community=elsewhere)
    assert on_the_map(lamps.community) == []
    with scope(community=elsewhere):
        assert on_the_map(elsewhere) == []


def test_database_refuses_a_register_on_the_map_without_a_day(lamps: Register) -> None:
    with pytest.raises(IntegrityError, match="register_on_map_has_a_day"), transaction.atomic():
        Register.objects.filter(pk=lamps.pk).update(is_on_map=True)


def test_nobody_can_save_an_old_copy_over_the_truth(lamps: Register, lamp: Lamp) -> None:
    thing = lamp()
    show_on_map(lamps, True, at=NOW)
    thing.name = "вул. Соборна"
    thing.save()  # it still says that strangers do not see it
    assert on_the_map(lamps.community) == ["вул. Соборна"]
    Asset.objects.update(is_shown=False)
    assert on_the_map(lamps.community) == ["вул. Соборна"]


def test_nobody_can_make_a_row_that_says_it_is_shown(lamps: Register, lamp: Lamp) -> None:
    lamp(is_shown=True)
    assert on_the_map(lamps.community) == []
    show_on_map(lamps, True, at=NOW)
    lamp("18", is_shown=True, valid_from=TOMORROW)
    assert on_the_map(lamps.community) == ["17"]


def test_switch_asks_for_a_check_of_the_rules(city: City) -> None:
    """It writes the rows anew, by whose place in the table a check knows whether it is still true."""
    register = Register.objects.create(community=city.community, code="lamps", name="Ліхтарі")
    Job.objects.all().delete()
    show_on_map(register, True, at=NOW)
    assert Job.objects.filter(kind="rules.check").count() == 1


# Which version -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("since", "until", "is_seen"),
    [
        (LONG_AGO, None, True),
        (TODAY, None, True),
        (TOMORROW, None, False),
        (LONG_AGO, TODAY, False),
        (LONG_AGO, TOMORROW, True),
    ],
)
def test_version_in_force_today_is_shown(
    lamps: Register, lamp: Lamp, since: date, until: date | None, is_seen: bool
) -> None:
    lamp(valid_from=since, valid_to=until)
    show_on_map(lamps, True, at=NOW)
    lamp("18", valid_from=since, valid_to=until)
    assert on_the_map(lamps.community) == (["17", "18"] if is_seen else [])


def test_new_version_takes_the_place_of_the_old_one_on_its_day(lamps: Register, lamp: Lamp) -> None:
    show_on_map(lamps, True, at=NOW)
    lamp(name="стара", valid_to=TOMORROW)
    lamp(name="нова", valid_from=TOMORROW)
    assert register_map.follow_the_day(at=NOW) == 0
    assert on_the_map(lamps.community) == ["стара"]
    assert register_map.follow_the_day(at=NOW + timedelta(days=1)) == 1
    assert on_the_map(lamps.community) == ["нова"]


def test_day_begins_at_the_midnight_of_the_community(lamps: Register, lamp: Lamp) -> None:
    show_on_map(lamps, True, at=NOW)
    lamp(valid_from=TOMORROW)
    before, after = (datetime(2026, 11, 19, hour, minute, tzinfo=UTC) for hour, minute in ((21, 59), (22, 1)))
    for at, seen in ((before, []), (after, ["17"])):
        register_map.follow_the_day(at=at)
        assert on_the_map(lamps.community) == seen


def test_day_of_a_register_that_is_not_on_the_map_stands_still(lamps: Register) -> None:
    show_on_map(lamps, True, at=NOW)
    show_on_map(lamps, False, at=NOW)
    assert register_map.follow_the_day(at=NOW + timedelta(days=9)) == 0


def places_in_the_table() -> dict[str, str]:
    """Key of a thing → where its row lies, which is elsewhere once it was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, ctid::text FROM routing_asset")
        return dict(cursor.fetchall())


def test_only_rows_that_change_are_written_when_the_day_moves(lamps: Register, lamp: Lamp) -> None:
    show_on_map(lamps, True, at=NOW)
    lamp("stays")
    lamp("begins", valid_from=TOMORROW)
    cells.fold_all()
    where = places_in_the_table()
    register_map.follow_the_day(at=NOW + timedelta(days=1))
    now = places_in_the_table()
    assert (where["stays"] == now["stays"], where["begins"] == now["begins"]) == (True, False)


def test_beginning_is_midday_of_the_first_day(lamp: Lamp) -> None:
    thing = lamp(valid_from=date(2026, 3, 29))
    thing.refresh_from_db()
    assert thing.starts_at == datetime(2026, 3, 29, 12, tzinfo=UTC)


# Imports -----------------------------------------------------------------------------------------------------------
def bring(community: Community, *rows: tuple[str, str, Any], on: date, at: datetime) -> None:
    found = [
        AssetRow(feature=number, key=key, name=name, number="", keeper="", edrpou="", entrances=None,
                 shape=shapely.Point(place), attributes={"договір": "77"})
        for number, (key, name, place) in enumerate(rows, start=1)
    ]  # fmt: skip
    plan = import_register(community, "lamps", kind="lamps", rows=found, problems=(), valid_from=on, at=at,
                           close_missing=True)  # fmt: skip
    assert plan.written, [problem.text for problem in plan.refusals]


def test_import_into_a_register_on_the_map_is_shown_at_once(lamps: Register, town: Town) -> None:
    p, q = town["p"].coords, town["q"].coords
    show_on_map(lamps, True, at=NOW)
    bring(lamps.community, ("1", "перший", p), ("2", "другий", q), on=LONG_AGO, at=NOW)
    assert on_the_map(lamps.community) == ["другий", "перший"]
    later = NOW + timedelta(hours=1)
    bring(lamps.community, ("1", "перший новий", q), on=TODAY, at=later)
    assert on_the_map(lamps.community) == ["перший новий"]
    assert set(Asset.objects.values_list("changed_at", flat=True)) == {later}


def test_correction_of_a_row_moves_it_on_the_map(lamps: Register, town: Town) -> None:
    show_on_map(lamps, True, at=NOW)
    bring(lamps.community, ("1", "перший", town["p"].coords), on=TODAY, at=NOW)
    before = cells.version_of(lamps.community.pk)
    bring(lamps.community, ("1", "виправлений", town["q"].coords), on=TODAY, at=NOW + timedelta(hours=1))
    assert on_the_map(lamps.community) == ["виправлений"]
    cells.fold_all()
    assert cells.version_of(lamps.community.pk) > before
    (row,) = things([REGISTERS], question(lamps.community, town)).rows
    assert row["changed_at"] == NOW + timedelta(hours=1)


# What it says ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("columns", "title"),
    [
        ({"name": "вул. Соборна", "number": "12"}, "вул. Соборна, 12"),
        ({"name": "вул. Соборна"}, "вул. Соборна"),
        ({"number": "12"}, "12"),
        ({}, "17"),
    ],
)
def test_thing_is_called_as_everywhere(
    lamps: Register, lamp: Lamp, columns: dict[str, str], title: str, town: Town
) -> None:
    show_on_map(lamps, True, at=NOW)
    thing = lamp(**columns)
    assert thing.label == title
    assert on_the_map(lamps.community) == [title]
    assert things([REGISTERS], question(lamps.community, town, text=title.split(",", maxsplit=1)[0])).total == 1


def test_long_road_is_counted_once(lamps: Register, lamp: Lamp, town: Town) -> None:
    show_on_map(lamps, True, at=NOW)
    lamp(geometry=LineString(town["A"].coords, town["F"].coords, srid=4326))
    cells.fold_all()
    assert on_the_map(lamps.community) == ["17"]


# At the same moment ------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_thing_written_while_the_register_comes_onto_the_map_is_not_left_behind(town: Town) -> None:
    community = Community.objects.create(slug="yavoryn", name="Яворинська громада", centre=town["p"])
    with scope(community=community):
        register = Register.objects.create(community=community, code="lamps", name="Ліхтарі")

    def write(first: int) -> None:
        for number in range(first, first + 20):
            Asset.objects.create(community=community, register=register, key=str(number), geometry=town["p"],
                                 valid_from=LONG_AGO)  # fmt: skip

    def switch() -> None:
        for wanted in (True, False, True, False, True):
            show_on_map(Register.objects.select_related("community").get(pk=register.pk), wanted, at=NOW)

    calls = [lambda: write(0), lambda: write(100), switch]
    assert at_once(calls, community=community) == [None] * 3
    with scope(community=community):
        assert Asset.objects.filter(is_shown=True).count() == 40
        assert recount.difference(COUNTED, community.pk).is_exact
