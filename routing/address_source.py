"""Registers of buildings as a further source of addresses, for communities that have imported none."""

from datetime import date

from django.contrib.gis.geos import Point
from django.db.models import QuerySet

from geodata.address_sources import Found, Sure
from geodata.models import Community
from geodata.street_words import number_key, sought_in
from routing.models import Asset, Register
from routing.registers import find_assets, nearest_assets


class RegisterAddresses:
    """Houses of every register of buildings."""

    def find(self, text: str, *, community: Community, near: Point | None, on: date, limit: int) -> list[Found]:
        """Houses that are called so on that day, those of the first register first."""
        found: list[Asset] = []
        for register in _buildings(community):
            found += find_assets(register=register, text=text, near=near, day=on, limit=limit)
        numbers = {way.number for way in sought_in(text)} - {""}
        return [_found(asset, Sure.EXACT if number_key(asset.number) in numbers else Sure.CLOSE) for asset in found][
            :limit
        ]

    def nearest(self, point: Point, *, community: Community, on: date, within: float) -> Found | None:
        """The house with an address that is nearest to the point; 0 metres inside it."""
        near = [
            asset
            for register in _buildings(community)
            for asset in nearest_assets(register=register, point=point, day=on, limit=1, within=within)
            if asset.name
        ]
        asset = min(near, key=lambda one: one.metres, default=None)  # type: ignore[attr-defined]
        return _found(asset, Sure.GUESS) if asset else None


def _buildings(community: Community) -> QuerySet[Register]:
    rows: QuerySet[Register] = Register.objects.filter(community=community, kind=Register.Kind.BUILDINGS)
    return rows.order_by("code")


def _found(asset: Asset, sure: Sure) -> Found:
    point = asset.geometry if asset.geometry.geom_type == "Point" else asset.geometry.point_on_surface
    return Found(asset.label, (point.x, point.y), sure, metres=getattr(asset, "metres", None))
