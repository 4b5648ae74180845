"""What residents and organisations send about a report, checked next to where it was typed."""

import re
from datetime import date
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.core.validators import MaxLengthValidator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from geodata.boxes import Corner
from geodata.models import WGS84, Community
from geodata.pasted_places import UnreadablePlaceError
from geodata.place_search import is_place, place_of_text, search_places
from issues import assets, place_choice, questions
from issues.models import MAX_NAME, MAX_TEXT
from issues.places import example
from issues.proof import LONGEST
from issues.tapmap import number
from routing.models import Asset, Category, Register
from routing.offered import category_called

COORDINATES = re.compile(r"(-?\d{1,3}(?:[.,]\d+)?)(?:\s*[,;]\s*|\s+)(-?\d{1,3}(?:[.,]\d+)?)")
LONGEST_COORDINATES = 64  # characters; map programs copy half as many


class WordsField(forms.CharField):
    """Words of several lines. A line break counts as one character, as browsers count it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class DecoyField(forms.CharField):
    """Stands where nobody sees it. Programs fill in what they find; when this is filled, it is shown and explained, so
    that a person whose browser did it can go on."""

    def __init__(self) -> None:
        super().__init__(required=False, label=_("Leave this field empty"))

    def clean(self, value: Any) -> str:
        if value:
            raise forms.ValidationError(
                _("A program seems to have filled in this field. Please empty it and send once more.")
            )
        return ""


class CategoryField(forms.Field):
    """The code of a category; cleaned, the category of that code, which the form has looked up."""

    chosen: Category | None = None

    def to_python(self, value: Any) -> Category | None:
        """Raises ValidationError for what nobody may choose."""
        if value in self.empty_values:
            return None
        if self.chosen is None or self.chosen.code != value:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return self.chosen


class PlaceForm(forms.Form):
    """A place, a category, and what the category asks. The place is lon and lat, or coordinates (latitude, longitude)
    typed into the address field, or else that of the chosen house."""

    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    address = forms.CharField(required=False, max_length=2000, label=_("Address or coordinates"))
    suggested = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)  # the address that we wrote
    category = CategoryField(
        label=_("What is it about?"),
        error_messages={
            "required": _("Choose what the problem is about."),
            "invalid_choice": _("This kind of problem can no longer be chosen. Choose another."),
        },
    )

    def __init__(self, *args: Any, community: Community, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on, self._community = on, community
        ask = _("Show the place: tap the map, or type coordinates like %(example)s.")
        self._asks_for_place = ask % {"example": example(community)}
        named = str(self["category"].value() or "")
        self.chosen_category = category_called(named, community=community)
        self.fields["category"].chosen = self.chosen_category  # type: ignore[attr-defined]
        self._questions = questions.Questions(self.chosen_category, self.data or self.initial, on=on)
        self.fields |= self._questions.fields()
        if self.register:
            self.fields |= _fields_of_register(self.register)

    @cached_property
    def register(self) -> Register | None:
        """The register that the resident chooses from, when it holds anything."""
        register = self.chosen_category.register if self.chosen_category else None
        return register if register and assets.offers(register, self._on) else None

    @property
    def place(self) -> Corner | None:
        """Longitude and latitude that the form holds so far, or None."""
        lon, lat = number(self["lon"].value()), number(self["lat"].value())
        if (lon or lat) and abs(lon) <= 180 and abs(lat) <= 90:
            return lon, lat
        return place_choice.pasted_in(str(self["address"].value() or ""), self._community)

    def place_of(self, choice: str) -> Corner | None:
        """A point on that one of the register that the category asks about; None when there is none."""
        asset = assets.chosen_of(self.register, choice, self._on) if self.register else None
        return assets.point_on(asset) if asset else None

    @cached_property
    def offer(self) -> assets.Offer | None:
        """What may be chosen of the register, when one is asked."""
        if self.register is None:
            return None
        return assets.offer(
            self.register,
            choice=str(self["asset"].value() or ""),
            point=assets.as_point(self.place),
            text=questions.sought_in(self["find"].value()),
            day=self._on,
        )

    @property
    def questions(self) -> list[questions.Asked]:
        """The questions of the category, with what was answered."""
        return self._questions.asked(self, assets.as_point(self.place))

    @property
    def questions_shown(self) -> str:
        """Names of the questions that the page shows."""
        return " ".join(self._questions.names_shown)

    @property
    def has_open_questions(self) -> bool:
        """True when something by which it is decided is not answered, or not well. For a form that was checked."""
        return bool({*self._questions.deciding, "asset"} & self.errors.keys())

    @property
    def has_unseen_questions(self) -> bool:
        """True when something is open that the page did not show before it was sent. For a form that was checked."""
        code = self.chosen_category.code if self.chosen_category else ""
        if self.data.get("asked") != code:
            return any(name.startswith(questions.PREFIX) or name == "asset" for name in self.errors)
        if "asked-shown" not in self.data:
            return False
        seen = set(self.data["asked-shown"].split())
        return any(name.startswith(questions.PREFIX) and name not in seen for name in self.errors)

    @property
    def entrances(self) -> list[str]:
        """Numbers of the entrances to choose from; none when they are not known, or something else was typed."""
        known = [str(number) for number in (self.offer and self.offer.entrances) or ()]
        return known if str(self["entrance"].value() or "") in {"", *known} else []

    def clean_asset(self) -> Asset | None:
        choice = self.cleaned_data["asset"]
        if choice == assets.NONE or self.register is None:
            return None
        if not choice:
            raise forms.ValidationError(_("Choose one, or say that it is not in the list."))
        found = assets.chosen_of(self.register, choice, self._on)
        if found is None:
            raise forms.ValidationError(_("What you chose is no longer in the list. Choose again."))
        return found

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if len(address) > place_choice.MOST_ADDRESS and not is_place(address):
            most = {"most": place_choice.MOST_ADDRESS}
            raise forms.ValidationError(_("An address has no more than %(most)s characters."), params=most)
        return address

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        lon, lat = data.get("lon"), data.get("lat")
        if lon is not None and lat is not None:
            data["point"] = Point(lon, lat, srid=WGS84)
        elif "address" not in self.errors:
            self._place_by_words(data)
        data["answers"] = questions.answers_from(data)
        return data

    def _place_by_words(self, data: dict[str, Any]) -> None:
        """The point that the address field names, or beside it why there is none."""
        address = data.get("address", "")
        try:
            pasted = place_of_text(address, self._community)
        except UnreadablePlaceError as mistake:
            self.add_error("address", mistake.words)
            return
        if pasted:
            data["point"] = Point(*pasted.corner, srid=WGS84)
        elif address and search_places(address, community=self._community, on=self._on).options:
            self.add_error("address", _("Choose the place among those that were found, or show it on the map."))
        else:
            self.add_error("address", self._asks_for_place)


class ReportForm(PlaceForm):
    """A new report."""

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
        error_messages={"invalid": _("This is no e-mail address. Example: olena@example.com")},
    )
    name = forms.CharField(required=False, max_length=MAX_NAME, label=_("Your name"))
    shows_name = forms.BooleanField(required=False)
    proof = forms.CharField(required=False, max_length=LONGEST, widget=forms.HiddenInput)
    proof_work = forms.CharField(required=False, max_length=LONGEST, widget=forms.HiddenInput)
    homepage = DecoyField()
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)
    unseen = forms.BooleanField(required=False, widget=forms.HiddenInput)  # sent when there was no network to see it
    sure = forms.CharField(required=False, max_length=200)  # the place that was looked at closely

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        asset: Asset | None = data.get("asset")
        entrance = data.get("entrance", "")
        if asset and asset.entrances and entrance not in {"", *map(str, range(1, asset.entrances + 1))}:
            words = _("This house has entrances from 1 to %(last)s.") % {"last": asset.entrances}
            self.add_error("entrance", words)
        return data


def _fields_of_register(register: Register) -> dict[str, forms.Field]:
    """The choice of one of the register, and for houses the entrance and the flat."""
    fields: dict[str, forms.Field] = {
        "find": forms.CharField(required=False),
        "asset": forms.CharField(required=False, max_length=20),
        "pinned": forms.CharField(required=False, max_length=20, widget=forms.HiddenInput),
    }
    if register.kind == Register.Kind.BUILDINGS:
        fields["entrance"] = forms.CharField(required=False, max_length=10, label=_("Entrance"))
        fields["flat"] = forms.CharField(required=False, max_length=20, label=_("Flat"))
    return fields


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
