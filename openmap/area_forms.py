"""The form of an import of areas: its file, and the answers that say what the file holds."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from geodata.actions import boundary_too_early
from geodata.area_preview import storable
from geodata.candidates import IDENTITY, NUMBER
from geodata.features import ALL_LAYERS
from geodata.models import Community, Division
from geodata.problems import RefusedError
from geodata.projections import projection
from geodata.reading import MAX_BYTES

MEGABYTE = 2**20
NEW_DIVISION = "@new"  # no code of a division has that sign
LONGEST = 500  # characters kept of what was typed into one field
# What fields with the code or the name are often called, the most telling first.
CODES = ("code", "katottg", "koatuu", "ref", "number", "id", "код", "номер")
NAMES = ("name:uk", "name_uk", "name", "title", "назва", "ім'я")


class UploadForm(forms.Form):
    """The file alone: whatever else is wrong, the file that came is kept."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("GeoJSON, GeoPackage, zipped Shapefile, KML or KMZ, at most %(limit)s MB.")
        % {"limit": MAX_BYTES // MEGABYTE},
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        """Raises ValidationError for a file that is larger than what is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("This file is larger than %(limit)s MB.") % {"limit": MAX_BYTES // MEGABYTE})
        return file


class AnswersForm(forms.Form):
    """What the file holds and what to do with it. `file` is what a job read of it, None before that."""

    division = forms.ChoiceField(label=_("Division"))
    new_code = forms.SlugField(
        label=_("Code of the new division"),
        max_length=60,
        required=False,
        help_text=_("Latin letters, digits, hyphens: wards. Rules name the division by it."),
    )
    new_name = forms.CharField(label=_("Name of the new division"), max_length=200, required=False)
    layer = forms.CharField(
        label=_("Layer"), max_length=200, required=False, help_text=_("Asked later if the file has several.")
    )
    code = forms.ChoiceField(
        label=_("Field with the code of an area"),
        help_text=_(
            "Rules and later files know an area by its code: choose what stays the same from file to file. The number "
            "in the file changes when the order does."
        ),
    )
    name = forms.ChoiceField(label=_("Field with the name of an area"))
    crs = forms.CharField(
        label=_("Reference system"),
        max_length=40,
        required=False,
        help_text=_("Only if the file does not say it, or says it wrong: EPSG:6384."),
    )
    valid_from = forms.DateField(
        label=_("First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("From this day on the new boundaries are in force; the earlier ones end."),
    )
    close_missing = forms.BooleanField(
        label=_("End the areas that are not in the file"), required=False, help_text=_("Otherwise they stay.")
    )
    set_boundary = forms.BooleanField(
        label=_("The areas together become the boundary of the community"),
        required=False,
        help_text=_("The boundary changes at once, so the first day must be today or earlier."),
    )
    only_polygons = forms.BooleanField(
        label=_("Leave lines out"),
        required=False,
        help_text=_("For exports in which streets stand beside the areas; otherwise a line is refused."),
    )

    def __init__(self, *args: Any, community: Community, file: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.divisions = list(Division.objects.filter(community=community).order_by("name"))
        existing = [(division.code, f"{division.name} ({division.code})") for division in self.divisions]
        self._choices("division", [*existing, (NEW_DIVISION, _("a new division"))])
        self._today = self.fields["valid_from"].initial = community.day_of(timezone.now())
        layers = list(file["layers"]) if file else []
        if len(layers) > 1:
            self.fields["layer"] = forms.ChoiceField(
                label=_("Layer"),
                choices=layer_choices(layers),
                help_text=_("Another layer has other fields: they are asked anew."),
            )
        elif layers or (file and file["format"]):
            del self.fields["layer"]
        if not file or not file["format"]:
            del self.fields["code"], self.fields["name"]
        else:
            guessed = guesses(file)
            for name in ("code", "name"):
                self._choices(name, [*([] if guessed[name] else [("", _("choose…"))]), *_fields(file)])
        self.order_fields(["division", "new_code", "new_name", "layer", "code", "name"])

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
        """An existing division, or the code and the name of a new one; a boundary that is right today."""
        given = self.cleaned_data
        first_day: date | None = given.get("valid_from")
        if given.get("set_boundary") and first_day and first_day > self._today:
            self.add_error("set_boundary", capfirst(boundary_too_early(first_day).text) + ".")
        if given.get("division") == NEW_DIVISION:
            code = given.get("new_code", "")
            if not code and "new_code" not in self.errors:
                self.add_error("new_code", _("Give the new division a code, or choose a division above."))
            if code in {division.code for division in self.divisions}:
                self.add_error("new_code", _("There is a division with this code: choose it above."))
            if not given.get("new_name") and "new_name" not in self.errors:
                self.add_error("new_name", _("Give the new division a name."))
        return given

    def parameters(self) -> dict[str, Any]:
        """The parameters of the job that reads the file; `answers` when the form has all of them."""
        is_good = self.is_valid()
        given = self.cleaned_data
        return {
            "typed": {name: storable(str(self.data.get(name, "")))[:LONGEST] for name in self.fields},
            "wrong": not is_good,
            "crs": given.get("crs", ""),
            "layer": given.get("layer", ""),
            "answers": self._answers() if is_good and "code" in self.fields else None,
        }

    def _answers(self) -> dict[str, Any]:
        given = self.cleaned_data
        is_new = given["division"] == NEW_DIVISION
        return {
            "division": given["new_code"] if is_new else given["division"],
            "division_name": given["new_name"] if is_new else "",
            "code": given["code"],
            "name": given["name"],
            "valid_from": given["valid_from"].isoformat(),
            **{name: given[name] for name in ("close_missing", "set_boundary", "only_polygons")},
        }

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def layer_choices(layers: Iterable[str]) -> list[tuple[str, Any]]:
    """The layers of a file by their names."""
    return [(layer, _("all layers together") if layer == ALL_LAYERS else layer) for layer in layers]


def guesses(file: Mapping[str, Any]) -> dict[str, str]:
    """The fields that surely hold the code and the name, "" where that is not sure, and the layer that was read."""
    fields = {field["name"].lower(): field for field in file["fields"]}
    codes = [fields[name]["name"] for name in CODES if name in fields and fields[name].get("tells_apart")]
    names = [fields[name]["name"] for name in NAMES if name in fields]
    return {"layer": file["layer"], "code": codes[0] if codes else "", "name": names[0] if names else ""}


def _fields(file: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields with examples of their values; what every feature has besides comes last."""
    known = [
        (field["name"], f"{field['name']}: {field['examples']} …" if field["examples"] else field["name"])
        for field in file["fields"]
    ]
    return [
        *known,
        (IDENTITY, _("the feature’s own id")),
        (NUMBER, _("its number in the file (changes with the order)")),
    ]
