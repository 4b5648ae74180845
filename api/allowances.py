"""How much one may ask, and what is left of it, in the headers of answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase


@dataclass(frozen=True, slots=True)
class Allowance:
    """A limit as headers tell it: `most` requests in `window` seconds, of which `left` until `reset` seconds pass."""

    name: str
    most: int
    window: int
    left: int
    reset: int


def tell_allowances(request: Any, allowances: Sequence[Allowance]) -> None:
    """Puts them into the headers of the answer, whatever it is."""
    request._request.api_allowances = allowances


def write_allowances(request: HttpRequest, response: HttpResponseBase) -> None:
    """As the draft “RateLimit header fields for HTTP” of the IETF has them."""
    allowances: Sequence[Allowance] = getattr(request, "api_allowances", ())
    if not allowances:
        return
    response.headers["RateLimit-Policy"] = ", ".join(f'"{one.name}";q={one.most};w={one.window}' for one in allowances)
    response.headers["RateLimit"] = ", ".join(f'"{one.name}";r={one.left};t={one.reset}' for one in allowances)
