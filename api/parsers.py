"""Bodies of requests: JSON that the database can keep, and not too much of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MOST: Final = 256 * 1024  # bytes: the longest text of a report, four times over


class Json(BaseParser):
    """`application/json`. Raises RequestDataTooBig, and ParseError for NUL, halves of characters, NaN, and no JSON."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        body = stream.read(MOST + 1)
        if len(body) > MOST:
            raise RequestDataTooBig
        try:
            found = json.loads(body.decode(), parse_constant=_refuse)
            json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
            holds_nul = b"\\u0000" in body and _holds_nul(found)
        except (ValueError, RecursionError):
            raise ParseError(_("The body is no JSON in UTF-8.")) from None
        if holds_nul:
            raise ParseError(_("The body holds the character NUL, which no text holds."))
        return found


def _holds_nul(found: Any) -> bool:
    if isinstance(found, Mapping):
        return any("\0" in name or _holds_nul(inner) for name, inner in found.items())
    if isinstance(found, list):
        return any(map(_holds_nul, found))
    return isinstance(found, str) and "\0" in found


def _refuse(name: str) -> Any:
    raise ValueError(name)
