"""Towns drawn at random with registers and rules of every kind, and who must answer there by shapely and Python alone.

Everything stands on a net of streets, so that points very often lie on a border, a wall or a corner.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from math import cos, radians
from zoneinfo import ZoneInfo

import shapely
from hypothesis import assume
from hypothesis import strategies as st
from pyproj import Geod
from shapely.affinity import scale
from shapely.ops import nearest_points

SIDE, STEP = 4, 0.0008  # blocks each way; degrees
# South-west corners: a town inland, one that ends at 180°, one that begins at -180°.
ORIGINS = [(28.46, 49.22), (180 - SIDE * STEP, -16.8), (-180.0, -16.8)]
EARTH = Geod(ellps="WGS84")
KYIV = ZoneInfo("Europe/Kyiv")
ORGANISATIONS = ["a", "b", "c", "d"]
LONG_AGO, CHANGE = date(2020, 1, 1), date(2026, 11, 20)
WITHIN = {"streets": 30, "lamps": 45}
MOMENTS = [datetime(2026, 11, day, hour, 0, tzinfo=KYIV) for day in (19, 20) for hour in (0, 7, 12, 22)]
HOURS = [None, None, (time(7), time(12)), (time(22), time(7)), (time(12), time(0))]
Node = tuple[float, float]


@dataclass(frozen=True)
class DrawnArea:
    """One version of an area; its code is its number."""

    shape: shapely.Polygon
    division: int


@dataclass(frozen=True)
class DrawnThing:
    """One thing of a register; its key is its number."""

    register: str
    shape: shapely.Geometry
    keeper: str | None
    since: date


@dataclass(frozen=True)
class DrawnRule:
    """`area`: its number; `division`: any area of it; neither: the whole community."""

    role: str
    category: bool
    area: int | None
    division: int | None
    asks: tuple[str, str] | None  # how, which register
    answers: tuple[str, ...]
    hours: tuple[time, time] | None
    weekdays: tuple[int, ...]
    valid_from: date | None
    organisation: str | None
    priority: int


@dataclass(frozen=True)
class Drawing:
    """A town, its rules in the order of their age, and a question."""

    areas: list[DrawnArea]
    things: list[DrawnThing]
    rules: list[DrawnRule]
    inactive: set[str]
    handed_back: set[str]
    point: shapely.Point
    at: datetime
    answer: str | None
    chosen: int | None  # a thing

    @property
    def day(self) -> date:
        return self.at.date()


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    origin = draw(st.sampled_from(ORIGINS))
    areas = draw(st.lists(st.builds(DrawnArea, rectangles(origin, 1), st.integers(0, 1)), min_size=1, max_size=4))
    things = draw(st.lists(_things(origin), max_size=9))
    rules = draw(st.lists(_rules(len(areas)), min_size=1, max_size=9))
    some = st.sets(st.sampled_from(ORGANISATIONS), max_size=1)
    quarters = st.integers(0, 4 * SIDE).map(lambda quarter: quarter / 4)
    drawing = Drawing(
        areas=areas,
        things=things,
        rules=rules,
        inactive=draw(some),
        handed_back=draw(some),
        point=shapely.Point(degrees(origin, (draw(quarters), draw(quarters)))),
        at=draw(st.sampled_from(MOMENTS)),
        answer=draw(st.sampled_from([None, "yard", "roof"])),
        chosen=draw(st.sampled_from([None, *range(len(things))])),
    )
    assume(all(is_settled(drawing, register) for register in WITHIN))
    return drawing


def degrees(origin: Node, node: Node) -> Node:
    """Rounded, so that the last street of a town at the 180th meridian lies on it."""
    return round(origin[0] + node[0] * STEP, 7), round(origin[1] + node[1] * STEP, 7)


@st.composite
def rectangles(draw: st.DrawFn, origin: Node, parts: int) -> shapely.Polygon:
    """Along the net, of which a block has so many `parts`; sometimes with a yard. Its corners have a height."""
    left, right = sorted(draw(st.lists(st.integers(0, parts * SIDE), min_size=2, max_size=2, unique=True)))
    low, high = sorted(draw(st.lists(st.integers(0, parts * SIDE), min_size=2, max_size=2, unique=True)))
    rings = [[(left, low), (right, low), (right, high), (left, high)]]
    if right - left > 2 and high - low > 2 and draw(st.booleans()):
        rings.append([(left + 1, low + 1), (left + 1, high - 1), (right - 1, high - 1), (right - 1, low + 1)])
    placed = [[(*degrees(origin, (x / parts, y / parts)), 117.0) for x, y in ring] for ring in rings]
    return shapely.Polygon(placed[0], placed[1:])


@st.composite
def _things(draw: st.DrawFn, origin: Node) -> DrawnThing:
    register = draw(st.sampled_from(["houses", "streets", "lamps"]))
    nodes = st.tuples(*[st.integers(0, SIDE)] * 2).map(lambda node: degrees(origin, node))
    shape: shapely.Geometry
    if register == "houses":
        shape = draw(rectangles(origin, 2))
    elif register == "streets":
        shape = shapely.LineString(draw(st.lists(nodes, min_size=2, max_size=3, unique=True)))
    else:
        shape = shapely.Point(draw(nodes))
    keeper = draw(st.sampled_from([None, *ORGANISATIONS, *ORGANISATIONS]))
    return DrawnThing(register, shape, keeper, draw(st.sampled_from([LONG_AGO, LONG_AGO, CHANGE])))


@st.composite
def _rules(draw: st.DrawFn, areas: int) -> DrawnRule:
    asks = draw(
        st.sampled_from([None, ("inside", "houses"), ("nearest", "streets"), ("nearest", "lamps"), ("this", "lamps")])
    )
    category = draw(st.booleans())
    place = draw(st.sampled_from(["whole", "whole", "area", "division"]))
    named = st.sampled_from(ORGANISATIONS)
    return DrawnRule(
        role=draw(st.sampled_from(["responsible", "responsible", "informed"])),
        category=category,
        area=draw(st.integers(0, areas - 1)) if place == "area" else None,
        division=draw(st.integers(0, 1)) if place == "division" else None,
        asks=asks,
        answers=draw(st.sampled_from([(), (), ("yard",), ("yard", "roof")])) if category else (),
        hours=draw(st.sampled_from(HOURS)),
        weekdays=draw(st.sampled_from([(), (), (4,), (5, 6)])),
        valid_from=draw(st.sampled_from([None, None, CHANGE])),
        organisation=draw(st.one_of(st.none(), named)) if asks else draw(named),
        priority=draw(st.integers(0, 1)),
    )


def metres(shape: shapely.Geometry, point: shapely.Point) -> float:
    """On the ellipsoid; the nearest place is found where a degree is as long each way."""
    narrow = cos(radians(point.y))
    there, here = (scale(shapely.force_2d(one), narrow, 1, origin=(0, 0)) for one in (shape, point))
    near = nearest_points(there, here)[0]
    return float(EARTH.inv(point.x, point.y, near.x / narrow, near.y)[2])


def is_settled(drawing: Drawing, register: str) -> bool:
    """No thing lies at the limit, and the nearest is clearly nearest, or lies with others right under the point."""
    distances = sorted(metres(thing.shape, drawing.point) for _n, thing in standing(drawing, register))
    clear = all(abs(distance - WITHIN[register]) > 0.5 for distance in distances)
    first, second = [*distances, 9e9, 9e9][:2]
    return clear and (second - first > 0.5 or second < 1e-6)


def standing(drawing: Drawing, register: str) -> list[tuple[int, DrawnThing]]:
    """The things of a register on the day, with their numbers."""
    numbered = enumerate(drawing.things)
    return [(n, thing) for n, thing in numbered if thing.register == register and thing.since <= drawing.day]


@dataclass(frozen=True)
class Expected:
    """What the rules say, taken one by one."""

    organisation: str | None
    rule: int | None
    thing: int | None
    informed: list[str]


def expected(drawing: Drawing) -> Expected:
    """The strongest rule that holds, and who is informed."""
    held = []
    for age, rule in enumerate(drawing.rules):
        owner, thing = owner_of(drawing, rule)
        gone = owner is None or owner in drawing.inactive | drawing.handed_back
        if not gone and is_here(drawing, rule) and fits(drawing, rule):
            held.append(((-rule.priority, -precision(rule), age), rule.role, owner, thing))
    held.sort()
    first = next((one for one in held if one[1] == "responsible"), None)
    organisation = first[2] if first else None
    informed = [one[2] for one in held if one[1] == "informed" and one[2] != organisation]
    return Expected(
        organisation=organisation,
        rule=first[0][2] if first else None,
        thing=first[3] if first else None,
        informed=[str(name) for name in dict.fromkeys(informed)],
    )


def is_here(drawing: Drawing, rule: DrawnRule) -> bool:
    """Whether the point lies in the rule's place."""
    if rule.area is not None:
        return bool(drawing.areas[rule.area].shape.covers(drawing.point))
    if rule.division is not None:
        return any(area.shape.covers(drawing.point) for area in drawing.areas if area.division == rule.division)
    return True


