"""The shapes that a page draws: all of a small community, the main ones of a large one."""

import json
from typing import Any

import pytest

from geodata import base_shapes as base
from geodata.models import MapShape
from tests.conftest import City
from tests.geodata.conftest import TODAY
from tests.grid import Town


@pytest.fixture
def drawn(city: City, town: Town) -> City:
    """Яворин with a shape of each kind, and a short street beside a long one."""
    lines = {"road": "CD", "rail": "AF", "street": "AD"}
    areas = {"land": "ABFE", "park": "ABDC", "water": "CDFE", "building": "ABC"}
    shapes = {kind: town.line(ends) for kind, ends in lines.items()} | {
        kind: town.polygon(corners) for kind, corners in areas.items()
    }
    for kind, geometry in shapes.items():
        MapShape.objects.create(community=city.community, kind=kind, name=f"“{kind}”", geometry=geometry)
    MapShape.objects.create(community=city.community, kind="street", name="довга", geometry=town.line("ADFE"))
    return city


def features(city: City) -> list[dict[str, Any]]:
    found = json.loads(base.base_shapes(city.community, on=TODAY))
    assert found["type"] == "FeatureCollection"
    named: list[dict[str, Any]] = found["features"]
    return named


def kinds(city: City) -> list[str]:
    return [feature["properties"]["kind"] for feature in features(city)]


def test_small_community_is_drawn_whole(drawn: City) -> None:
    assert set(kinds(drawn)) == {*MapShape.Kind.values, "area", "boundary"}


@pytest.mark.parametrize("limit", ["MOST_SHAPES", "MOST_POINTS"])
def test_large_one_is_drawn_without_buildings(drawn: City, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    everything = len(features(drawn))
    monkeypatch.setattr(base, limit, everything - 1)
    assert "building" not in kinds(drawn)
    assert set(kinds(drawn)) == {*MapShape.Kind.values, "area", "boundary"} - {"building"}


def test_what_is_seen_from_afar_comes_first(drawn: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_POINTS", 10)
    assert list(dict.fromkeys(kinds(drawn))) == ["boundary", "area", "land", "road", "water", "rail", "park", "street"]
    streets = [one["properties"]["name"] for one in features(drawn) if one["properties"]["kind"] == "street"]
    assert streets == ["довга", "“street”"], "the longer one first"


def test_answer_never_grows_past_what_a_phone_can_draw(drawn: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_POINTS", 10)
    whole = base.base_shapes(drawn.community, on=TODAY)
    for most in (len(whole.encode()) - 60, 800, 10):
        monkeypatch.setattr(base, "MOST_BYTES", most)
        text = base.base_shapes(drawn.community, on=TODAY)
        assert len(text.encode()) <= most + 60, "so much is around the features"
        assert len(json.loads(text)["features"]) < len(json.loads(whole)["features"])


def test_bends_that_no_screen_shows_are_left_out_of_a_large_one(
    drawn: City, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    MapShape.objects.all().delete()
    bent = town.line("AB")
    points = [(x, y + (0.00003 if turn % 2 else 0)) for turn in range(50) for x, y in [_along(bent, turn / 49)]]
    MapShape.objects.create(community=drawn.community, kind="road", geometry=type(bent)(points, srid=4326))
    monkeypatch.setattr(base, "MOST_POINTS", 10)
    [road] = [one for one in features(drawn) if one["properties"]["kind"] == "road"]
    assert len(road["geometry"]["coordinates"]) < 5


def _along(line: Any, share: float) -> tuple[float, float]:
    point = line.interpolate_normalized(share)
    return point.x, point.y
