"""The form of an import of a register: the answers that say what the file holds and where it goes."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from geodata.area_preview import storable
from geodata.candidates import IDENTITY
from geodata.models import Community
from geodata.problems import RefusedError
from geodata.projections import projection
from openmap.area_forms import LONGEST, layer_choices
from openmap.register_jobs import FIELDS
from routing.models import Register

NEW = "+"  # no code of a register
NOTHING = ("", "—")
# What fields are often called, the most telling first.
GUESSES = {
    "key": ("key", "id", "ref", "code", "osm_id", "код", "ід", "№"),
    "name": ("street", "addr:street", "name:uk", "name", "вулиця", "назва"),
    "number": ("house", "housenumber", "addr:housenumber", "number", "ref", "номер", "будинок"),
    "keeper": ("keeper", "manager", "operator", "owner", "управитель", "балансоутримувач", "власник"),
    "edrpou": ("edrpou", "keeper_edrpou", "єдрпоу", "код єдрпоу"),
    "entrances": ("entrances", "під'їзди", "під’їзди", "під'їздів"),
}


class RegisterAnswersForm(forms.Form):
    """What the file holds and what to do with it. `file` is what a job read of it."""

    register = forms.ChoiceField(label=_("Register"))
    new_code = forms.SlugField(
        label=_("Code of the new register"),
        max_length=60,
        required=False,
        help_text=_("Latin letters, digits, hyphens: houses."),
    )
    new_name = forms.CharField(label=_("Name of the new register"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("What the new register holds"), choices=Register.Kind.choices, required=False)
    layer = forms.ChoiceField(
        label=_("Layer"), required=False, help_text=_("Another layer has other fields: they are asked anew.")
    )
    lon = forms.ChoiceField(label=_("Column with the longitude"), required=False)
    lat = forms.ChoiceField(
        label=_("Column with the latitude"),
        required=False,
        help_text=_(
            "Leave both empty for a list without places: what is known stays where it is, and what the list has "
            "no column for stays as it is."
        ),
    )
    key = forms.ChoiceField(
        label=_("Field with the key"),
        help_text=_("It names the same thing in every file: by it an import finds what has changed."),
    )
    name = forms.ChoiceField(label=_("Field with the name, or the street of a house"), required=False)
    number = forms.ChoiceField(label=_("Field with the number of the house, the lamp…"), required=False)
    keeper = forms.ChoiceField(label=_("Field with the name of the keeper"), required=False)
    edrpou = forms.ChoiceField(label=_("Field with the ЄДРПОУ code of the keeper"), required=False)
    entrances = forms.ChoiceField(label=_("Field with the number of entrances"), required=False)
    kept = forms.MultipleChoiceField(
        label=_("Other fields to keep"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Staff see them beside the thing. Keep none that names people: residents, their telephones."),
    )
    crs = forms.CharField(
        label=_("Reference system"),
        max_length=40,
        required=False,
        help_text=_("Only if the file does not say it, or says it wrong: EPSG:6384."),
    )
    valid_from = forms.DateField(
        label=_("First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("From this day on what changed is in force; the earlier versions end and are kept."),
    )
    close_missing = forms.BooleanField(
        label=_("End what is not in the file"), required=False, help_text=_("Otherwise it stays.")
    )

    def __init__(self, *args: Any, community: Community, file: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registers = {row.code: row for row in Register.objects.filter(community=community).order_by("name")}
        existing = [(row.code, f"{row.name} ({row.get_kind_display()})") for row in self.registers.values()]
        # A file of lamps must not go into the houses because they stand first.
        unsaid = [("", _("choose…"))] if existing else []
        self._choices("register", [*unsaid, *existing, (NEW, _("a new register"))])
        self.fields["valid_from"].initial = timezone.localdate(timezone=ZoneInfo(community.time_zone))
        if len(file["layers"]) > 1:
            self._choices("layer", layer_choices(file["layers"]))
        else:
            del self.fields["layer"]
        known = [(field["name"], _told(field)) for field in file["fields"]]
        for name in ("lon", "lat"):
            if file.get("is_table"):
                self._choices(name, [NOTHING, *known])
            else:
                del self.fields[name]
        if not file["format"]:
            for name in ("key", *FIELDS, "kept"):
                del self.fields[name]
            return
        own = [] if file.get("is_table") else [(IDENTITY, _("the feature’s own id"))]
        self._choices("key", [("", _("choose…")), *known, *own])
        for name in FIELDS:
            self._choices(name, [NOTHING, *known])
        self._choices("kept", known)

    def clean_crs(self) -> str:
        """Raises ValidationError for a system that is not known."""
        given: str = self.cleaned_data["crs"].strip()
        try:
            if given:
                projection(given)
        except RefusedError as refusal:
            raise forms.ValidationError(refusal.problem.text) from refusal
        return given

    def clean(self) -> dict[str, Any]:
        """An existing register, or the code, the name and the kind of a new one; both columns of places, or none."""
        given = self.cleaned_data
        for one, other in (("lon", "lat"), ("lat", "lon")):
            if given.get(one) and not given.get(other) and other in self.fields and other not in self.errors:
                self.add_error(other, _("A place needs both columns: choose this one too, or none."))
        if given.get("register") == NEW:
            if not given.get("new_code") and "new_code" not in self.errors:
                self.add_error("new_code", _("Give the new register a code, or choose a register above."))
            if given.get("new_code") in self.registers:
                self.add_error("new_code", _("There is a register with this code: choose it above."))
            if not given.get("new_name") and "new_name" not in self.errors:
                self.add_error("new_name", _("Give the new register a name."))
            if not given.get("kind") and "kind" not in self.errors:
                self.add_error("kind", _("Say what the new register holds."))
        return given

    def parameters(self) -> dict[str, Any]:
        """The parameters of the job that reads the file. The form must be valid."""
        given = self.cleaned_data
        is_complete = "key" in self.fields
        return {
            "typed": {name: self._typed(name) for name in self.fields},
            "read": {name: given.get(name, "") for name in ("crs", "layer", "lon", "lat")},
            "answers": self._answers() if is_complete else None,
        }

    def _typed(self, name: str) -> str | list[str]:
        """What stands in the field, as it was sent."""
        if name == "kept":
            return [storable(chosen)[:LONGEST] for chosen in self.cleaned_data[name]]
        return storable(str(self.data.get(name, "")))[:LONGEST]

    def _answers(self) -> dict[str, Any]:
        given = self.cleaned_data
        is_new = given["register"] == NEW
        return {
            "register": given["new_code"] if is_new else given["register"],
            "register_name": given["new_name"] if is_new else "",
            "kind": given["kind"] if is_new else self.registers[given["register"]].kind,
            "valid_from": given["valid_from"].isoformat(),
            **{name: given[name] for name in ("key", *FIELDS, "kept", "close_missing")},
        }

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def guesses(file: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that probably hold what is asked, the layer that was read, the columns of a table. A key tells things
    apart: a field in which two have the same is none."""
    fields = {field["name"].casefold(): field["name"] for field in file["fields"]}
    keys = {field["name"] for field in file["fields"] if field.get("tells_apart", True)}
    found = {asked: next((fields[name] for name in names if name in fields), "") for asked, names in GUESSES.items()}
    found["key"] = next((fields[name] for name in GUESSES["key"] if fields.get(name) in keys), "")
    if found["number"] == found["key"]:
        found["number"] = ""
    return found | {"layer": file["layer"], "lon": file.get("lon", ""), "lat": file.get("lat", "")}


def _told(field: Mapping[str, str]) -> str:
    return f"{field['name']}: {field['examples']} …" if field["examples"] else field["name"]
