"""Forms by which a shape is asked for: a polygon, a circle around a place, a street with what lies along it."""

from collections.abc import Sequence
from typing import Any

import shapely
from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely import MultiLineString, MultiPolygon, Polygon

from geodata.addresses import find_streets
from geodata.boxes import Box
from geodata.models import Community, Street
from geodata.pasted_places import UnreadablePlaceError
from geodata.place_search import place_of_text, search_places
from stats.cover import COARSEST_RIM, LongEdgeError, rim_level
from stats.drawn import Corner, Drawn, circle, square_metres, surroundings, written
from stats.shape_reading import LONGEST, UnreadableShapeError, read_shape

LARGEST = 20_000  # km²: more than any community of Ukraine
SMALLEST = 1  # m²
AROUND = 3.0  # of the community's width and height: how far beyond it a shape may reach
NEAR_CENTRE = 0.5  # degrees, of a community without a boundary
MOST_STREETS = 7


class ShapeForm(forms.Form):
    """A form whose answer is a shape; `drawn` has it once the form is valid. `today` is the community's day."""

    drawn: Drawn | None = None

    def __init__(self, data: Any, *, community: Community, today: Any) -> None:
        self.community, self.today = community, today
        super().__init__(data, auto_id="shape-%s")

    def take(self, field: str, shape: Polygon | MultiPolygon, *, kind: str, title: str, pairs: Sequence[Any]) -> None:
        """Keeps the shape unless it is too small, too large or elsewhere, which the field then tells."""
        words = trouble_of(shape, self.community)
        if words:
            self.add_error(field, words)
        else:
            self.drawn = Drawn(shape, kind, title, tuple(pairs))


class PolygonForm(ShapeForm):
    """A polygon: drawn on the map, which fills this in, or pasted."""

    shape = forms.CharField(
        label=gettext_lazy("Corners or GeoJSON"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "class": "input", "spellcheck": "false"}),
    )

    def clean(self) -> None:
        """The shape."""
        text = self.cleaned_data.get("shape")
        if not text:
            return
        try:
            shape = read_shape(text)
        except UnreadableShapeError as mistake:
            self.add_error("shape", str(mistake))
            return
        self.take("shape", shape, kind="polygon", title=_("Drawn shape"), pairs=[("shape", written(shape))])


class CircleForm(ShapeForm):
    """A circle: its middle is an address, coordinates, a link or a Plus Code."""

    place = forms.CharField(label=gettext_lazy("Address or coordinates"), max_length=500)
    radius = forms.FloatField(label=gettext_lazy("Radius, metres"), min_value=10, max_value=50_000, initial=500)

    def clean(self) -> None:
        """The circle."""
        text, metres = self.cleaned_data.get("place"), self.cleaned_data.get("radius")
        if not text or not metres:
            return
        found = self._middle(text)
        if found is None:
            return
        (lon, lat), name = found
        told = {"metres": f"{metres:g}", "place": name or f"{lat:.5f}, {lon:.5f}"}
        pairs = [("circle", f"{lon:.6f},{lat:.6f},{metres:g}")]
        title = _("%(metres)s m around %(place)s") % told
        self.take("place", circle((lon, lat), metres), kind="circle", title=title, pairs=pairs)

    def _middle(self, text: str) -> tuple[Corner, str] | None:
        """The place, and what it is called unless by its coordinates."""
        try:
            pasted = place_of_text(text, self.community)
        except UnreadablePlaceError as mistake:
            self.add_error("place", mistake.words)
            return None
        if pasted:
            return pasted.corner, ""
        options = search_places(text, community=self.community, on=self.today).options
        if not options:
            self.add_error("place", _("Nothing was found. Write it shorter, or coordinates: 49.2200, 28.4600."))
            return None
        return options[0].place, options[0].address or options[0].label


class StreetForm(ShapeForm):
    """A street with all that is so near to it. `choices`: streets of which one may be meant."""

    street = forms.CharField(label=gettext_lazy("Street"), max_length=200)
    buffer = forms.FloatField(label=gettext_lazy("On both sides, metres"), min_value=1, max_value=2_000, initial=50)
    choices: Sequence[Street] = ()

    def clean(self) -> None:
        """The surroundings."""
        text, metres = self.cleaned_data.get("street"), self.cleaned_data.get("buffer")
        street = self._street(text) if text and metres else None
        if street is None or metres is None:
            return
        path = Street.objects.values_list("path", flat=True).get(pk=street.pk)
        if path is None:
            self.add_error("street", _("Where this street runs is not known, only its houses. Draw it on the map."))
            return
        line = shapely.from_wkb(bytes(path.wkb))
        if not isinstance(line, MultiLineString):
            raise TypeError(f"{type(line)} is no line.")
        pairs = [("street", street.key), ("buffer", f"{metres:g}")]
        title = _("%(street)s and %(metres)s m on both sides") % {"street": street, "metres": f"{metres:g}"}
        self.take("street", surroundings(line, metres), kind="street", title=title, pairs=pairs)

    def _street(self, text: str) -> Street | None:
        known = Street.objects.filter(key=text).first()
        if known:
            return known
        found = find_streets(text, community=self.community)
        exact = [street for street, is_exact in found if is_exact]
        if len(exact) == 1 or len(found) == 1:
            return exact[0] if exact else found[0][0]
        self.choices = [street for street, _is_exact in found][:MOST_STREETS]
        words = _("Several streets are called so: choose one.") if self.choices else _("There is no such street here.")
        self.add_error("street", words)
        return None


FORMS: dict[str, type[ShapeForm]] = {"shape": PolygonForm, "place": CircleForm, "street": StreetForm}


def forms_of(query: MultiValueDict[str, str], community: Community, today: Any) -> dict[str, ShapeForm]:
    """All three; the one that the address fills is bound. Call it inside the community's scope."""
    data = {name: value.replace("\0", "") for name, value in query.items() if isinstance(value, str)}
    if "circle" in data:
        lon, lat, radius = (*data["circle"].split(","), "", "", "")[:3]
        data |= {"place": f"{lat}, {lon}", "radius": radius}
    asked = next((name for name in FORMS if name in data), None)
    return {
        name: form(data if name == asked else None, community=community, today=today) for name, form in FORMS.items()
    }


def trouble_of(shape: Polygon | MultiPolygon, community: Community) -> str:
    """Why nothing can be counted in this shape, in words; "" when it can."""
    size = square_metres(shape)
    if size < SMALLEST:
        return _("The shape is smaller than a square metre.")
    if size > LARGEST * 1e6:
        return _("The shape is larger than %(most)s km².") % {"most": f"{LARGEST:,}".replace(",", " ")}
    try:
        rim_level(shape, finest=COARSEST_RIM)
    except LongEdgeError:
        return _("This shape's edge is too long to be counted at once: give it fewer or shorter teeth, or part it.")
    around, own = _neighbourhood(community), Box(*shapely.bounds(shape).tolist())
    if own.west < around.west or own.east > around.east or own.south < around.south or own.north > around.north:
        return _("The shape reaches far beyond the community.")
    return ""


def _neighbourhood(community: Community) -> Box:
    bounds = community.bounds()
    if not bounds:
        centre = community.centre
        return Box(centre.x - NEAR_CENTRE, centre.y - NEAR_CENTRE, centre.x + NEAR_CENTRE, centre.y + NEAR_CENTRE)
    west, south, east, north = bounds
    across, along = (east - west) * AROUND, (north - south) * AROUND
    return Box(west - across, south - along, east + across, north + along)
