"""Words travel compressed; photos, which are so already, do not."""

import gzip

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from issues.models import Issue
from openmap.middleware import CompressText

GZIP = {"accept-encoding": "gzip"}


@pytest.mark.parametrize("page", ["/yavoryn/", "/yavoryn/report/", "/yavoryn/base.geojson", "/yavoryn/place.svg"])
def test_words_travel_compressed(client: Client, issue: Issue, page: str) -> None:
    plain, compressed = client.get(page), client.get(page, headers=GZIP)
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in compressed.headers["Vary"]
    assert len(compressed.content) < len(plain.content) / 2
    assert gzip.decompress(compressed.content)


def test_who_does_not_ask_for_it_gets_plain_words(client: Client, issue: Issue) -> None:
    assert "Content-Encoding" not in client.get("/yavoryn/").headers


def test_photo_is_not_compressed_twice() -> None:
    picture = HttpResponse(bytes(5000), content_type="image/webp")
    request = RequestFactory().get("/", headers=GZIP)
    answer = CompressText(lambda _request: picture).process_response(request, picture)
    assert "Content-Encoding" not in answer.headers


def test_an_unchanged_answer_is_still_known_as_such(client: Client, issue: Issue) -> None:
    first = client.get("/yavoryn/base.geojson", headers=GZIP)
    tag = first.headers.get("ETag")
    assert tag
    assert client.get("/yavoryn/base.geojson", headers=GZIP | {"if-none-match": tag}).status_code == 304
