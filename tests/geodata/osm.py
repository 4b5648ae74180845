"""Files of OpenStreetMap, drawn in the test on a grid and written by the library that writes real ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from osmium import SimpleWriter
from osmium.osm.mutable import Node, Relation, Way

from tests.grid import Town

Tags = Mapping[str, str]


class OsmFile:
    """Nodes, ways and relations through named points.

    osm = OsmFile(town)
    osm.point("p", {"addr:street": "вул. Соборна", "addr:housenumber": "12"})
    osm.line("AB", {"highway": "residential", "name": "вул. Соборна"})
    osm.ring("ABDC", {"building": "yes"})
    osm.write(path)
    """

    def __init__(self, town: Town) -> None:
        self._town = town
        self._nodes: dict[str, int] = {name: at for at, name in enumerate(town.places, start=1)}
        self._tags: dict[str, Tags] = {}
        self._ways: list[Way] = []
        self._relations: list[Relation] = []

    def point(self, name: str, tags: Tags) -> str:
        """What stands at a named point; its identity."""
        self._tags[name] = tags
        return f"n{self._nodes[name]}"

    def line(self, names: str, tags: Tags, *, missing: int = 0) -> str:
        """A way through named points, and so many that the file does not hold; its identity."""
        nodes = [self._nodes[name] for name in names]
        nodes += [900 + at for at in range(missing)]
        self._ways.append(Way(id=len(self._ways) + 1, nodes=nodes, tags=dict(tags)))
        return f"w{len(self._ways)}"

    def ring(self, names: str, tags: Tags) -> str:
        """A closed way."""
        return self.line(names + names[0], tags)

    def many(self, parts: Sequence[str], tags: Tags, *, holes: Sequence[str] = (), kind: str = "multipolygon") -> str:
        """A relation of rings without tags of their own."""
        members = [("w", int(self.ring(names, {})[1:]), "outer") for names in parts]
        members += [("w", int(self.ring(names, {})[1:]), "inner") for names in holes]
        tags = {"type": kind, **tags}
        self._relations.append(Relation(id=len(self._relations) + 1, members=members, tags=tags))
        return f"r{len(self._relations)}"

    def write(self, path: Path) -> Path:
        """Writes the file anew."""
        path.unlink(missing_ok=True)
        with SimpleWriter(str(path)) as writer:
            for name, number in self._nodes.items():
                place = self._town.places[name]
                writer.add_node(Node(id=number, location=place, tags=dict(self._tags.get(name, {}))))
            for way in self._ways:
                writer.add_way(way)
            for relation in self._relations:
                writer.add_relation(relation)
        return path