def fits(drawing: Drawing, rule: DrawnRule) -> bool:
    """Answers, days, hours and dates."""
    clock = drawing.at.time()
    begins, ends = rule.hours or (time(0), time(0))
    in_hours = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    return (
        (not rule.answers or drawing.answer in rule.answers)
        and (not rule.weekdays or drawing.at.isoweekday() in rule.weekdays)
        and in_hours
        and (rule.valid_from is None or rule.valid_from <= drawing.day)
    )


def owner_of(drawing: Drawing, rule: DrawnRule) -> tuple[str | None, int | None]:
    """(who answers by this rule, the thing that it found); nobody when it finds nothing."""
    if rule.asks is None:
        return rule.organisation, None
    how, register = rule.asks
    here = standing(drawing, register)
    if drawing.chosen in {n for n, _thing in here} or how == "this":
        here = [(n, thing) for n, thing in here if n == drawing.chosen]
    elif how == "inside":
        here = [(n, thing) for n, thing in here if shapely.covers(thing.shape, drawing.point)]
    else:
        away = [(round(metres(thing.shape, drawing.point), 3), str(n), n, thing) for n, thing in here]
        here = [(n, thing) for distance, _key, n, thing in sorted(away, key=lambda one: one[:2])
                if distance <= WITHIN[register]]  # fmt: skip
    if not here:
        return None, None
    number, thing = here[0]
    return rule.organisation or thing.keeper, number


def precision(rule: DrawnRule) -> int:
    """Category, register, area, division, answers, times: each worth more than all the later ones."""
    has_place = rule.area is not None or rule.division is not None
    has_times = bool(rule.hours or rule.weekdays or rule.valid_from)
    asked = [rule.category, rule.asks is not None, rule.area is not None, has_place, bool(rule.answers), has_times]
    return int("".join("1" if one else "0" for one in asked), 2)
