"""Times as histograms of logarithmic buckets (stats.case_sql): as many as one likes can be added up."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stats.case_sql import BUCKET

MOST = 226  # buckets: the last holds the longest time that an integer of PostgreSQL can be
# SQL: histograms one after another, as `added_up` reads them: elements of arrays as PostgreSQL sends them, without the
# twenty bytes before them.
SENT = ", ".join(f"string_agg(substr(array_send({name}), 21), ''::bytea)" for name in ("buckets", "many"))
_BUCKETS = np.dtype([("length", ">i4"), ("value", ">i2")])
_COUNTS = np.dtype([("length", ">i4"), ("value", ">i4")])
Histogram = NDArray[np.int64]  # how many values each bucket has, shape (MOST,)


def bucketed(seconds: NDArray[np.int64]) -> Histogram:
    """The histogram of these times, in seconds."""
    buckets = np.floor(np.log(np.maximum(seconds, 1)) / np.log(BUCKET)).astype(np.int64)
    return np.bincount(buckets, minlength=MOST)


def added_up(rows: Iterable[tuple[int, int, bytes, bytes]]) -> Mapping[int, Histogram]:
    """Key → the sum of its histograms.

    Each row has a key, a sign (-1: is taken away), and what SENT selects.
    """
    known = list(rows)
    keys = sorted({row[0] for row in known})
    line_of = {key: line for line, key in enumerate(keys)}
    lines = np.array([line_of[row[0]] for row in known], dtype=np.int64)
    signs = np.array([row[1] for row in known], dtype=np.int64)
    lengths = np.array([len(row[3]) // _COUNTS.itemsize for row in known], dtype=np.int64)
    buckets, counts = _values(known, 2, _BUCKETS), _values(known, 3, _COUNTS)
    sums = np.bincount(
        np.repeat(lines * MOST, lengths) + buckets, counts * np.repeat(signs, lengths), minlength=len(keys) * MOST
    )
    return dict(zip(keys, sums.astype(np.int64).reshape(-1, MOST), strict=True))


def _values(rows: Iterable[tuple[Any, ...]], column: int, kind: "np.dtype[np.void]") -> NDArray[np.int64]:
    """All elements of all arrays, one after another."""
    everything = b"".join(row[column] for row in rows)
    return np.frombuffer(everything, dtype=kind)["value"].astype(np.int64)
