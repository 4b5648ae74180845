"""After any writes of any connections at once: cells, marks, tiles, the list and feeds are what the rows say."""

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import cells, counted_sql, feeds, recount, tile_sql
from geodata.layers import layer_named
from issues.models import Issue
from tests.conftest import NOW, City
from tests.geodata.brute import Asking, askings, check_feeds, check_list, check_marks, check_tiles
from tests.geodata.towns import Dot, dots, seen_by_strangers
from tests.geodata.writers import Deal, Key, Writer, deals
from tests.parallel import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_clock")]


@pytest.fixture
def _clock(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def empty(city: City) -> None:
    """No report, as before the first example."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM issues_issue")
        cursor.execute("DELETE FROM core_subject")
        cursor.execute("UPDATE routing_category SET is_sensitive = false WHERE is_sensitive")
        cursor.execute("TRUNCATE geodata_cell, geodata_cell_month, geodata_cell_delta")


def write_at_once(city: City, drawn: list[Dot], works: list[list[Deal]]) -> None:
    """The town stands; then every connection does its work while another folds three deltas at a time."""
    kinds = (city.roads.pk, city.manholes.pk)
    founder = Writer(city.community.pk, kinds, [], first_number=0)
    known: list[Key] = [founder.insert(dot) for dot in drawn]
    working = set(range(len(works)))

    def work(number: int) -> None:
        writer = Writer(city.community.pk, kinds, list(known), (number + 1) * 1000)
        try:
            for deal in works[number]:
                writer.perform(deal)
        finally:
            working.discard(number)

    def fold() -> None:
        while working:
            cells.fold(batch=3)

    found = at_once([*(partial(work, number) for number in working), fold], community=city.community)
    assert [one for one in found if one is not None] == []


@settings(max_examples=20)
@given(
    drawn=st.lists(dots, min_size=1, max_size=15),
    works=st.lists(st.lists(deals, min_size=1, max_size=4), min_size=2, max_size=4),
    questions=st.lists(st.tuples(askings, st.sampled_from([0, 9, 12, 14, 16, 17, 19])), min_size=2, max_size=3),
    folded=st.booleans(),
)
def test_every_reading_is_what_the_rows_say_after_parallel_writes(
    client: Client,
    city: City,
    monkeypatch: pytest.MonkeyPatch,
    drawn: list[Dot],
    works: list[list[Deal]],
    questions: list[tuple[Asking, int]],
    folded: bool,
) -> None:
    empty(city)
    monkeypatch.setattr(feeds, "ENTRIES", 4)
    write_at_once(city, drawn, works)
    if folded:
        cells.fold_all()
    counted = layer_named("issues").counted
    assert counted
    assert recount.difference(counted, city.community.pk).is_exact
    for category in (city.roads, city.manholes):
        category.refresh_from_db()
    seen = seen_by_strangers([city.roads, city.manholes])
    assert len(seen) <= Issue.objects.count()
    for asking, z in questions:
        monkeypatch.setattr(counted_sql, "FEW", asking.few)
        monkeypatch.setattr(tile_sql, "FEW", asking.few)
        check_marks(asking, city.community, seen)
        check_list(asking, city.community, seen)
        check_feeds(client, asking, city.community, seen)
        check_tiles(asking, city.community, z, seen)
