"""Icons, glyphs of states and silhouettes of marks, as the inner part of an SVG.

Shape leads, colour repeats: a circle waits, a diamond moves, a square is done, an outline is closed
without work.
"""

import json
from functools import cache
from pathlib import Path

from django.conf import settings

from openmap.icon_shapes import ICONS

__all__ = ["FALLBACK", "ICONS", "MARKS", "STATES", "all_icon_names", "icon_paths"]

FALLBACK = "pin"


def _line(width: float, color: str = "currentColor") -> str:
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'fill="none" stroke="{color}" stroke-width="{width}" {ends}'


def _cut(width: float) -> str:
    """A line that shows the badge's background through a filled shape."""
    return _line(width, "var(--glyph, #fff)")


_CIRCLE = f'<circle cx="8" cy="8" r="6" {_line(1.8)}/>'
_SOLID = 'fill="currentColor" stroke="currentColor" stroke-linejoin="round"'
_DIAMOND = f'<path d="M8 .8 15.2 8 8 15.2.8 8z" {_SOLID}/>'
_SQUARE = '<rect x="1.5" y="1.5" width="13" height="13" rx="3" fill="currentColor"/>'

# 16 × 16. The names of issues.states.State, then what is said of a promise.
STATES: dict[str, str] = {
    "new": _CIRCLE,
    "accepted": f'{_CIRCLE}<path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>',
    "reopened": (
        '<circle cx="8" cy="8" r="7" fill="currentColor"/>'
        f'<path d="M11.3 8.2a3.3 3.3 0 1 1-1-2.5M11.3 3.8v2.3H9" {_cut(1.5)}/>'
    ),
    "in_progress": _DIAMOND,
    "waiting": f'{_DIAMOND}<path d="M6.6 6v4M9.4 6v4" {_cut(1.6)}/>',
    "done": f'{_SQUARE}<path d="m4.7 8.2 2.2 2.2 4.4-4.6" {_cut(1.8)}/>',
    "confirmed": f'{_SQUARE}<path d="m3.3 8.4 2 2 4-4.5M7.9 9.9l.6.6 4-4.5" {_cut(1.5)}/>',
    "rejected": (f'<path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5zM5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6" {_line(1.5)}/>'),
    "withdrawn": (
        f'<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.6 2.2" {_line(1.5)}/><path d="M5.2 8h5.6" {_line(1.6)}/>'
    ),
    "duplicate": (
        f'<rect x="1.5" y="1.5" width="9" height="9" rx="2" {_line(1.5)}/>'
        f'<path d="M13 5.5h.5a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-7a1 1 0 0 1-1-1V13" {_line(1.5)}/>'
    ),
    "forwarded": f'{_DIAMOND}<path d="M5 8h6M8.8 5.7 11 8l-2.2 2.3" {_cut(1.5)}/>',
    "late": (f'<path d="M8 1.2 15.3 14.3H.7z" {_SOLID}/><path d="M8 6v3.6M8 11.9v.01" {_cut(1.7)}/>'),
    "soon": f'<circle cx="8" cy="8" r="6.2" {_line(1.6)}/><path d="M8 4.6V8l2.3 1.5" {_line(1.6)}/>',
}

# 36 × 44, the tip at (18, 42.5): families of states, then other kinds of thing.
MARKS: dict[str, str] = {
    "wait": "M18 42.5C12 34.5 3.5 27 3.5 16.5a14.5 14.5 0 0 1 29 0C32.5 27 24 34.5 18 42.5z",
    "work": "M18 1.8 33.8 17.2 18 42.5 2.2 17.2z",
    "done": (
        "M8 2.5h20a4.5 4.5 0 0 1 4.5 4.5v20a4.5 4.5 0 0 1-4.5 4.5h-4.5L18 42.5l-5.5-11H8A4.5 4.5 0 0 1 3.5 27"
        "V7A4.5 4.5 0 0 1 8 2.5z"
    ),
    "shut": "M18 42.5C12 34.5 3.5 27 3.5 16.5a14.5 14.5 0 0 1 29 0C32.5 27 24 34.5 18 42.5z",
    "none": (
        "M9.5 6h17a4.5 4.5 0 0 1 4.5 4.5v15a4.5 4.5 0 0 1-4.5 4.5h-6L18 42.5 15.5 30h-6A4.5 4.5 0 0 1 5 25.5v-15"
        "A4.5 4.5 0 0 1 9.5 6z"
    ),
    "petition": "M5.5 2.5h25l2 2V24c0 8-9 12-14.5 18.5C12.5 36 3.5 32 3.5 24V4.5z",
    "consult": ("M11 3h14a9 9 0 0 1 9 9v9a9 9 0 0 1-9 9h-6L9.5 40.5 10.5 30A9 9 0 0 1 2 21v-9a9 9 0 0 1 9-9z"),
    "budget": "M18 1.8 33.5 14v18.5H23L18 42.5l-5-10H2.5V14z",
    "works": "M18 3 34.5 33h-33z",
}


def _inner_svg(shapes: list[tuple[str, dict[str, str]]]) -> str:
    drawn = []
    for tag, attributes in shapes:
        written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        drawn.append(f"<{tag} {written}/>")
    return "".join(drawn)


@cache
def _lucide() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Shapes of the Lucide set by name; empty while the browser libraries are not installed."""
    file = Path(settings.NPM_ROOT) / "lucide-static" / "icon-nodes.json"
    if not file.exists():
        return {}
    shapes: dict[str, list[tuple[str, dict[str, str]]]] = json.loads(file.read_text(encoding="utf-8"))
    return shapes


@cache
def icon_paths(name: str) -> str:
    """Inner SVG of an icon, drawn in a 24 × 24 box: our own, else Lucide's, else a pin."""
    if name in ICONS:
        return ICONS[name]
    shapes = _lucide().get(name)
    return _inner_svg(shapes) if shapes else ICONS[FALLBACK]


def all_icon_names() -> frozenset[str]:
    """Every name that `icon_paths` draws as something of its own."""
    return frozenset(ICONS) | frozenset(_lucide())
