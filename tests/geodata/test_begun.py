"""The months that a period is chosen from: from the first thing of the layers that are shown to their last."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_scopes import scope

from core.models import Visibility
from geodata.begun import Begun, begun, begun_sql
from geodata.cells import fold_all
from geodata.layer_sql import Question
from geodata.layers import Layer, all_layers, layer_named
from geodata.models import Community
from tests.conftest import NOW, City
from tests.geodata.conftest import TODAY, pin
from tests.geodata.every_layer import LAYERS, Thing, every_layer, put
from tests.grid import Town

pytestmark = pytest.mark.usefixtures("counted_petitions")


def months(community: Community) -> Begun:
    with scope(community=community):
        return begun(LAYERS, community, TODAY)


@every_layer
def test_every_layer_tells_its_first_and_last_month(layer: Layer, city: City, town: Town) -> None:
    before = months(city.community).months.get(layer.name)
    assert before is None or layer.name == "petitions"  # which are the areas of the town
    for month in (9, 3, 10):
        put(layer, Thing(city.community, town["p"], began=datetime(2026, month, 8, 9, tzinfo=UTC)))
    first, last = months(city.community).months[layer.name]
    assert last == "2026-10"
    assert first == (before[0] if before else "2026-03")


@every_layer
def test_what_strangers_do_not_see_counts_for_nothing(layer: Layer, inside: Community, town: Town) -> None:
    put(layer, Thing(inside, town["p"], is_hidden=True))
    assert layer.name not in months(inside).months


def test_each_community_has_months_of_its_own(city: City, elsewhere: Community, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, at=datetime(2026, 2, 1, 12, tzinfo=UTC))
    assert months(city.community).months["issues"] == ("2026-02", "2026-02")
    assert "issues" not in months(elsewhere).months


def test_a_month_begins_at_the_midnight_of_the_community(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, at=datetime(2026, 4, 30, 21, 30, tzinfo=UTC))
    pin(city.community, town["p"], category=city.roads, at=datetime(2026, 9, 30, 20, 59, tzinfo=UTC))
    for _folded in range(2):
        assert months(city.community).months["issues"] == ("2026-05", "2026-09")
        fold_all()


def test_a_span_is_that_of_the_layers_that_are_shown(city: City) -> None:
    issues, registers, works = map(layer_named, ("issues", "registers", "works"))
    known = Begun({"issues": ("2025-03", "2026-10"), "works": ("2026-01", "2026-12")}, "2026-11")
    assert known.span([issues]) == ("2025-03", "2026-10")
    assert known.span([issues, works, registers]) == ("2025-03", "2026-12")
    assert known.span([registers]) == known.span([]) == ("2026-11", "2026-11")


def test_a_month_that_no_address_can_name_is_cut_to_one_that_can(city: City, town: Town) -> None:
    pin(city.community, town["p"], category=city.roads, at=datetime(214, 3, 1, 12, tzinfo=UTC))
    pin(city.community, town["p"], category=city.roads, at=datetime(2500, 3, 1, 12, tzinfo=UTC))
    assert months(city.community).months["issues"] == ("1900-03", "2200-03")


def test_both_ends_are_looked_up_in_the_index_of_time(city: City) -> None:
    asked = begun_sql([layer for layer in all_layers() if layer.counted], Question(city.community.pk, TODAY))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # of a handful of rows every way is as cheap
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {asked.text}", asked.params)
        plan = " ".join(line for (line,) in cursor.fetchall())
    for name in ("issue_newest", "asset_newest"):  # “issue_newest_first” has both ends of a few rows as cheaply
        assert len(re.findall(rf"Index (?:Only )?Scan using {name}_", plan)) == 1
        assert len(re.findall(rf"Index (?:Only )?Scan Backward using {name}_", plan)) == 1
    assert "Sort" not in plan


def test_the_map_page_lays_the_period_over_the_layers_that_are_shown(
    client: Client, city: City, town: Town, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)

    def ends(**query: Any) -> tuple[str, str]:
        period = client.get("/yavoryn/", query).context["filters"]["period"]
        return period["first"], period["last"]

    assert ends() == ("2026-11", "2026-11")
    pin(city.community, town["p"], category=city.roads, at=datetime(2025, 12, 1, tzinfo=UTC))
    pin(city.community, town["p"], category=city.roads, visibility=Visibility.HELD, at=datetime(2024, 1, 5, tzinfo=UTC))
    put(layer_named("works"), Thing(city.community, town["p"], began=datetime(2027, 2, 1, tzinfo=UTC)))
    put(layer_named("registers"), Thing(city.community, town["p"], began=datetime(2020, 7, 1, tzinfo=UTC)))
    assert ends() == ("2025-12", "2027-02")
    assert ends(layer="works") == ("2027-02", "2027-02")
    assert ends(layer=["issues", "registers"], state="done") == ("2020-07", "2025-12")
