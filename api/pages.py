"""Pages of a list by keys: `next` and `previous` lead on from a thing, so nothing is shown twice or left out.

Nothing is counted, and a page far behind costs as much as the first one.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NoReturn, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.problems import ProblemError, Wrong

_LONGEST: Final = 600  # characters of a cursor
_MOST_BIGINT: Final = 2**63

Row = TypeVar("Row", bound=Model)


def moment(value: Any) -> datetime:
    """A moment of a cursor. Raises ValueError for anything else."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError
    return found


def day(value: Any) -> date:
    """A date of a cursor. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError
    return date.fromisoformat(value)


def whole(value: Any) -> int:
    """A number of a cursor. Raises ValueError for anything else."""
    if type(value) is not int or abs(value) >= _MOST_BIGINT:
        raise ValueError
    return value


def word(value: Any) -> str:
    """A text of a cursor. Raises ValueError for anything else."""
    if not isinstance(value, str) or "\0" in value or not value.isprintable():
        raise ValueError
    return value


@dataclass(frozen=True, slots=True)
class Cursor:
    """The thing after which (before which, `is_back`) the page begins: its keys in their order."""

    keys: tuple[Any, ...]
    is_back: bool

    def written(self) -> str:
        """As it stands in an address."""
        told = [self.is_back, *(one.isoformat() if isinstance(one, date) else one for one in self.keys)]
        return urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")


class ByKey(BasePagination):
    """Pages in the order of `keys`, the last of which is unique. A list of its own order makes a subclass.

    `keys`: column → how a cursor's value is read; `newest_first`: all of them descending.
    """

    keys: Mapping[str, Callable[[Any], Any]] = {"created_at": moment, "id": whole}
    newest_first = True
    page_size = 100
    max_page_size = 1000
    rows_name = "results"
    fixed: Mapping[str, Any] = {}  # members of every page

    def paginate_queryset(self, queryset: QuerySet[Row], request: Request, view: Any = None) -> list[Row]:  # type: ignore[override]
        """The rows of the page. Raises NotFound for a made up cursor and ProblemError for a wrong page_size."""
        self._address = request.build_absolute_uri()
        size, cursor = self._size(request), self._cursor(request)
        is_back = cursor is not None and cursor.is_back
        rows = queryset.filter(self._beyond(cursor)) if cursor else queryset
        found = list(rows.order_by(*self._order(is_back=is_back))[: size + 1])
        page, has_more = found[:size], len(found) > size
        if is_back:
            page.reverse()
        self._before = self._link(page[:1], is_back=True) if (has_more if is_back else cursor) else None
        self._after = self._link(page[-1:], is_back=False) if (has_more or is_back) else None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        rows = data["features"] if isinstance(data, dict) else data  # a FeatureCollection, or a list
        return Response({**self.fixed, "next": self._after, "previous": self._before, self.rows_name: rows})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        names = {name: {"type": "string", "enum": [value]} for name, value in self.fixed.items()}
        properties = {**names, "next": link, "previous": link, self.rows_name: schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "default": self.page_size}
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": str(gettext_lazy("Where the page begins, as `next` and `previous` have it.")),
                "schema": {"type": "string", "maxLength": _LONGEST},
            },
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "description": _("Things on a page; at most %(most)s come.") % {"most": self.max_page_size},
                "schema": size,
            },
        ]

    def _size(self, request: Request) -> int:
        text = request.query_params.get("page_size", str(self.page_size))
        if not (text.isascii() and text.isdigit()) or not int(text[:9]) >= 1:
            words = _("A whole number, at least 1.")
            raise ProblemError("invalid", words, errors=[Wrong("page_size", "invalid", words)])
        return min(int(text[:9]), self.max_page_size)

    def _cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get("cursor", "")
        if not text:
            return None
        if len(text) > _LONGEST:
            _made_up()
        try:
            is_back, *values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            keys = tuple(read(value) for read, value in zip(self.keys.values(), values, strict=True))
        except (ValueError, TypeError, RecursionError):
            _made_up()
        return Cursor(keys, is_back is True)

    def _order(self, *, is_back: bool) -> list[str]:
        sign = "-" if self.newest_first != is_back else ""
        return [f"{sign}{name}" for name in self.keys]

    def _beyond(self, cursor: Cursor) -> Q:
        """(a, b) < (x, y), and a ≤ x once more, by which alone an index can be entered."""
        sign = "lt" if self.newest_first != cursor.is_back else "gt"
        names = list(self.keys)
        condition, equal = Q(), Q()
        for name, value in zip(names, cursor.keys, strict=True):
            condition |= equal & Q(**{f"{name}__{sign}": value})
            equal &= Q(**{name: value})
        return Q(**{f"{names[0]}__{sign}e": cursor.keys[0]}) & condition

    def _link(self, edge: Sequence[Model], *, is_back: bool) -> str | None:
        if not edge:
            return None
        cursor = Cursor(tuple(_value(edge[0], name) for name in self.keys), is_back)
        return replace_query_param(self._address, "cursor", cursor.written())


class ByCode(ByKey):
    """In the order of their codes."""

    keys = {"code": word}
    newest_first = False


class FeaturesByKey(ByKey):
    """The same as a GeoJSON FeatureCollection."""

    rows_name = "features"
    fixed = {"type": "FeatureCollection"}


def _value(row: Any, name: str) -> Any:
    for part in name.split("__"):
        row = getattr(row, part)
    return row


def _made_up() -> NoReturn:
    raise NotFound(_("No page begins there."))
