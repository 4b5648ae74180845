"""A town to draw rules in: every test says which areas and rules there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from django.contrib.gis.geos import GEOSGeometry, LineString, MultiPolygon, Point, Polygon

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from routing.models import Asset, Category, CommunityRouting, Register, Rule, RuleSet
from routing.responsibility import Verdict, decide
from routing.rulesets import new_draft, publish
from tests.conftest import LONG_AGO, LONG_AGO_NOON, NOW
from tests.grid import WGS84, Town, degrees_per_metre


@dataclass
class Rulebook:
    """Writes rules by names, and asks who must answer."""

    community: Community
    town: Town
    division: Division
    known: dict[str, Organisation] = field(default_factory=dict)
    draft: RuleSet | None = None
    made: int = 0

    def who(self, name: str) -> Organisation:
        """The organisation of that name."""
        if name not in self.known:
            self.known[name] = Organisation.objects.create(name=name)
        return self.known[name]

    def about(self, code: str) -> Category:
        """The category of that code."""
        return Category.objects.get_or_create(community=self.community, code=code, defaults={"name": code})[0]

    def area(
        self,
        code: str,
        boundary: str | MultiPolygon,
        *,
        since: date = LONG_AGO,
        until: date | None = None,
        division: Division | None = None,
    ) -> Area:
        """A version of an area: corners drawn in the town, or a boundary."""
        return Area.objects.create(
            community=self.community,
            division=division or self.division,
            code=code,
            name=f"Район {code}",
            boundary=self.town.area(boundary) if isinstance(boundary, str) else boundary,
            valid_from=since,
            valid_to=until,
        )

    def rule(
        self,
        organisation: str,
        *,
        category: str = "",
        area: str = "",
        priority: int = 0,
        division: Division | None = None,
        any_area: bool = False,
        is_active: bool = True,
        **more: object,
    ) -> Rule:
        """Category (or any) × area (or the whole community) → organisation; `more`: other columns of a rule.

        `any_area`: any area of the division. It stands in a draft that is published when the book is asked.
        """
        if self.draft is None:
            latest = RuleSet.objects.filter(community=self.community).first()
            self.draft = new_draft(community=self.community, at=LONG_AGO_NOON, based_on=latest)
        return Rule.objects.create(
            community=self.community,
            ruleset=self.draft,
            category=self.about(category) if category else None,
            division=(division or self.division) if area or any_area else None,
            **{"area_code": area, **more},
            organisation=self.who(organisation) if organisation else None,
            priority=priority,
            is_active=is_active,
        )

    def publish(self) -> None:
        """The rules that were written come into force."""
        if self.draft:
            self.made += 1
            moment = LONG_AGO_NOON + timedelta(minutes=self.made)
            publish(self.draft, moment=moment, at=moment)
            self.draft = None

    def register(self, code: str, kind: str = "other") -> Register:
        """The register of that code."""
        return Register.objects.get_or_create(
            community=self.community, code=code, defaults={"name": code, "kind": kind}
        )[0]

    def asset(
        self,
        register: str,
        key: str,
        geometry: GEOSGeometry,
        keeper: str = "",
        *,
        since: date = LONG_AGO,
        **more: object,
    ) -> Asset:
        """A thing of a register, with its keeper."""
        return Asset.objects.create(
            community=self.community,
            register=self.register(register),
            key=key,
            geometry=geometry,
            keeper=self.who(keeper) if keeper else None,
            valid_from=since,
            **more,
        )

    def fallback(self, organisation: str) -> None:
        """Who gets what no rule gives to anybody."""
        CommunityRouting.objects.create(community=self.community, fallback=self.who(organisation))

    def decide(
        self,
        place: str | Point,
        category: str = "roads",
        *,
        at: datetime = NOW,
        without: Iterable[str] = (),
        answers: Mapping[str, str] | None = None,
        asset: Asset | None = None,
    ) -> Verdict:
        """The decision at a point of the town, after those `without` handed it back."""
        self.publish()
        return decide(
            self.town[place] if isinstance(place, str) else place,
            self.about(category),
            community=self.community,
            at=at,
            answers=answers,
            asset=asset,
            excluding=frozenset(self.who(name).pk for name in without),
        )

    def answers(self, place: str | Point, category: str = "roads", *, without: Iterable[str] = ()) -> str | None:
        """The name of the organisation that must answer."""
        organisation = self.decide(place, category, without=without).organisation
        return None if organisation is None else Organisation.objects.get(pk=organisation).name


@pytest.fixture
def book(inside: Community, town: Town) -> Rulebook:
    """Яворин with one division and no areas or rules yet."""
    return Rulebook(inside, town, Division.objects.create(community=inside, code="districts", name="Райони"))


def beside(point: Point, *, east: float = 0.0, north: float = 0.0) -> Point:
    """So many metres from there; negative: to the west, to the south."""
    across, along = degrees_per_metre(point.y)
    return Point(point.x + east * across, point.y + north * along, srid=WGS84)


def square(middle: Point, *, half: float) -> Polygon:
    """A house around that point; `half` of its side in metres."""
    low, high = beside(middle, east=-half, north=-half), beside(middle, east=half, north=half)
    return Polygon.from_bbox((low.x, low.y, high.x, high.y))


def street(middle: Point, *, half: float) -> LineString:
    """A street from west to east through that point."""
    return LineString(beside(middle, east=-half), beside(middle, east=half), srid=WGS84)
