"""A still picture of a place: the drawn base map as SVG, for pages without script and for small maps in text.

The same geometry and colours as the live map. Colours are attributes for the light scheme; one style element turns
them over for readers of a dark scheme. Its text never changes, so a Content-Security-Policy can name its hash.
"""

import base64
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from geodata.base_shapes import shape_params, shapes_sql
from geodata.boxes import Box, Corner, box_around, pixel_of, shown, to_mercator
from geodata.icons import mark_outline
from geodata.models import Community
from geodata.replica import reading

WIDTH, HEIGHT = 800, 560  # px
MARGIN = 24  # px beyond the edge, so that cut ends of streets and borders stay out of sight
NARROWEST = 1e-7  # degrees from west to east; past it the pixels of a picture run out of decimals
CLOSEST = 30  # the zoom at which a narrower place is drawn: the picture is 0.000001° wide
EQUATOR = 40_075_016.685_578_5  # metres around web mercator's world
HOUSES_TO = 2.6  # metres on the ground in one pixel; past it houses and small streets are noise
STREETS_TO = 12.0
NAMES = 40
LETTERS = 13  # px high, before they are made larger
LETTER = 0.62  # of its height: the width of a letter, about


@dataclass(frozen=True, slots=True)
class Look:
    """How one kind is drawn. Widths in metres on the ground, or in pixels for lines that do not scale."""

    kind: str
    style: str  # class: the name of a colour in COLOURS
    metres: float = 0.0
    pixels: float = 0.0  # of the line, or added on both sides to `metres`
    dashes: str = ""
    most: float = 1e9  # metres in a pixel; beyond it the kind is left out


# From the bottom up.
LOOKS = (
    Look("land", "land"),
    Look("park", "park"),
    Look("water", "water"),
    Look("street", "edge", metres=7, pixels=1.6, most=HOUSES_TO),
    Look("road", "edge", metres=13, pixels=2),
    Look("street", "way", metres=7, most=STREETS_TO),
    Look("rail", "rail", pixels=3),
    Look("rail", "sleeper", pixels=1.6, dashes="6 6"),
    Look("road", "way", metres=13),
    Look("building", "house", most=HOUSES_TO),
    Look("area", "rim", pixels=1.2, dashes="1 4"),
    Look("boundary", "rim", pixels=1.6, dashes="7 3 1 3"),
)

# The map's design tokens: light, dark.
COLOURS = {
    "out": ("#e6e7e3", "#12171d"),
    "land": ("#f3f1ec", "#1b2129"),
    "park": ("#dae6d0", "#1d2d27"),
    "water": ("#bed7e5", "#14303f"),
    "edge": ("#d8d2c5", "#141a20"),
    "way": ("#ffffff", "#37424e"),
    "rail": ("#b9b6ae", "#4d5863"),
    "sleeper": ("#f3f1ec", "#1b2129"),
    "house": ("#ded8cd", "#2b333d"),
    "rim": ("#87859c", "#7b7fa0"),
    "name": ("#4c5163", "#c0c7d4"),
    "halo": ("#ffffff", "#171d25"),
    "pin": ("#1f5cc0", "#8fb8ff"),
    "pin-rim": ("#ffffff", "#10161d"),
    "drawn": ("#1f5cc0", "#8fb8ff"),
    "wait": ("#1f5cc0", "#8fb8ff"),
    "work": ("#9d4e00", "#f2b069"),
    "done": ("#19713f", "#76d19c"),
    "shut": ("#57626e", "#a9b4c0"),
    "paper": ("#ffffff", "#171d25"),
}
_STROKED = {"edge", "way", "rail", "sleeper", "rim", "drawn"}
_PIN = "M0 0C-6-8-14.5-15.5-14.5-26a14.5 14.5 0 0 1 29 0C14.5-15.5 6-8 0 0z"
_MARK_TIP = (18.0, 42.5)  # of the outlines in a box of 36 × 44
_PIN_ROOM = (18.0, 44.0)  # half the width, the height: what a pin covers, in px before it is made larger
_STATES = {"wait", "work", "done", "shut"}


def _dark_scheme() -> str:
    rules = []
    for name, (_light, dark) in COLOURS.items():
        rules.append(f".{name}{{{'stroke' if name in _STROKED else 'fill'}:{dark}}}")
    rules.append(f".name{{stroke:{COLOURS['halo'][1]}}}.pin,.mark{{stroke:{COLOURS['pin-rim'][1]}}}")
    rules.append(f".mark.paper{{stroke:{COLOURS['shut'][1]}}}")
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"


STYLE = _dark_scheme()
STYLE_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'"

