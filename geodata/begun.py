"""In which months things of the layers began: what a period has to choose from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from geodata.layer_sql import Question, Sql, union
from geodata.layers import Layer
from geodata.models import Community
from geodata.periods import FIRST_YEAR, LAST_YEAR
from geodata.prepared import fetch


@dataclass(frozen=True, slots=True)
class Begun:
    """The first and the last month, such as “2026-05”, of each layer that has anything, by its name."""

    months: Mapping[str, tuple[str, str]]
    now: str  # the month of the question

    def span(self, layers: Iterable[Layer]) -> tuple[str, str]:
        """The first and the last month in which any of these has anything; the present one when they have nothing."""
        found = [self.months[layer.name] for layer in layers if layer.name in self.months]
        return min((first for first, _ in found), default=self.now), max((last for _, last in found), default=self.now)


def begun(layers: Sequence[Layer], community: Community, today: date) -> Begun:
    """When the things of each layer began, by the community's clock. Must be called inside its scope.

    Of a counted layer two rows are looked up, at both ends of the index of time (geodata.counted.map_indexes): the
    cells of months know neither what is not folded yet nor the community's midnight, and stand in the order of all
    communities together.
    """
    zone = ZoneInfo(community.time_zone)
    found = fetch(begun_sql(layers, Question(community.pk, today)))
    return Begun(
        {name: (_month(first, zone), _month(last, zone)) for name, first, last in found if first}, f"{today:%Y-%m}"
    )


def begun_sql(layers: Sequence[Layer], question: Question) -> Sql:
    """SELECT layer, first, last: the moments in which its first and its last thing began, or nulls."""
    return union([_ends(layer, question) for layer in layers])


def _ends(layer: Layer, question: Question) -> Sql:
    if counted := layer.counted:
        there = f"FROM {counted.table} WHERE community_id = %s AND map_group IS NOT NULL ORDER BY {counted.starts_at}"
        return Sql(
            f"SELECT '{layer.name}' AS layer, (SELECT {counted.starts_at} {there} LIMIT 1) AS first, "
            f"(SELECT {counted.starts_at} {there} DESC LIMIT 1) AS last",
            (question.community_id, question.community_id),
        )
    rows = question.known(layer).select(("starts_at",))
    return Sql(f"SELECT '{layer.name}', min(starts_at), max(starts_at) FROM ({rows.text}) rows", rows.params)


def _month(moment: datetime, zone: ZoneInfo) -> str:
    """As an address writes it."""
    day = moment.astimezone(zone)
    return f"{min(max(day.year, FIRST_YEAR), LAST_YEAR)}-{day.month:02}"
