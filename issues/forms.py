"""What residents and organisations send about a report, checked next to where it was typed."""

import re
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from geodata.models import WGS84, Community
from issues.models import MAX_TEXT
from issues.places import example
from routing.models import Category

COORDINATES = re.compile(r"(-?\d{1,3}(?:[.,]\d+)?)(?:\s*[,;]\s*|\s+)(-?\d{1,3}(?:[.,]\d+)?)")
LONGEST_COORDINATES = 64  # characters; map programs copy half as many


class WordsField(forms.CharField):
    """Words of several lines. A line break counts as one character, as browsers count it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class ReportForm(forms.Form):
    """A new report. The place is lon and lat, or coordinates (latitude, longitude) typed into the address field."""

    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    address = forms.CharField(required=False, max_length=300, label=_("Address or coordinates"))
    category: "forms.ModelChoiceField[Category]" = forms.ModelChoiceField(
        queryset=None,  # set for the community
        to_field_name="code",
        label=_("What is it about?"),
        error_messages={
            "required": _("Choose what the problem is about."),
            "invalid_choice": _("This kind of problem can no longer be chosen. Choose another."),
        },
    )
    text = WordsField(
        label=_("Describe it in a sentence or two"),
        widget=forms.Textarea,
        validators=[MaxLengthValidator(MAX_TEXT)],
        error_messages={"required": _("Write what happened: a few words are enough.")},
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label=_("Your e-mail"),
        error_messages={"invalid": _("Something is missing in this address. Example: olena@example.com")},
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = Category.objects.filter(community=community, is_active=True)
        self.fields["category"].queryset = choices  # type: ignore[attr-defined]
        ask = _("Show the place: tap the map, or type coordinates like %(example)s.")
        self._asks_for_place = ask % {"example": example(community)}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lon, lat = data.get("lon"), data.get("lat")
        if lon is None or lat is None:
            lon, lat = coordinates_in(data.get("address", "")) or (None, None)
        if lon is None or lat is None:
            if "address" not in self.errors:
                self.add_error("address", self._asks_for_place)
        else:
            data["point"] = Point(lon, lat, srid=WGS84)
        return data


def coordinates_in(text: str) -> tuple[float, float] | None:
    """(lon, lat) from “lat, lon” in degrees, as map programs copy them; None when the text is something else."""
    text = text.strip()
    match = COORDINATES.fullmatch(text) if len(text) <= LONGEST_COORDINATES else None
    if not match:
        return None
    lat, lon = (float(part.replace(",", ".")) for part in match.groups())
    return (lon, lat) if abs(lat) <= 90 and abs(lon) <= 180 else None


class WordsForm(forms.Form):
    """A move by a secret link: what to do, and the words for it."""

    do = forms.CharField(max_length=20)
    text = WordsField(
        required=False,
        widget=forms.Textarea,
        validators=[MaxLengthValidator(MAX_TEXT)],
        label=_("Your words"),
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        return text