# Shapes cut to the picture and drawn in its pixels: one path for each kind, one row for each name.
_PATHS = """
WITH frame AS MATERIALIZED (SELECT ST_MakeEnvelope(%s, %s, %s, %s, 3857) AS cut),
drawn AS MATERIALIZED (
    SELECT kind, name, ST_TransScale(
        ST_ClipByBox2D(ST_Transform(shape, 3857), frame.cut), %s, %s, %s, %s) AS shape
    FROM ({shapes}) shapes, frame
    WHERE kind <> ALL(%s) AND shape && ST_Transform(frame.cut, 4326)
)
SELECT kind, '', string_agg(ST_AsSVG(ST_Simplify(shape, 0.3), 1, 1), '') FROM drawn
WHERE NOT ST_IsEmpty(shape) GROUP BY kind
UNION ALL
(SELECT 'name', name, concat(round(ST_X(middle)), ' ', round(-ST_Y(middle)), ' ', size)
 FROM (SELECT name, ST_PointOnSurface(shape) AS middle, ST_Area(shape) AS size FROM drawn
       WHERE kind = 'area' AND NOT ST_IsEmpty(shape)) named
 ORDER BY size DESC LIMIT %s)
"""


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the picture, in its pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Room") -> bool:
        """True when both have a part in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the middle of its area, in pixels; `size` is the area's."""

    text: str
    x: float
    y: float
    size: float

    def room(self, letters: float) -> Room:
        """What it covers in letters so many pixels high, about."""
        half, air = len(self.text) * letters * LETTER / 2, letters * 0.25
        return Room(self.x - half - air, self.y - letters - air, self.x + half + air, self.y + letters * 0.3 + air)


def picture(
    community: Community,
    box: Box,
    *,
    on: date,
    pin: Corner | None = None,
    state: str = "",
    lettering: float = 1.0,
    outline: Sequence[Sequence[Corner]] = (),
) -> str:
    """SVG text, WIDTH × HEIGHT px, that shows `box` and perhaps a pin at a longitude and latitude.

    `box` is widened to the picture's proportions, as geodata.boxes.point_at expects of a tap on it. `state`: wait,
    work, done or shut gives the pin the outline and the colour of that family of states; anything else, a plain pin.
    `outline`: rings of a shape that is drawn over the ground. `lettering`: how many times larger names and pin are
    drawn, for a page that shows the picture small. Names that would touch a larger area's name, or the pin, are left
    out.
    """
    frame = _frame(box)
    paths, names = _drawn(community, frame, on)
    tip = pixel_of(frame, *pin, WIDTH, HEIGHT) if pin else None
    letters = LETTERS * lettering
    parts = [*_ground(paths, _ground_metres(frame))]
    if outline:
        parts.append(_outline(frame, outline))
    parts += [_name(name, letters) for name in _apart(names, letters, _pin_room(tip, lettering) if tip else None)]
    if tip:
        parts.append(_pin(*tip, state=state, scale=lettering))
    if community.map_credit:
        parts.append(_credit(community.map_credit, letters))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{"".join(parts)}</svg>'


def _outline(frame: Box, rings: Sequence[Sequence[Corner]]) -> str:
    """The rings as one path: holes stay open."""
    pixels = [[pixel_of(frame, *corner, WIDTH, HEIGHT) for corner in ring] for ring in rings]
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "z" for ring in pixels)
    colour = COLOURS["drawn"][0]
    return (
        f'<path class="drawn" fill="{colour}" fill-opacity=".16" fill-rule="evenodd" stroke="{colour}" '
        f'stroke-width="3" stroke-linejoin="round" d="{path}"/>'
    )


def _frame(box: Box) -> Box:
    """What the picture shows: `box` in the picture's proportions, and never so little that it cannot be drawn."""
    frame = shown(box, WIDTH, HEIGHT)
    return frame if frame.east - frame.west > NARROWEST else box_around(frame.centre, CLOSEST, WIDTH, HEIGHT)


def _apart(names: list[Name], letters: float, pin: Room | None) -> list[Name]:
    """Names that touch neither each other nor the pin; the largest area speaks first."""
    taken = [pin] if pin else []
    apart = []
    for name in sorted(names, key=lambda name: -name.size):
        room = name.room(letters)
        if not any(room.meets(other) for other in taken):
            taken.append(room)
            apart.append(name)
    return apart


def _pin_room(tip: tuple[float, float], scale: float) -> Room:
    (x, y), (half, height) = tip, _PIN_ROOM
    return Room(x - half * scale, y - height * scale, x + half * scale, y)


def _ground_metres(frame: Box) -> float:
    """Metres on the ground that one pixel of the picture spans, in its middle."""
    return (frame.east - frame.west) / 360 * EQUATOR / WIDTH * math.cos(math.radians(frame.centre[1]))


