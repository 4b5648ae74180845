"""GeoParquet 1.1 and GeoPackage, both by way of Arrow. pyarrow and GDAL are fetched when a file is made: they are big.

The parts that files are put together from are such Parquet files too: `read_parquet` reads them in chunks.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from stats.opendata.formats import CHUNK, Chunks, described, file_format
from stats.opendata.licence import Terms
from stats.opendata.tables import GEOMETRY, Dataset, Row

if TYPE_CHECKING:
    import pyarrow as pa


def _schema(dataset: Dataset, *, metadata: dict[str, str] | None = None, wkb: bool = False) -> "pa.Schema":
    """Columns of a dataset as Arrow has them; `wkb`: the geometry says that it is one."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "integer": pa.int64(), "day": pa.date32(), "moment": pa.timestamp("ms", tz="UTC")}
    fields = [
        pa.field(column.name, kinds[column.kind], metadata={"description": str(column.about)})
        for column in dataset.columns
    ]
    if dataset.shape:
        fields.append(pa.field(GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "ogc.wkb"} if wkb else None))
    return pa.schema(fields, metadata=metadata)


def _batches(schema: "pa.Schema", chunks: Chunks) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    for rows in chunks:
        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        arrays = [pa.array(list(values), field.type) for values, field in zip(columns, schema, strict=True)]
        yield pa.record_batch(arrays, schema=schema)


def _geo(dataset: Dataset) -> dict[str, str]:
    """Key "geo" of GeoParquet 1.1. Without a crs: longitude and latitude on WGS 84 (OGC:CRS84)."""
    if not dataset.shape:
        return {}
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": [dataset.shape]}
    if dataset.shape == "MultiPolygon":
        column["orientation"] = "counterclockwise"
    return {"geo": json.dumps({"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}})}


@file_format("parquet", title="Parquet", media_type="application/vnd.apache.parquet")
def write_parquet(path: Path, dataset: Dataset, chunks: Chunks, terms: Terms) -> None:
    """Writes Parquet; with a geometry it is GeoParquet. Its key-value metadata tell licence and attribution."""
    import pyarrow.parquet as pq

    schema = _schema(dataset, metadata=_geo(dataset) | described(terms))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(schema, chunks):
            writer.write_batch(batch)


def read_parquet(file: IO[bytes]) -> Iterator[list[Row]]:
    """Rows of a file that `write_parquet` wrote, in chunks."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file).iter_batches(batch_size=CHUNK):
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


@file_format("gpkg", title="GeoPackage", media_type="application/geopackage+sqlite3")
def write_geopackage(path: Path, dataset: Dataset, chunks: Chunks, terms: Terms) -> None:
    """Writes a GeoPackage with one layer, named as the dataset; its metadata tell licence and attribution."""
    import pyarrow as pa
    import pyogrio

    schema = _schema(dataset, wkb=True)
    said: dict[str, Any] = described(terms)
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, _batches(schema, chunks)),
        path,
        driver="GPKG",
        layer=dataset.name,
        geometry_name=GEOMETRY,
        geometry_type=dataset.shape,
        crs="EPSG:4326",
        dataset_metadata=said,
        layer_metadata=said,
        layer_options={
            "GEOMETRY_NAME": GEOMETRY,
            "IDENTIFIER": terms.title,
            "DESCRIPTION": f"{terms.attribution}. {terms.licence}",
        },
    )
