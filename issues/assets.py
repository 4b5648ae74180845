"""The house, lamp… that a report is about: what may be chosen of the category's register, and what was chosen."""

from dataclasses import dataclass
from datetime import date

from django.contrib.gis.geos import Point
from django.utils.translation import gettext as _

from geodata.models import WGS84
from issues.models import Issue
from routing.models import Asset, Register
from routing.registers import find_assets, measured, nearest_assets

NONE = "none"  # the choice “It is not in the list”
NEAREST = 8  # so many are offered around the pin
FOUND = 12  # so many of those that were searched for
WITHIN = 300  # metres around the pin
FAR = 100  # metres between the pin and what was chosen; farther, the form asks to check
Kind = Register.Kind


@dataclass(frozen=True, slots=True)
class Offered:
    """One that may be chosen. `place`: (lon, lat) on it; `metres` from the pin, None without one."""

    pk: int
    label: str
    metres: int | None
    place: tuple[float, float]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What the form offers of a register, and what was chosen of it."""

    kind: str
    said: str  # what the list holds
    options: tuple[Offered, ...]
    chosen: Asset | None
    is_none: bool  # “It is not in the list” was chosen
    far: int | None  # metres between the pin and what was chosen, when that is more than FAR

    @property
    def legend(self) -> str:
        """The question above the list."""
        return {
            Kind.BUILDINGS: _("Which house?"),
            Kind.ROADS: _("Which road or street?"),
            Kind.LAMPS: _("Which street light?"),
            Kind.TREES: _("Which tree?"),
            Kind.MANHOLES: _("Which manhole?"),
        }.get(Kind(self.kind), _("Which one?"))

    @property
    def search_label(self) -> str:
        """What to search by."""
        if self.is_house:
            return _("Find by street and number")
        return _("Find by number or street") if self.kind != Kind.ROADS else _("Find by name")

    @property
    def is_house(self) -> bool:
        """True when entrance and flat are asked too."""
        return self.kind == Kind.BUILDINGS

    @property
    def entrances(self) -> range | None:
        """Numbers of the entrances of the chosen house, when they are known."""
        known = self.chosen.entrances if self.chosen and self.is_house else None
        return range(1, known + 1) if known else None


def offers(register: Register, day: date) -> bool:
    """True when the register holds anything on that day."""
    return bool(Asset.objects.on(day).filter(register=register).exists())


def chosen_of(register: Register, choice: str, day: date, *, point: Point | None = None) -> Asset | None:
    """The one of the register that was chosen, with its `metres` from the point; None for “none”, and for what the
    register no longer holds on that day.

    An open form and a kept draft may name a version that has ended since: it stands for the one in force that day.
    """
    if not (choice.isascii() and choice.isdecimal() and len(choice) < 19):
        return None
    named = Asset.objects.filter(register=register, pk=int(choice))
    rows = Asset.objects.on(day).filter(register=register, key__in=named.values("key"))
    found: Asset | None = (measured(rows, point) if point else rows).first()
    return found


def offer(register: Register, *, choice: str, point: Point | None, text: str, day: date) -> Offer:
    """What to show: what was searched for, or else the nearest to the pin, and always what was chosen."""
    text = text.strip()
    rows: list[Asset] = []
    if text:
        rows = find_assets(register=register, text=text, near=point, day=day, limit=FOUND)
    elif point:
        rows = nearest_assets(register=register, point=point, day=day, limit=NEAREST, within=WITHIN)
    chosen = next((row for row in rows if str(row.pk) == choice), None) or chosen_of(register, choice, day, point=point)
    shown = [chosen, *rows] if chosen and chosen not in rows else rows
    far = _metres(chosen) if chosen else None
    return Offer(
        kind=register.kind,
        said=_said(len(rows), searched=bool(text), placed=point is not None),
        options=tuple(Offered(row.pk, row.label, _metres(row), point_on(row), row == chosen) for row in shown),
        chosen=chosen,
        is_none=choice == NONE,
        far=far if far is not None and far > FAR else None,
    )


def point_on(asset: Asset) -> tuple[float, float]:
    """(lon, lat) of a point that lies on it, about 0.1 m precise."""
    shape = asset.geometry
    point = shape if shape.geom_type == "Point" else shape.point_on_surface
    return round(point.x, 6), round(point.y, 6)


def in_words(issue: Issue) -> str:
    """The house and its entrance, or the lamp…, that was chosen; "" for none. Never the flat."""
    entrance = _("entrance %(entrance)s") % {"entrance": issue.entrance} if issue.entrance else ""
    return ", ".join(part for part in (issue.asset.label if issue.asset else "", entrance) if part)


def name_of(issue: Issue) -> str:
    """What the chosen thing is called in a list of facts."""
    kind = issue.asset.register.kind if issue.asset else Kind.BUILDINGS
    return {
        Kind.BUILDINGS: _("House"),
        Kind.ROADS: _("Road or street"),
        Kind.LAMPS: _("Street light"),
        Kind.TREES: _("Tree"),
        Kind.MANHOLES: _("Manhole"),
    }.get(Kind(kind), _("What was chosen"))


def address_of(asset: Asset | None) -> str:
    """The address that a chosen house gives to a report; "" for anything else."""
    return asset.label if asset and asset.register.kind == Kind.BUILDINGS else ""


def as_point(place: tuple[float, float] | None) -> Point | None:
    """The point (SRID 4326) of a longitude and latitude."""
    return Point(*place, srid=WGS84) if place else None


def _said(count: int, *, searched: bool, placed: bool) -> str:
    if searched:
        return (
            _("Found: %(count)s") % {"count": count} if count else _("Nothing like that was found. Write it shorter.")
        )
    if placed:
        return _("The nearest to the pin") if count else _("Nothing of the list is near the pin. Find it by its name.")
    return _("Show the place on the map, or find it here.")


def _metres(asset: Asset) -> int | None:
    """Metres from the pin, as routing.registers measured them; None without a pin."""
    metres = getattr(asset, "metres", None)
    return None if metres is None else round(metres)