def _drawn(community: Community, frame: Box, on: date) -> tuple[dict[str, str], list[Name]]:
    """Paths by kind, and names of areas, in pixels of the picture."""
    west, north = (share - 0.5 for share in to_mercator(frame.west, frame.north))
    per_pixel = (frame.east - frame.west) / 360 * EQUATOR / WIDTH  # metres of web mercator
    west, north = west * EQUATOR, -north * EQUATOR
    edge = MARGIN * per_pixel
    cut = (west - edge, north - HEIGHT * per_pixel - edge, west + WIDTH * per_pixel + edge, north + edge)
    ground = _ground_metres(frame)
    too_small = {look.kind for look in LOOKS} - {look.kind for look in LOOKS if ground <= look.most}
    scale = (-west, -north, 1 / per_pixel, 1 / per_pixel)
    sql = _PATHS.format(shapes=shapes_sql())
    with reading().cursor() as cursor:
        cursor.execute(sql, (*cut, *scale, *shape_params(community, on), sorted(too_small), NAMES))
        rows = cursor.fetchall()
    paths = {kind: path for kind, _none, path in rows if kind != "name"}
    return paths, [Name(name, *map(float, place.split())) for kind, name, place in rows if kind == "name"]


def _ground(paths: dict[str, str], ground: float) -> Iterator[str]:
    """The base map from the bottom up; `ground`: metres in a pixel."""
    yield f'<rect class="out" fill="{COLOURS["out"][0]}" width="{WIDTH}" height="{HEIGHT}"/>'
    for look in LOOKS:
        path = paths.get(look.kind)
        if not path or ground > look.most:
            continue
        colour = COLOURS[look.style][0]
        if look.style not in _STROKED:
            yield f'<path class="{look.style}" fill="{colour}" fill-rule="evenodd" d="{path}"/>'
            continue
        width = look.pixels + (max(look.metres / ground, 0.8) if look.metres else 0)
        dashes = f' stroke-dasharray="{look.dashes}"' if look.dashes else ""
        yield (
            f'<path class="{look.style}" fill="none" stroke="{colour}" stroke-width="{width:.1f}" '
            f'stroke-linejoin="round" stroke-linecap="round"{dashes} d="{path}"/>'
        )


def _name(name: Name, letters: float) -> str:
    return (
        f'<text class="name" x="{name.x:.0f}" y="{name.y:.0f}" text-anchor="middle" font-family="sans-serif" '
        f'font-size="{letters:g}" font-weight="600" fill="{COLOURS["name"][0]}" stroke="{COLOURS["halo"][0]}" '
        f'stroke-width="{letters / 4:g}" stroke-linejoin="round" paint-order="stroke">{escape(name.text)}</text>'
    )


def _credit(text: str, letters: float) -> str:
    """Whose data this is, in the corner and over everything: licences ask that it be seen."""
    return (
        f'<text class="name credit" x="{WIDTH - 6}" y="{HEIGHT - 6}" text-anchor="end" font-family="sans-serif" '
        f'font-size="{letters * 0.85:g}" fill="{COLOURS["name"][0]}" stroke="{COLOURS["halo"][0]}" '
        f'stroke-width="{letters / 4:g}" stroke-linejoin="round" paint-order="stroke">{escape(text)}</text>'
    )


def _pin(x: float, y: float, *, state: str, scale: float) -> str:
    """A pin whose tip stands on the place; in the shape of a mark when the state is known."""
    place = f'<g transform="translate({x:.1f} {y:.1f}) scale({scale:g})">'
    outline = mark_outline(state) if state in _STATES else ""
    if not outline:
        return (
            f'{place}<path class="pin" fill="{COLOURS["pin"][0]}" stroke="{COLOURS["pin-rim"][0]}" stroke-width="2" '
            f'stroke-linejoin="round" d="{_PIN}"/><circle class="pin-rim" fill="{COLOURS["pin-rim"][0]}" cy="-26" '
            'r="5"/></g>'
        )
    body, rim, eye = ("paper", "shut", "shut") if state == "shut" else (state, "pin-rim", "pin-rim")
    left, top = (-part for part in _MARK_TIP)
    return (
        f'{place}<path class="mark {body}" fill="{COLOURS[body][0]}" stroke="{COLOURS[rim][0]}" stroke-width="2.5" '
        f'stroke-linejoin="round" transform="translate({left:g} {top:g})" d="{outline}"/>'
        f'<circle class="{eye}" fill="{COLOURS[eye][0]}" cy="{17 + top:g}" r="5"/></g>'
    )
