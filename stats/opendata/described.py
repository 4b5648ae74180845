"""Descriptions beside the CSV files, as CSV on the Web has them (<name>.csv-metadata.json)."""

from typing import Any

from django.conf import settings
from django.utils import translation

from geodata.models import Community
from stats.opendata.csv_files import PLACE
from stats.opendata.licence import terms_of
from stats.opendata.page import file_url
from stats.opendata.table_schema import schema_of
from stats.opendata.tables import Dataset

_KINDS = {"text": "string", "integer": "integer", "day": "date", "moment": "dateTime"}
DECREED = "appeals"  # whose schema is given


def csv_metadata(dataset: Dataset, community: Community) -> dict[str, Any]:
    """The description of a CSV file: columns with types and words, licence and source."""
    terms = terms_of(dataset, community)
    with translation.override("uk"):
        columns = [
            {"name": column.name, "titles": column.name, "dc:description": str(column.about)}
            | {"datatype": _KINDS[column.kind], "null": dataset.missing}
            for column in dataset.columns
        ]
    if dataset.shape == "Point":
        columns += [{"name": name, "titles": name, "datatype": "double", "null": ""} for name in PLACE]
    schema = schema_of(DECREED) if dataset.name == DECREED else {"columns": columns}
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "uk"}],
        "url": settings.SITE_URL + file_url(community, dataset.name, "csv"),
        "dc:title": terms.title,
        "dc:license": {"@id": terms.licence_url},
        "dc:source": terms.home,
        "dc:creator": terms.attribution,
        "tableSchema": schema,
    }
