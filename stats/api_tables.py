"""The numbers of the statistics pages for other people's programs."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework.exceptions import NotFound
from rest_framework.fields import JSONField
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, DateField, IntegerField, ListField, Serializer

from api.views import ApiView
from stats.asked import Asked
from stats.numbers import Kind
from stats.periods import Period
from stats.table_views import place_of
from stats.tables import TABLES
from stats.views import asked_by

_VALUE = {"nullable": True, "oneOf": [{"type": "string"}, {"type": "number"}]}
_ROW = {"type": "array", "items": _VALUE}


class PeriodSerializer(Serializer[Any]):
    """Months that are counted."""

    code = CharField(help_text=_("For the parameter `period`."))
    since = DateField(help_text=_("First day."))
    until = DateField(help_text=_("Day after the last."))


class AreaOfDivision(Serializer[Any]):
    """A version of an area."""

    id = IntegerField(help_text=_("For the parameter `area`."))
    code = CharField()
    name = CharField()


class DivisionOfStatistics(Serializer[Any]):
    """A division with its areas in the period."""

    code = CharField(help_text=_("For the parameter `division`."))
    name = CharField()
    areas = AreaOfDivision(many=True)


class StatisticsSerializer(Serializer[Any]):
    """What can be asked."""

    tables = ListField(child=CharField())
    period = PeriodSerializer()
    periods = PeriodSerializer(many=True)
    divisions = DivisionOfStatistics(many=True)


class TableSerializer(Serializer[Any]):
    """One table; docs/statistics-methods.md tells how its numbers are counted."""

    table = CharField()
    period = PeriodSerializer()
    columns = ListField(child=CharField())
    rows = extend_schema_field({"type": "array", "items": _ROW})(type("Rows", (JSONField,), {}))(
        help_text=_("Values in the order of the columns.")
    )


PERIOD = OpenApiParameter(
    "period",
    str,
    description=_("3m, 6m, 12m, all, a year, or months as 2025-03..2025-06; else the last twelve months."),
)


class Statistics(ApiView):
    """GET /api/v1/<community>/statistics/: which tables there are, periods and areas to ask them for."""

    @extend_schema(
        operation_id="statistics_retrieve",
        summary=_("What statistics can be asked for"),
        parameters=[PERIOD],
        responses=StatisticsSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = asked_by(request._request)
        divisions = [
            {
                "code": one.division.code,
                "name": one.division.name,
                "areas": [{"id": area.pk, "code": area.code, "name": area.name} for area in one.areas],
            }
            for one in asked.divisions
        ]
        return Response(
            {
                "tables": list(TABLES),
                "period": _period(asked.period),
                "periods": [_period(one) for one in asked.periods],
                "divisions": divisions,
            }
        )


class StatisticsTable(ApiView):
    """GET /api/v1/<community>/statistics/<table>/: the same rows as its CSV."""

    @extend_schema(
        operation_id="statistics_table",
        summary=_("One table of the statistics, of the community or a part of it"),
        parameters=[
            OpenApiParameter("table", {"type": "string", "enum": list(TABLES)}, OpenApiParameter.PATH,
                             description=_("Name of the table.")),
            PERIOD,
            OpenApiParameter("division", str, description=_("Code of a division, for the table of areas.")),
            OpenApiParameter("area", int, description=_("Only this version of an area.")),
            OpenApiParameter("organisation", int, description=_("Only what this organisation has.")),
            OpenApiParameter("category", str, description=_("Only this kind of problem.")),
        ],
        responses=TableSerializer,
    )  # fmt: skip
    def get(self, request: Request, table: str) -> Response:
        if table not in TABLES:
            raise NotFound
        asked = asked_by(request._request)
        return Response(_table(request, asked, table))


def _table(request: Request, asked: Asked, table: str) -> dict[str, Any]:
    place = place_of(request._request, asked)
    if place.category and (table == "days" or (table == "areas" and place.kind == Kind.ORGANISATION)):
        raise NotFound  # kept of all kinds together only
    found = TABLES[table](asked, place)
    return {
        "table": table,
        "period": _period(asked.period),
        "columns": list(found.columns),
        "rows": [list(row) for row in found.rows],
    }


def _period(period: Period) -> dict[str, Any]:
    return {"code": period.code, "since": period.since, "until": period.until}
