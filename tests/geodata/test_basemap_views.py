"""Strangers read a base map in parts, as a browser asks for them."""

import os
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from geodata.basemap_files import drawn_file, new_file
from geodata.ranges import CHUNK, FilePart, Stretch

CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: several chunks
CHANGED = 1_795_000_000  # seconds since 1970; in November 2026
Get = Callable[..., Any]


@pytest.fixture
def address() -> str:
    """Of a base map that was built for Яворин."""
    with new_file("yavoryn") as file:
        file.write(CONTENT)
    found = drawn_file("yavoryn")
    assert found
    os.utime(found.path, (CHANGED, CHANGED))
    return f"/tiles/yavoryn/{found.version}.pmtiles"


@pytest.fixture
def get(client: Client, address: str) -> Get:
    def ask(**headers: str) -> Any:
        return client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return ask


def test_stranger_gets_the_whole_file(get: Get) -> None:
    response = get()
    assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert response.headers["Content-Type"] == "application/vnd.pmtiles"
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Last-Modified"] == formatdate(CHANGED, usegmt=True)
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["ETag"].startswith('"'), "a strong one: parts are put together by it"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=127-16383", 127, 16_383),
        (f"bytes=10-{CHUNK * 2 + 20}", 10, CHUNK * 2 + 20),
        ("bytes=255990-", 255_990, 255_999),
        ("bytes=255990-999999", 255_990, 255_999),
        ("bytes=-5", 255_995, 255_999),
        ("bytes=-999999", 0, 255_999),
        ("BYTES = 1-2", 1, 2),
    ],
)
def test_one_range_is_a_part(get: Get, asked: str, start: int, end: int) -> None:
    response = get(range=asked)
    assert (response.status_code, response.getvalue()) == (206, CONTENT[start : end + 1])
    assert response.headers["Content-Range"] == f"bytes {start}-{end}/256000"
    assert response.headers["Content-Length"] == str(end - start + 1)


@pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=256000-256001", "bytes=999999999-", "bytes=-0"])
def test_range_past_the_end_is_refused_with_the_size(get: Get, asked: str) -> None:
    response = get(range=asked)
    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["Content-Range"] == "bytes */256000"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,4-5", "rows=0-1", f"bytes={'9' * 5000}-", "bytes=٣-٤"],
)
def test_what_is_no_single_range_gets_the_whole(get: Get, asked: str) -> None:
    response = get(range=asked)
    assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert "Content-Range" not in response.headers


def test_browser_that_has_it_is_told_so(get: Get) -> None:
    etag = get().headers["ETag"]
    for condition in ({"if_none_match": etag}, {"if_modified_since": formatdate(CHANGED, usegmt=True)}):
        response = get(range="bytes=0-9", **condition)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == etag
    assert get(if_none_match='"another"').status_code == 200


def test_part_of_another_file_is_never_sent(get: Get) -> None:
    etag = get().headers["ETag"]
    for same in (etag, formatdate(CHANGED, usegmt=True)):
        assert get(range="bytes=0-9", if_range=same).status_code == 206
    for other in ('"another"', f"W/{etag}", formatdate(CHANGED - 60, usegmt=True), "nonsense"):
        response = get(range="bytes=0-9", if_range=other)
        assert (response.status_code, response.getvalue()) == (200, CONTENT)
    assert get(if_match='"another"').status_code == 412


def test_head_tells_without_sending(client: Client, address: str) -> None:
    response = client.head(address, headers={"range": "bytes=0-9"})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == "256000"
    assert response.headers["Accept-Ranges"] == "bytes"


def test_nothing_is_compressed_on_the_way(get: Get) -> None:
    for asked in ({}, {"range": "bytes=0-100000"}):
        response = get(accept_encoding="gzip, br", **asked)
        assert "Content-Encoding" not in response.headers
        assert response.getvalue() == CONTENT[: 100_001 if asked else None]
    assert "no-transform" in response.headers["Cache-Control"]


def test_file_is_closed_when_nobody_reads_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "map").write_bytes(CONTENT)
    file = (tmp_path / "map").open("rb")
    part = FilePart(file, Stretch(10, 200_000))
    assert next(part) == CONTENT[10 : 10 + CHUNK]
    part.close()
    assert file.closed
    assert list(part) == []


def test_only_reading_is_allowed(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
    assert client.delete(address).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/yavoryn/0123456789abcdef.pmtiles",
        "/tiles/nowhere/0123456789abcdef.pmtiles",
        "/tiles/_all/0123456789abcdef.pmtiles",
        "/tiles/yavoryn/secret.pmtiles",
        "/tiles/yavoryn/../secret.pmtiles",
        "/tiles/yavoryn/..%2Fsecret.pmtiles",
        "/tiles/%2E%2E/secret.pmtiles",
        "/tiles/../yavoryn/secret.pmtiles",
        "/tiles/yavoryn/%00.pmtiles",
        "/tiles/YAVORYN/0123456789abcdef.pmtiles",
        "/tiles/yavoryn/",
    ],
)
def test_nothing_else_can_be_read(client: Client, address: str, settings: Settings, path: str) -> None:
    for place in ("secret.pmtiles", "yavoryn/secret.pmtiles"):
        (Path(settings.BASEMAP_DIR) / place).write_bytes(b"secret")
    assert client.get(path).status_code == 404


def test_ready_file_is_read_by_its_version(client: Client, settings: Settings, tmp_path: Path) -> None:
    ready = tmp_path / "country.pmtiles"
    ready.write_bytes(CONTENT)
    settings.BASEMAP_PMTILES = str(ready)
    found = drawn_file("yavoryn")
    assert found
    address = f"/tiles/_all/{found.version}.pmtiles"
    assert client.get(address, headers={"range": "bytes=0-9"}).getvalue() == CONTENT[:10]
    ready.write_bytes(CONTENT + b"more")
    assert client.get(address).status_code == 404, "another file is another address"
    ready.unlink()
    assert drawn_file("yavoryn") is None
