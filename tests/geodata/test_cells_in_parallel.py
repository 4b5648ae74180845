"""Eight write at once, others fold and look: cells and what waits equal a recount in every snapshot."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from core.models import ON_THE_MAP, Visibility
from geodata import cells, recount
from geodata.layers import Counted, layer_named
from tests.conftest import City
from tests.geodata.writers import Writer, dealt, dot_of
from tests.parallel import at_once

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, DEALS, REPORTS = 8, 150, 40
counted_issues = layer_named("issues").counted
assert counted_issues
ISSUES: Counted = counted_issues


@dataclass
class Meanwhile:
    """Writers, and what happens beside them until the last has done."""

    community_id: int
    working: set[int]
    folded: list[int] = field(default_factory=list)
    held: list[recount.Difference] = field(default_factory=list)  # looks while nobody could fold
    free: list[recount.Difference] = field(default_factory=list)  # looks while others folded
    waited: list[int] = field(default_factory=list)  # deltas that waited in the snapshot of a free look

    def until_done(self, look: Callable[[], None], pause: float) -> Callable[[], None]:
        def run() -> None:
            while self.working:
                look()
                sleep(pause)

        return run

    def write(self, number: int, founder: Writer, *, seed: int) -> int:
        """Writes by chance; returns how many rows."""
        writer = Writer(founder.community_id, founder.categories, list(founder.known), (number + 1) * 1_000_000)
        dice = Random(seed)
        try:
            for _turn in range(DEALS):
                writer.perform(dealt(dice))
        finally:
            self.working.discard(number)
        return writer.rows

    def fold(self) -> None:
        try:
            self.folded.append(cells.fold(batch=7))
        except cells.BusyError:
            return

    def look_in_turn(self) -> None:
        self.held.append(recount.check(ISSUES, self.community_id, repair=False))

    def look_freely(self) -> None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM geodata_cell_delta")
            self.waited.append(int(cursor.fetchone()[0]))
            self.free.append(recount.difference(ISSUES, self.community_id))


def town_of(city: City, many: int) -> Writer:
    """Who has written the first reports, and knows them."""
    founder = Writer(city.community.pk, (city.roads.pk, city.manholes.pk), [], first_number=0)
    dice = Random(0)
    founder.known = [founder.insert(dot_of(dice, 12)) for _number in range(many)]
    return founder


def read(text: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


def test_cells_and_what_waits_equal_a_recount_in_every_snapshot_while_many_write(city: City) -> None:
    founder = town_of(city, REPORTS)
    meanwhile = Meanwhile(city.community.pk, set(range(WRITERS)))

    found = at_once(
        [
            *(partial(meanwhile.write, number, founder, seed=number) for number in range(WRITERS)),
            meanwhile.until_done(meanwhile.fold, 0.003),
            meanwhile.until_done(meanwhile.look_in_turn, 0.03),
            meanwhile.until_done(meanwhile.look_freely, 0.005),
        ],
        community=city.community,
    )
    assert [one for one in found if isinstance(one, BaseException)] == []
    assert sum(found[:WRITERS]) > WRITERS * DEALS, "that many rows were written"
    looks = meanwhile.held + meanwhile.free
    assert [look for look in looks if not look.is_exact] == []
    assert min(len(meanwhile.held), len(meanwhile.free)) >= 3
    assert any(meanwhile.folded)
    assert any(meanwhile.waited), "some looks saw deltas that waited"
    check_what_is_left(city)


def check_what_is_left(city: City) -> None:
    """After the last folding nothing waits, no square is empty, and strangers' counts hold what strangers see."""
    cells.fold_all(batch=50)
    assert recount.difference(ISSUES, city.community.pk).is_exact
    assert read("SELECT count(*) FROM geodata_cell_delta") == [(0,)]
    for table in ("geodata_cell", "geodata_cell_month"):
        assert read(f"SELECT count(*) FROM {table} WHERE n <= 0") == [(0,)]
    untrue = """
        SELECT count(*) FROM issues_issue i JOIN core_subject s ON s.id = subject_id
            JOIN routing_category c ON c.id = category_id
        WHERE (i.subject_visibility, i.place_is_sensitive) <> (s.visibility, c.is_sensitive)
    """
    assert read(untrue) == [(0,)]
    seen = ", ".join(f"'{visibility}'" for visibility in ON_THE_MAP)
    (there,) = read(
        f"SELECT count(*) FROM issues_issue JOIN core_subject s ON s.id = subject_id WHERE s.visibility IN ({seen})"
    )
    for level in (8, 12, 18):
        lead = f"category = 0 AND c BETWEEN 1::bigint << {2 * level} AND (2::bigint << {2 * level}) - 1"
        assert read(f"SELECT sum(n) FROM geodata_cell WHERE {lead}") == [there]


def test_rebuilding_while_others_write_and_fold_loses_nothing(city: City) -> None:
    founder = town_of(city, REPORTS)
    meanwhile = Meanwhile(city.community.pk, {0, 1, 2})

    found = at_once(
        [
            *(partial(meanwhile.write, number, founder, seed=100 + number) for number in range(3)),
            meanwhile.until_done(meanwhile.fold, 0.003),
            meanwhile.until_done(lambda: recount.rebuild(ISSUES, city.community.pk), 0.02),
            meanwhile.until_done(meanwhile.look_freely, 0.005),
        ],
        community=city.community,
    )
    assert [one for one in found if isinstance(one, BaseException)] == []
    assert [look for look in meanwhile.free if not look.is_exact] == []
    check_what_is_left(city)


def test_truncated_table_leaves_no_count_though_others_fold(city: City) -> None:
    town_of(city, REPORTS)
    cells.fold_all()
    founder = town_again(city)

    def empty() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE issues_issue CASCADE")

    def fold() -> None:
        for _turn in range(20):
            try:
                cells.fold(batch=3)
            except cells.BusyError:
                continue

    found = at_once([empty, fold], community=city.community)
    assert found == [None, None]
    cells.fold_all()
    assert founder.rows == 5
    assert recount.difference(ISSUES, city.community.pk).is_exact
    for table in ("geodata_cell", "geodata_cell_month", "geodata_cell_delta"):
        assert read(f"SELECT count(*) FROM {table}") == [(0,)]


def town_again(city: City) -> Writer:
    """A few more that are not folded yet."""
    more = Writer(city.community.pk, (city.roads.pk, city.manholes.pk), [], first_number=500)
    for number in range(5):
        dot = dot_of(Random(number), 12)
        more.insert(replace(dot, visibility=Visibility.PUBLIC))
    return more
