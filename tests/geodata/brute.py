"""Everything that shows the map of reports, compared with counting their rows by hand, in Python."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from django.test import Client
from hypothesis import strategies as st

from geodata import feeds
from geodata.boxes import Box
from geodata.counted_sql import view_of
from geodata.layer_sql import Question
from geodata.layers import GROUPS, Filters, layer_named
from geodata.lists import things
from geodata.marks import marks
from geodata.models import Community
from geodata.squares import FINEST, place_in_grid
from geodata.tiles import tile
from tests.geodata.conftest import TODAY
from tests.geodata.every_tile import decoded
from tests.geodata.towns import FIRST_DAY, Seen, boxes, in_box, in_squares

ISSUES = [layer_named("issues")]
ATOM = "{http://www.w3.org/2005/Atom}"
CORNERS = [(lon, lat) for lon in (28.459, 28.466, 28.473) for lat in (49.219, 49.226, 49.233)]


@dataclass(frozen=True)
class Asking:
    """A question as hypothesis draws it. `few`: what counted_sql.FEW has to be while it is asked."""

    box: Box
    zoom: int
    most: int
    few: int
    folded: bool
    groups: tuple[str, ...]
    categories: tuple[str, ...]
    since: datetime | None
    until: datetime | None

    def question(self, community_id: int) -> Question:
        filters = Filters(self.groups, self.categories, self.since, self.until)
        return Question(community_id, TODAY, filters, self.box, zoom=self.zoom, most=self.most)

    def wants(self, one: Seen) -> bool:
        return (
            (not self.groups or one.group in self.groups)
            and (not self.categories or one.category in self.categories)
            and (self.since is None or one.at >= self.since)
            and (self.until is None or one.at < self.until)
        )

    @property
    def query(self) -> dict[str, Any]:
        """The address that asks the same; periods are whole days by the community's clock: see `by_days`."""
        found: dict[str, Any] = {"layer": "issues", "box": str(self.box), "zoom": self.zoom, "most": self.most}
        found |= {"state": list(self.groups), "category": list(self.categories)}
        if self.since:
            found["from"] = self.since.date().isoformat()
        if self.until:
            found["to"] = self.until.date().isoformat()
        return found


def _day(number: int | None) -> datetime | None:
    return None if number is None else FIRST_DAY + timedelta(days=number, hours=9, minutes=59)


askings = st.builds(
    Asking,
    box=boxes(),
    zoom=st.integers(8, 20),
    most=st.integers(4, 40),
    few=st.sampled_from([0, 3, 2000]),
    folded=st.booleans(),
    groups=st.sampled_from([(), ("wait",), ("work", "done"), ("shut",)]),
    categories=st.sampled_from([(), ("roads",), ("roads", "manholes")]),
    since=st.sampled_from([None, 0, 95, 200]).map(_day),
    until=st.sampled_from([None, 120, 210, 500]).map(_day),
)


def expected(asked: Question, asking: Asking, seen: list[Seen]) -> list[Seen]:
    """What should be shown: of whole squares where there is much, else of the box."""
    view = view_of(asked)
    assert asked.box
    wanted = [one for one in seen if asking.wants(one)]
    left, right, top, bottom = view.squares.edges
    near = [one for one in wanted if left <= one.x <= right and top <= one.y <= bottom]
    is_much = view.may_be_dense and len(near) > asking.few
    return near if is_much else in_box(wanted, asked.box)


def newest_first(seen: list[Seen]) -> list[Seen]:
    return sorted(seen, key=lambda one: (one.at, one.pk), reverse=True)


