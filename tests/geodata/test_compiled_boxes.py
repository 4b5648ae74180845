"""A layer's SQL is compiled once and asked for any box; a layer that asks for another shape is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.contrib.gis.geos import GEOSGeometry, Polygon
from django_scopes import scope

from geodata.boxes import Box
from geodata.layer_sql import Question, UnknownBoxError
from geodata.layers import Filters, layer_named
from issues.models import Issue
from tests.conftest import City

TODAY = date(2026, 11, 19)
BOXES = [Box(28.46, 49.22, 28.48, 49.23), Box(-180.0, -89.5, 179.999999, 0.000001), Box(24.0, 44.25, 24.5, 52.125)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["issues", "works"])
@pytest.mark.parametrize("box", BOXES)
def test_sql_for_a_box_is_what_the_layer_would_say_itself(city: City, name: str, box: Box) -> None:
    layer = layer_named(name)
    with scope(community=city.community):
        asked = Question(city.community.pk, TODAY, Filters(), box).ask(layer).rows
        text, params = layer.rows(city.community.pk, Filters(), today=TODAY, box=box).query.sql_with_params()
    assert asked.text == text
    assert [_told(one) for one in asked.params] == [_told(one) for one in params]


@pytest.mark.django_db
def test_a_shape_that_is_not_the_box_is_refused_when_it_is_compiled(city: City) -> None:
    def rows(community_id: int, filters: Filters, *, today: date, box: Box | None = None) -> Any:
        corner = Polygon(((0, 0), (1, 0), (0, 1), (0, 0)), srid=4326)
        return Issue.objects.filter(community=community_id, location__bboverlaps=corner).values("id")

    layer = replace(layer_named("issues"), rows=rows)
    with scope(community=city.community), pytest.raises(UnknownBoxError):
        Question(city.community.pk, TODAY, Filters(), BOXES[0]).ask(layer)


def _told(param: Any) -> Any:
    """Shapes by their corners, to the billionth of a degree (a tenth of a millimetre)."""
    if not hasattr(param, "ewkb"):
        return param
    shape = GEOSGeometry(memoryview(param.ewkb))
    return shape.srid, [tuple(round(one, 9) for one in corner) for corner in shape.coords[0]]  # type: ignore[attr-defined]
