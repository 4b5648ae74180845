"""Heat, clusters, seasons and the unusual as tables to take home: plain rows with stated columns."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stats.case_arrays import DECIMALS
from stats.hot_pages import Clusters, Heat, Line
from stats.news import News
from stats.tables import Table

HEAT_COLUMNS = ("lon", "lat", "cases_per_km2")
CLUSTER_COLUMNS = ("category", "lon", "lat", "radius_m", "since", "until", "observed", "expected", "ratio",
                   "log_likelihood_ratio", "p")  # fmt: skip
SEASON_COLUMNS = ("of", "number", "name", "cases", "index", "low", "high", "first_day", "last_day")
UNUSUAL_COLUMNS = ("since", "until", "category", "division", "area", "edrpou", "organisation", "cases", "expected",
                   "usual_low", "usual_high", "p")  # fmt: skip


def heat_cells(found: Heat) -> Table:
    """The middle of each cell in degrees, and its density; cells without any are left out."""
    return Table(HEAT_COLUMNS, _cells(found, 0.0))


def heat_features(found: Heat) -> dict[str, Any]:
    """GeoJSON (RFC 7946) of the cells that have a shade: squares with their density and class."""
    features = []
    if found.surface:
        begin = np.array(found.begin)
        half_x, half_y = found.flat.degrees(found.surface.side / 2, found.surface.side / 2)
        for lon, lat, density in _cells(found, found.begin[0]):
            ends = (lon - half_x, lat - half_y, lon + half_x, lat + half_y)
            west, south, east, north = (round(float(value), DECIMALS) for value in ends)
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            features.append({
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"cases_per_km2": density, "class": int(np.searchsorted(begin, density, side="right"))},
            })  # fmt: skip
    return {"type": "FeatureCollection", "parameters": heat_parameters(found), "features": features}


def heat_parameters(found: Heat) -> dict[str, Any]:
    """All that is needed to compute the same from open data."""
    return {
        "kernel": "quartic",
        "bandwidth_m": found.bandwidth,
        "cell_m": found.surface.side if found.surface else None,
        "latitude_true_to_scale": found.flat.latitude,
        "cases": found.cases,
        "left_out_blurred": found.places.left_out,
        "by_squares": found.places.by_squares,
        "classes_begin": list(found.begin),
    }


def cluster_rows(found: Clusters | None) -> Table:
    """Every cluster that was kept, also those that may be chance."""
    code = found.scan.category.code if found and found.scan.category else ""
    rows = [
        (code, row["lon"], row["lat"], row["radius"], row["since"], row["until"], row["observed"], row["expected"],
         round(row["observed"] / row["expected"], 2), row["surprise"], row["p"])
        for row in (found.scan.clusters if found else [])
    ]  # fmt: skip
    return Table(CLUSTER_COLUMNS, rows)


def season_rows(parts: dict[str, tuple[str, str, list[Line]]]) -> Table:
    """`parts`: what the slots are of, with the first and the last day that were looked at."""
    rows = [
        (of, one.slot.number, one.name, one.slot.cases, *(round(value, 4) for value in
         (one.slot.index, one.slot.low, one.slot.high)), first, last)
        for of, (first, last, lines) in parts.items() for one in lines
    ]  # fmt: skip
    return Table(SEASON_COLUMNS, rows)


def unusual_rows(news: News) -> Table:
    """Every count that stands out, the least likely first."""
    rows = [
        (news.since, news.last_day, one.category.code if one.category else "",
         one.area.division.code if one.area else "", one.area.code if one.area else "",
         one.organisation.edrpou if one.organisation else "", one.organisation.name if one.organisation else "",
         one.weeks.cases, round(one.weeks.expected, 3), one.weeks.low, one.weeks.high, float(f"{one.weeks.p:.4g}"))
        for one in news.pieces
    ]  # fmt: skip
    return Table(UNUSUAL_COLUMNS, rows)


def _cells(found: Heat, lowest: float) -> Iterator[tuple[float, float, float]]:
    if found.surface is None:
        return
    densities = found.surface.densities
    lines, columns = np.nonzero((densities >= lowest) & (densities > 0))
    easts, norths = found.surface.middles()
    lons, lats = found.flat.degrees(easts[columns], norths[lines])
    for lon, lat, density in zip(lons.tolist(), lats.tolist(), densities[lines, columns].tolist(), strict=True):
        yield round(lon, DECIMALS), round(lat, DECIMALS), round(density, 4)
