"""The door through which shapes of the drawn base map come in: written by COPY, compared and merged in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from geodata.address_import import Count
from geodata.models import WGS84, Community

_NEW_TABLE = """
DROP TABLE IF EXISTS pg_temp.shapes_of_file;
CREATE TEMPORARY TABLE shapes_of_file (key text, kind text, name text, geometry geometry) ON COMMIT DROP
"""
_COPY = "COPY shapes_of_file (key, kind, name, geometry) FROM STDIN"
# One object may stand in a file twice, as extracts that overlap are put together.
_ONCE = """
DELETE FROM shapes_of_file one USING shapes_of_file other WHERE one.key = other.key AND one.ctid > other.ctid
"""
_GONE = """
DELETE FROM geodata_mapshape old
WHERE community_id = %(community)s AND starts_with(key, %(origin)s)
  AND NOT EXISTS (SELECT FROM shapes_of_file new WHERE new.key = old.key)
"""
_CHANGED = """
UPDATE geodata_mapshape old SET kind = new.kind, name = new.name, geometry = new.geometry
FROM shapes_of_file new
WHERE old.community_id = %(community)s AND old.key = new.key
  AND (old.kind <> new.kind OR old.name <> new.name OR ST_AsEWKB(old.geometry) <> ST_AsEWKB(new.geometry))
"""
_NEW = """
INSERT INTO geodata_mapshape (community_id, kind, name, geometry, key)
SELECT %(community)s, kind, name, geometry, key FROM shapes_of_file new
WHERE NOT EXISTS (SELECT FROM geodata_mapshape old WHERE old.community_id = %(community)s AND old.key = new.key)
"""


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """One shape to draw. `key` begins with its origin and a colon; the geometry is in SRID 4326."""

    key: str
    kind: str
    name: str
    shape: BaseGeometry


class ShapeImport:
    """Takes rows in batches, then merges them. Lives in one transaction, inside the community's scope.

    with transaction.atomic():
        shapes = ShapeImport(community, origin="osm")
        shapes.add(rows)
        count = shapes.merge(credit="© …")
    """

    def __init__(self, community: Community, *, origin: str) -> None:
        """Shapes whose key does not begin with this origin are left alone."""
        self._community, self._origin = community, f"{origin}:"
        self.total = 0
        with connection.cursor() as cursor:
            cursor.execute(_NEW_TABLE)

    def add(self, rows: Sequence[ShapeRow]) -> None:
        """Sends some rows to the database, where nobody sees them yet."""
        shapes = shapely.set_srid(np.array([row.shape for row in rows], dtype=object), WGS84)
        texts = shapely.to_wkb(shapes, hex=True, include_srid=True)
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row, text in zip(rows, texts, strict=True):
                copy.write_row((row.key, str(row.kind), row.name, text))
        self.total += len(rows)

    def merge(self, *, credit: str) -> Count:
        """Makes the shapes of this origin those that were added, and shows the credit while there are any."""
        given: dict[str, Any] = {"community": self._community.pk, "origin": self._origin}
        Community.objects.select_for_update().only("pk").get(pk=self._community.pk)  # imports one after the other
        count = Count()
        with connection.cursor() as cursor:
            cursor.execute(_ONCE)
            self.total -= cursor.rowcount
            cursor.execute("CREATE UNIQUE INDEX ON shapes_of_file (key)")
            cursor.execute("ANALYZE shapes_of_file")
            cursor.execute(_GONE, given)
            count.removed = cursor.rowcount
            cursor.execute(_CHANGED, given)
            count.changed = cursor.rowcount
            cursor.execute(_NEW, given)
            count.new = cursor.rowcount
        count.same = self.total - count.new - count.changed
        if self.total:
            Community.objects.filter(pk=self._community.pk).exclude(map_credit=credit).update(map_credit=credit)
        return count