def check_marks(asking: Asking, community: Community, seen: list[Seen]) -> None:
    """Marks add up to what is to be shown, family by family and square by square."""
    asked = asking.question(community.pk)
    wanted = expected(asked, asking, seen)
    answer = json.loads(marks(ISSUES, asked))
    assert answer["total"] == len(wanted)
    assert len(answer["features"]) <= asking.most
    shown = [feature["properties"] for feature in answer["features"]]
    assert sum(one.get("count", 1) for one in shown) == len(wanted)
    for group in GROUPS:
        by_hand = sum(one.group == group for one in wanted)
        assert sum(one[group] if "cluster" in one else one["state_group"] == group for one in shown) == by_hand
    if len(shown) < len(wanted):
        by_square = in_squares(wanted, view_of(asked).squares)
        assert Counter(one.get("count", 1) for one in shown) == Counter(by_square.values())
    assert {one["id"] for one in shown if "cluster" not in one} <= {one.pk for one in wanted}


def check_list(asking: Asking, community: Community, seen: list[Seen]) -> None:
    """The pages of the list are what is to be shown, the newest first."""
    asked = asking.question(community.pk)
    assert [row["id"] for row in read_all(asked)] == [one.pk for one in newest_first(expected(asked, asking, seen))]


def read_all(asked: Question) -> list[dict[str, Any]]:
    """The list page by page, and every page tells the same total."""
    rows: list[dict[str, Any]] = []
    after, totals = "", set()
    while True:
        page = things(ISSUES, asked, after=after, limit=7)
        totals.add(page.total)
        rows += page.rows
        if not page.next:
            assert totals == {len(rows)}
            return rows
        after = page.next


def check_feeds(client: Client, asking: Asking, community: Community, seen: list[Seen]) -> None:
    """Both feeds, page by page through the addresses that they name, are the list for the same days."""
    days = by_days(asking, community)
    wanted = newest_first(expected(days.question(community.pk), days, seen))
    path, query = f"/{community.slug}/feed.geojson", asking.query
    features: list[dict[str, Any]] = []
    while True:
        answer = client.get(path, query).json()
        assert answer["total"] == len(wanted)
        features += answer["features"]
        if not answer["next"]:
            break
        query = parse_qs(urlsplit(answer["next"]).query)
    assert [feature["id"] for feature in features] == [f"issues-{one.pk}" for one in wanted]
    places = [place_in_grid(*feature["geometry"]["coordinates"]) for feature in features]
    for (x, y), one in zip(places, wanted, strict=True):
        assert max(abs(x - one.x), abs(y - one.y)) <= 3, "a coordinate of six decimals is 11 cm, a place of the grid 4"
    first = ET.fromstring(client.get(f"/{community.slug}/feed.atom", asking.query).content)
    urls = [entry.findtext(f"{ATOM}id") for entry in first.findall(f"{ATOM}entry")]
    assert urls == [feature["properties"]["url"] for feature in features[: feeds.ENTRIES]]


def by_days(asking: Asking, community: Community) -> Asking:
    """What an address can ask: whole days, the last one included, by the community's clock."""
    zone = ZoneInfo(community.time_zone)

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=zone)

    since, until = asking.since and asking.since.date(), asking.until and asking.until.date()
    if since and until and until < since:
        since, until = until, since
    return Asking(
        asking.box, asking.zoom, max(12, asking.most), asking.few, asking.folded, asking.groups, asking.categories,
        midnight(since) if since else None, midnight(until + timedelta(days=1)) if until else None,
    )  # fmt: skip


def check_tiles(asking: Asking, community: Community, z: int, seen: list[Seen]) -> None:
    """All tiles of that zoom around the town, and those beside, hold each thing once."""
    asked = asking.question(community.pk)
    wanted = [one for one in seen if asking.wants(one)]
    by_tile: Counter[tuple[int, int]] = Counter((one.x >> FINEST - z, one.y >> FINEST - z) for one in wanted)
    corners = [place_in_grid(*corner) for corner in CORNERS]
    for x, y in {*by_tile, *((x >> FINEST - z, y >> FINEST - z) for x, y in corners)}:
        rows = decoded(tile(ISSUES, asked, z, x, y), "issues")
        assert sum(int(row.get("count") or 1) for row in rows) == by_tile[(x, y)]
