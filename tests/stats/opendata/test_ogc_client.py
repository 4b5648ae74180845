"""A real client reads the API over HTTP: GDAL's driver for OGC API – Features, as QGIS uses it."""

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import pyogrio
import pytest
from django.core.signals import request_started
from django_scopes import scope

from core.models import Visibility
from stats.filling import fill_all
from tests.conftest import NOW, City
from tests.grid import Town
from tests.stats.opendata.conftest import send, show_as

os.environ.setdefault("NO_PROXY", "localhost,127.0.0.1")


@pytest.fixture
def source(city: City, town: Town, live_server: Any) -> str:
    """Seven reports, one a day; the fourth is hidden, the fifth blurred."""
    for ago in range(7):
        issue = send(city, town["pq"[ago % 2]], category=city.manholes, at=NOW - timedelta(days=ago))
        if ago == 3:
            show_as(issue, Visibility.HIDDEN)
        if ago == 4:
            show_as(issue, Visibility.COARSE)
    with scope(community=city.community):
        fill_all(at=NOW)
    return f"OAPIF:{live_server.url}/yavoryn/ogc/"


@pytest.fixture
def queries() -> Iterator[list[dict[str, list[str]]]]:
    """What the server was asked, each question's parameters."""
    heard: list[dict[str, list[str]]] = []

    def hear(environ: dict[str, str], **_more: object) -> None:
        heard.append(parse_qs(environ["QUERY_STRING"]))

    request_started.connect(hear)
    yield heard
    request_started.disconnect(hear)


@pytest.mark.django_db(transaction=True)
def test_gdal_reads_layers_pages_boxes_and_moments(
    source: str, town: Town, queries: list[dict[str, list[str]]]
) -> None:
    assert sorted(name for name, _kind in pyogrio.list_layers(source)) == ["areas", "reports"]
    facts, table = pyogrio.read_arrow(source, layer="reports", PAGE_SIZE="2")
    assert facts["crs"] in {"EPSG:4326", "OGC:CRS84"}
    rows = table.to_pylist()
    assert [row["number"] for row in rows] == [1, 2, 3, 5, 6, 7]
    assert rows[0]["opened"] == date(2026, 11, 19)

    assert [asked["limit"] for asked in queries if "after" in asked] == [["2"], ["2"]]

    north = town["C"].y
    west, _south, east, top = town.box(margin=0.0001)
    _facts, boxed = pyogrio.read_arrow(source, layer="reports", bbox=(west, north, east, top))
    assert boxed.column("number").to_pylist() == [1, 3, 7]
    assert any("bbox" in asked for asked in queries)

    _facts, since = pyogrio.read_arrow(source, layer="reports", where="reported_at >= '2026-11-18T00:00:00Z'")
    assert since.column("number").to_pylist() == [1, 2]
    assert any("datetime" in asked for asked in queries)

    _facts, areas = pyogrio.read_arrow(source, layer="areas")
    assert sorted(areas.column("code").to_pylist()) == ["north", "south"]


@pytest.mark.django_db(transaction=True)
def test_gdal_asks_the_server_for_the_interval(source: str) -> None:
    address = source.removeprefix("OAPIF:") + "collections/reports/items"
    _facts, table = pyogrio.read_arrow(f"{address}?datetime=2026-11-17/2026-11-18&limit=1")
    assert table.num_rows == 1
    _facts, one = pyogrio.read_arrow(f"{source}collections/reports", PAGE_SIZE="3")
    assert one.num_rows == 6
