"""Eight write at once while others count: what is counted equals a recount in every snapshot."""

from functools import partial
from random import Random
from time import sleep

import pytest

from issues.counters import REPORTS
from stats import filling, recount
from tests.conftest import NOW, City
from tests.geodata.writers import Writer, dealt, dot_of
from tests.parallel import at_once
from tests.stats.reading import read

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, DEALS, REPORTS_BEFORE = 8, 60, 30


def test_counts_equal_a_recount_in_every_snapshot_while_many_write(city: City) -> None:
    founder = Writer(city.community.pk, (city.roads.pk, city.manholes.pk), [], first_number=0)
    dice = Random(0)
    founder.known = [founder.insert(dot_of(dice, 12)) for _number in range(REPORTS_BEFORE)]
    filling.begin_day(at=NOW)
    working = set(range(WRITERS))
    looks: list[recount.Difference] = []
    filled: list[int] = []

    def write(number: int) -> int:
        writer = Writer(city.community.pk, founder.categories, list(founder.known), (number + 1) * 1_000_000)
        lot = Random(number)
        try:
            for _turn in range(DEALS):
                writer.perform(dealt(lot))
        finally:
            working.discard(number)
        return writer.rows

    def count() -> None:
        while working:
            try:
                filled.append(filling.fill(REPORTS, batch=9))
            except filling.BusyError:
                sleep(0.001)

    def look() -> None:
        while working:
            looks.append(recount.check(REPORTS, city.community.pk, repair=False))
            sleep(0.01)

    found = at_once([*(partial(write, number) for number in range(WRITERS)), count, count, look])
    assert [one for one in found if isinstance(one, BaseException)] == []
    assert [one for one in looks if one.wrong] == []
    assert len(looks) >= 3
    assert sum(filled) > REPORTS_BEFORE
    filling.fill_all(at=NOW)
    assert read("SELECT count(*) FROM core_to_count") == [(0,)]
    last = recount.check(REPORTS, city.community.pk, repair=False)
    assert last.wrong == 0
    assert last.rows > 0
    assert read("SELECT count(*) FROM issues_issue WHERE map_group IS NOT NULL") == read(
        "SELECT count(*) FROM stats_case"
    )


def test_a_rebuild_waits_for_the_filling_and_counts_all(city: City) -> None:
    founder = Writer(city.community.pk, (city.roads.pk, city.manholes.pk), [], first_number=0)
    dice = Random(3)
    for _number in range(20):
        founder.known.append(founder.insert(dot_of(dice, 12)))
    at_once([partial(recount.rebuild, REPORTS, city.community.pk), partial(filling.fill_all, at=NOW)])
    filling.fill_all(at=NOW)
    assert recount.check(REPORTS, city.community.pk, repair=False).wrong == 0
