"""A town to draw rules in: every test says which areas and rules there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import pytest
from django.contrib.gis.geos import MultiPolygon, Point

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from routing.models import Category, CommunityRouting, Rule
from routing.responsibility import Verdict, decide
from tests.conftest import LONG_AGO
from tests.grid import Town

TODAY = date(2026, 11, 19)


@dataclass
class Rulebook:
    """Writes rules by names, and asks who must answer."""

    community: Community
    town: Town
    division: Division
    known: dict[str, Organisation] = field(default_factory=dict)

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
        is_active: bool = True,
    ) -> Rule:
        """Category (or any) × area (or the whole community) → organisation."""
        return Rule.objects.create(
            community=self.community,
            category=self.about(category) if category else None,
            division=(division or self.division) if area else None,
            area_code=area,
            organisation=self.who(organisation),
            priority=priority,
            is_active=is_active,
        )

    def fallback(self, organisation: str) -> None:
        """Who gets what no rule gives to anybody."""
        CommunityRouting.objects.create(community=self.community, fallback=self.who(organisation))

    def decide(
        self, place: str | Point, category: str = "roads", *, on: date = TODAY, without: Iterable[str] = ()
    ) -> Verdict:
        """The decision at a point of the town, after those `without` handed it back."""
        return decide(
            self.town[place] if isinstance(place, str) else place,
            self.about(category),
            community=self.community,
            on=on,
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
