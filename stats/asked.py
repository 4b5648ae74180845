"""What the address of a page of statistics asks for: period, division, what the map is shaded by, and of whom."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.utils.datastructures import MultiValueDict

from core.counters import Counters, all_counters
from geodata.models import Area, Community
from stats.areas import Divided, divided
from stats.numbers import Place, begun_on
from stats.periods import USUAL, Period, choices, parse_period


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one community."""

    community: Community
    counters: Counters
    today: date  # in the community's time zone
    period: Period
    periods: list[Period]  # that are offered
    divisions: list[Divided]  # with the areas that were in force in the period
    division: Divided | None  # the chosen one
    by: str

    @property
    def whole(self) -> Place:
        """The community."""
        return Place(self.counters, self.community.pk)

    @property
    def is_offered(self) -> bool:
        """Whether the period is among those that are offered."""
        return any(one.code == self.period.code for one in self.periods)

    @property
    def query(self) -> str:
        """The address query that asks the same of another page."""
        pairs = [("period", self.period.code)] if self.period.code != USUAL else []
        return urlencode(pairs)

    @property
    def link(self) -> str:
        """The same after the path of an address."""
        return f"?{self.query}" if self.query else ""


def asked(query: MultiValueDict[str, str], community: Community, *, today: date, area: Area | None = None) -> Asked:
    """Reads `period`, `division` and `by`; what is unknown is left out. `area`: whose division is chosen.

    Call it inside the community's scope.
    """
    counters = all_counters()[0]
    begun = begun_on(counters, community.pk)
    period = parse_period(query.get("period", ""), today=today, begun=begun)
    divisions = divided(community, first=period.since, last=period.until - timedelta(days=1))
    code = area.division.code if area else query.get("division", "")
    named = next((one for one in divisions if one.division.code == code), None)
    return Asked(
        community=community,
        counters=counters,
        today=today,
        period=period,
        periods=choices(today=today, begun=begun),
        divisions=divisions,
        division=named or (divisions[0] if divisions else None),
        by=query.get("by", ""),
    )
