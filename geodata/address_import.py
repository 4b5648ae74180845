"""The door through which streets and addresses come in, whatever the file was: rows that were checked before.

An export of OpenStreetMap comes in by the same door: what reads it makes rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import transaction
from shapely import to_wkb
from shapely.geometry import MultiLineString

from geodata.address_correction import search_of
from geodata.address_rows import AddressRow
from geodata.models import WGS84, Address, Community, Street
from geodata.problems import Place
from geodata.street_words import number_key

BATCH = 2000  # rows of one statement
_STREET_FIELDS = ["name", "locality", "former_names", "other_names", "search", "path", "middle"]
_ADDRESS_FIELDS = ["street", "number", "number_key", "location"]


@dataclass(slots=True)
class Count:
    """What became of rows of one kind."""

    new: int = 0
    changed: int = 0
    same: int = 0
    removed: int = 0


@dataclass(slots=True)
class AddressOutcome:
    """What an import did."""

    streets: Count = field(default_factory=Count)
    addresses: Count = field(default_factory=Count)


@dataclass(slots=True)
class _StreetDraft:
    """What the rows of one street say together."""

    name: str
    locality: str
    former: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    lines: list[Any] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    middle: Place | None = None  # of its longest line


def import_addresses(
    community: Community, rows: Sequence[AddressRow], *, remove_missing: bool = False, dry_run: bool = False
) -> AddressOutcome:
    """Writes streets and addresses, once however often the same rows come: those with a known key are changed.

    What the rows do not hold stays, or goes with `remove_missing`. A street keeps the former and other names and the
    line that the rows do not give. Call it inside the community's scope.
    """
    outcome = AddressOutcome()
    with transaction.atomic():
        Community.objects.select_for_update().only("pk").get(pk=community.pk)  # imports one after the other
        streets = _write_streets(community, rows, outcome.streets)
        kept = _write_addresses(community, rows, streets, outcome.addresses)
        if remove_missing:
            gone = Address.objects.filter(community=community).exclude(pk__in=kept)
            outcome.addresses.removed = gone.count()
            gone.delete()
            bare = Street.objects.filter(community=community).exclude(pk__in=streets.values())
            outcome.streets.removed = bare.count()
            bare.delete()
        transaction.set_rollback(dry_run)
    return outcome


def _write_streets(community: Community, rows: Sequence[AddressRow], count: Count) -> dict[str, int]:
    """Key → id of each street that the rows name."""
    known = {street.key: street for street in Street.objects.filter(community=community)}
    drafts = _drafts(rows)
    written = [_street(community, key, draft, known.get(key)) for key, draft in drafts.items()]
    changed = [street for street in written if street.pk is None or _differs(street, known[street.key], _STREET_FIELDS)]
    _upsert(Street, changed, _STREET_FIELDS)
    _tally(count, changed, known, len(drafts))
    found = Street.objects.filter(community=community, key__in=drafts).values_list("key", "pk")
    return dict(found)


def _drafts(rows: Iterable[AddressRow]) -> dict[str, _StreetDraft]:
    drafts: dict[str, _StreetDraft] = {}
    longest: dict[str, float] = defaultdict(float)
    for row in rows:
        draft = drafts.setdefault(row.street_key, _StreetDraft(row.street, row.locality))
        draft.former |= dict.fromkeys(row.former)
        draft.others |= dict.fromkeys(row.others)
        draft.places.append(row.place)
        if row.path is not None:
            draft.lines += row.path.geoms
            if row.path.length > longest[row.street_key]:
                longest[row.street_key], draft.middle = row.path.length, row.place
    return drafts


def _street(community: Community, key: str, draft: _StreetDraft, known: Street | None) -> Street:
    former = list(draft.former) or (known.former_names if known else [])
    others = list(draft.others) or (known.other_names if known else [])
    path = _stored(MultiLineString(draft.lines)) if draft.lines else (known.path if known else None)
    keeps_middle = known is not None and known.path is not None and not draft.lines
    middle = known.middle if known and keeps_middle else Point(draft.middle or _inmost(draft.places), srid=WGS84)
    street = Street(
        pk=known.pk if known else None,
        community=community,
        key=key,
        name=draft.name,
        locality=draft.locality,
        former_names=former,
        other_names=others,
        path=path,
        middle=middle,
    )
    street.search = search_of(street)
    return street


def _inmost(places: Sequence[Place]) -> Place:
    """Of some places the one nearest to the middle of them all."""
    x, y = (sum(place[axis] for place in places) / len(places) for axis in (0, 1))
    return min(places, key=lambda place: (place[0] - x) ** 2 + (place[1] - y) ** 2)


def _write_addresses(
    community: Community, rows: Sequence[AddressRow], streets: dict[str, int], count: Count
) -> list[int]:
    """Ids of the addresses of the rows."""
    known = {address.key: address for address in Address.objects.filter(community=community)}
    written = [
        Address(
            pk=known[row.key].pk if row.key in known else None,
            community=community,
            street_id=streets[row.street_key],
            key=row.key,
            number=row.number,
            number_key=number_key(row.number),
            location=Point(*row.place, srid=WGS84),
        )
        for row in rows
        if row.number
    ]
    changed = [one for one in written if one.pk is None or _differs(one, known[one.key], _ADDRESS_FIELDS)]
    _upsert(Address, changed, _ADDRESS_FIELDS)
    _tally(count, changed, known, len(written))
    keys = {one.key for one in written}
    return [pk for key, pk in Address.objects.filter(community=community).values_list("key", "pk") if key in keys]


def _differs(one: Any, other: Any, fields: Sequence[str]) -> bool:
    for name in fields:
        mine, theirs = (getattr(row, f"{name}_id" if name == "street" else name) for row in (one, other))
        if isinstance(mine, GEOSGeometry) and isinstance(theirs, GEOSGeometry):
            if not mine.equals_exact(theirs, 1e-7):
                return True
        elif mine != theirs:
            return True
    return False


def _upsert(model: Any, rows: Sequence[Any], fields: Sequence[str]) -> None:
    for row in rows:
        row.pk = None  # told by its key
    model.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["community", "key"], update_fields=fields
    )


def _tally(count: Count, changed: Sequence[Any], known: dict[str, Any], total: int) -> None:
    count.new = sum(row.key not in known for row in changed)
    count.changed = len(changed) - count.new
    count.same = total - len(changed)


def _stored(path: MultiLineString) -> Any:
    return GEOSGeometry(memoryview(to_wkb(path)), srid=WGS84)
