"""Bodies that no view should ever see are refused at the door."""

from io import BytesIO

import pytest
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError

from api.parsers import MOST, Json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": "\xff"}',
        b'{"a": NaN}',
        b'{"a": "\\ud83d"}',
        b'{"a": ["x\\u0000"]}',
        b'{"\\u0000": 1}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        Json().parse(BytesIO(body))


def test_more_than_allowed_is_refused() -> None:
    with pytest.raises(RequestDataTooBig):
        Json().parse(BytesIO(b'"' + b"a" * MOST + b'"'))


def test_texts_come_through_as_they_are() -> None:
    assert Json().parse(BytesIO('{"текст": "\\\\u0000 🕳 \\ud83d\\ude00"}'.encode())) == {"текст": "\\u0000 🕳 😀"}
