"""Small parts of pages: `{% load parts %}`. openmap/templates/parts_page.html shows every one of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from geodata.models import local_name as name_in_language
from issues.states import GROUPS, State
from openmap.icons import MARKS, STATES, icon_paths

register = template.Library()

HUE_STEP = 8  # degrees; openmap/css/hues.css has one class per step
COMMUNITY_HUE = 256
LOUD_STATES = {"late", State.REOPENED}  # drawn in the colour of what is late
GLYPH_COLORS = {"soon": "work", "forwarded": "work"}


def _css(*names: str) -> str:
    return " ".join(name for name in names if name)


def _svg(box: str, css: str, inner: str) -> SafeString:
    drawing = mark_safe(inner)  # noqa: S308 (drawings come from our own files)
    return format_html('<svg class="{}" viewBox="0 0 {}" aria-hidden="true">{}</svg>', css, box, drawing)


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon, hidden from screen readers: a word or an accessible name stands beside it."""
    return _svg("24 24", _css("i", css), icon_paths(name))


@register.simple_tag
def glyph(state: str, css: str = "") -> SafeString:
    """The shape of a state. Raises KeyError for a state that has none."""
    return _svg("16 16", _css("g", css), STATES[str(state)])


@register.simple_tag
def mark_shape(group: str, css: str = "") -> SafeString:
    """Silhouette of a mark on the map, filled with the colour of its family of states or kind."""
    return _svg("36 44", _css("mark-shape", f"is-{group}", css), f'<path d="{MARKS[str(group)]}"/>')


@register.filter
def has_own_mark(layer: str) -> bool:
    """True for a kind of thing whose marks have a silhouette of their own, whatever the state."""
    return layer in MARKS


@register.simple_tag
def layer_mark(layer: Mapping[str, Any], css: str = "") -> SafeString:
    """Silhouette that stands for a whole layer: its own, else that of things that wait, or of things without states."""
    kind = layer["name"] if layer["name"] in MARKS else "wait" if layer["groups"] else "none"
    return mark_shape(kind, css)


@register.filter
def state_color(state: str) -> str:
    """Class of a state's colour, `is-done` for example."""
    if state in LOUD_STATES:
        return "is-late"
    return f"is-{GLYPH_COLORS.get(state) or GROUPS[State(state)].value}"


@register.simple_tag
def state_badge(state: str, text: str = "", css: str = "") -> SafeString:
    """A state as colour, shape and word; `text` replaces the state's own word."""
    word = text or State(state).label
    return format_html('<span class="{}">{}{}</span>', _css("state", state_color(state), css), glyph(state), word)


@register.filter
def hue_class(degrees: int | str | None) -> str:
    """Class of hues.css for an accent hue, rounded to the nearest step; the service's own hue for none."""
    if degrees is None or degrees == "":
        degrees = COMMUNITY_HUE
    return f"hue-{round(int(degrees) / HUE_STEP) * HUE_STEP % 360}"


@register.filter
def local_name(row: Any) -> str:
    """`row.name`, or its English name on English pages when it has one."""
    return name_in_language(row, get_language() or "uk")


@register.filter
def numero(number: int) -> str:
    """“№ 42”, held together by a space that does not break."""
    return f"№\N{NO-BREAK SPACE}{number}"


@register.filter
def nice_day(day: date | datetime | None) -> str:
    """“25 листопада”; with the year when it is not the current one."""
    if day is None:
        return ""
    if isinstance(day, datetime):
        day = timezone.localtime(day).date()
    this_year = day.year == timezone.localdate().year
    return date_format(day, _("j E") if this_year else _("j E Y"))


@register.filter
def nice_moment(moment: datetime | None) -> str:
    """“18 листопада, 11:05”, in the current time zone."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{nice_day(local)}, {date_format(local, 'G:i')}"
