"""Open data: what strangers may take home, as files that are made at night and as an OGC API.

tables.py says what a dataset is, formats.py what a format is; what this package imports here registers itself.
"""

from stats.opendata import appeals, areas, arrow_files, counts, csv_files, geojson_files, reports  # noqa: F401
