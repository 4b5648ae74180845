"""The forms of an import of history: its file, and what the file says."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from geodata.models import Community
from issues.import_mapping import (
    CONTENT,
    IDENTITY,
    LEFT_OUT,
    MADE,
    MOMENTS,
    RECOMPUTE,
    TAKE,
    MappingError,
    mapping_of,
    parsed,
)
from issues.import_sources import CSV
from issues.states import State
from routing.models import Category

MEGABYTE = 2**20
MOST_BYTES = 1024 * MEGABYTE  # of one upload; a larger file comes in by the command
MOST_MAPPING = MEGABYTE
NOTHING = ("", "—")
DELIMITERS = [("", _("as it looks")), (",", ","), (";", ";"), ("\t", _("tab")), ("|", "|")]
PLAIN = ("decisions", "time_zone", "encoding", "crs", "delimiter", "layer")
OTHER_COLUMNS = ("delimiter", "encoding", "layer")  # with another one the columns are others
CONTENT_WORDS = _("none: tell rows apart by what they say")
COLUMNS: Mapping[str, Any] = {
    "id": _("Number of the report"),
    "category": _("Category"),
    "category_name": _("Name of the category"),
    "lon": _("Longitude"),
    "lat": _("Latitude"),
    "opened": _("When it was reported"),
    "accepted": _("When it was accepted"),
    "started": _("When work began"),
    "resolved": _("When it was closed"),
    "reopened": _("When it was opened again"),
    "due": _("By when an answer was promised"),
    "status": _("Status"),
    "title": _("Title"),
    "text": _("Description"),
    "address": _("Address"),
    "organisation": _("Organisation that answered"),
    "organisation_code": _("ЄДРПОУ code of the organisation"),
}
assert set(MOMENTS) <= set(COLUMNS)
WORDS = {
    "status": ("statuses", _("Statuses")),
    "category": ("categories", _("Categories")),
    "organisation": ("organisations", _("Organisations")),
}


class HistoryUploadForm(forms.Form):
    """The file, and a mapping where somebody has one already."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("CSV with a header, GeoJSON or GeoPackage, at most %(limit)s MB.")
        % {"limit": MOST_BYTES // MEGABYTE},
    )
    mapping = forms.FileField(
        label=_("Mapping"),
        required=False,
        help_text=_("A JSON file that says what the columns mean. Without one you are asked."),
    )

    def clean_file(self) -> "UploadedFile[bytes]":
        """Raises ValidationError for a file that is larger than what is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                _("This file is larger than %(limit)s MB: bring it in by manage.py import_issues.")
                % {"limit": MOST_BYTES // MEGABYTE}
            )
        return file

    def clean_mapping(self) -> dict[str, Any] | None:
        """The object of JSON. Raises ValidationError for what is no mapping."""
        file: UploadedFile[bytes] | None = self.cleaned_data["mapping"]
        return None if file is None else mapping_in(file)


def mapping_in(file: "UploadedFile[bytes]") -> dict[str, Any]:
    """The mapping in an uploaded file. Raises ValidationError."""
    try:
        raw = parsed(file.read(MOST_MAPPING).decode("utf-8-sig"), name=file.name or "")
        mapping_of(raw, default_zone="UTC")
    except (MappingError, UnicodeDecodeError) as mistake:
        raise forms.ValidationError(str(mistake)) from mistake
    return raw


class MappingForm(forms.Form):
    """What the columns and the words of a file mean. `found` is the result of the job that checked it."""

    decisions = forms.ChoiceField(
        label=_("Who answered"),
        choices=((RECOMPUTE, _("by the rules of this community")), (TAKE, _("as the file says"))),
        widget=forms.RadioSelect,
    )
    time_zone = forms.CharField(label=_("Time zone of times without one"), max_length=60)
    dates = forms.CharField(
        label=_("How dates are written"),
        max_length=300,
        required=False,
        help_text=_("One or more, with “;” between them: %(example)s; unix. Empty: 2024-05-31 14:30.")
        % {"example": "%d.%m.%Y %H:%M"},
    )
    encoding = forms.CharField(
        label=_("Encoding"), max_length=40, required=False, help_text=_("utf-8, windows-1251. Empty: as it looks.")
    )
    crs = forms.CharField(
        label=_("Reference system"),
        max_length=40,
        required=False,
        help_text=_("Only if the file does not say it, or says it wrong: EPSG:6384."),
    )
    delimiter = forms.ChoiceField(
        label=_("Between columns"),
        required=False,
        choices=DELIMITERS,
    )
    create_categories = forms.BooleanField(label=_("Make categories that are not known"), required=False)
    create_organisations = forms.BooleanField(label=_("Make organisations that are not known"), required=False)

    def __init__(self, *args: Any, community: Community, found: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community, self.raw = community, dict(found["mapping"])
        self.words: Mapping[str, list[str]] = found.get("words", {})
        self.file: Mapping[str, Any] = found.get("file") or {}
        if layers := found.get("layers"):
            self.fields["layer"] = forms.ChoiceField(label=_("Layer"), choices=[(one, one) for one in layers])
        if not self.file.get("fields"):  # nobody has seen the columns yet: what suggests itself of them comes later
            del self.fields["decisions"], self.fields["dates"]
        if self.file.get("format", CSV) != CSV:
            del self.fields["delimiter"]
        elif (given := self.raw.get("delimiter", "")) not in dict(DELIMITERS):
            self.fields["delimiter"].choices = [*DELIMITERS, (given, given)]  # type: ignore[attr-defined]
        self._add_columns()
        self._add_words()
        self._fill()

    def _add_columns(self) -> None:
        fields = [(name, name) for name in self.file.get("fields", ()) if name not in MADE]
        for part, label in COLUMNS.items():
            if not fields or (part in ("lon", "lat") and self.file.get("has_places")):
                continue
            more = [(CONTENT, CONTENT_WORDS)] if part == "id" else []
            if part == "id" and IDENTITY in self.file["fields"]:
                more.append((IDENTITY, _("the feature’s own id")))
            choices = [NOTHING, *fields, *more]
            self.fields[f"column_{part}"] = forms.ChoiceField(label=label, choices=choices, required=False)

    def _add_words(self) -> None:
        first: list[tuple[str, Any]] = [("", _("not told")), (LEFT_OUT, _("leave these rows out"))]
        categories = Category.objects.filter(community=self.community).order_by("name").values_list("code", "name")
        choices = {"status": [*first, *State.choices], "category": [*first, *categories]}
        self._said = {kind: self._known_words(kind, choices.get(kind, [])) for kind in self.words}
        for kind, words in self.words.items():
            for number, word in enumerate(words):
                if kind in choices:
                    said = self._said[kind].get(word.casefold(), "")
                    more = [] if said in dict(choices[kind]) else [(said, said)]  # a category that is to be made
                    field: forms.Field = forms.ChoiceField(label=word, choices=[*choices[kind], *more], required=False)
                else:
                    field = forms.CharField(
                        label=word,
                        required=False,
                        max_length=200,
                        help_text=_("Its name here, or its ЄДРПОУ code; “-” leaves these rows out."),
                    )
                self.fields[f"{kind}_{number}"] = field

    def _known_words(self, kind: str, choices: Sequence[tuple[str, Any]]) -> dict[str, str]:
        """What the mapping says of words, in small letters; of a category its code, whether it says that or a name."""
        codes = {str(name).casefold(): code for code, name in choices} if kind == "category" else {}
        codes |= {code.casefold(): code for code, _name in choices if code}
        told = self.raw.get(WORDS[kind][0]) or {}
        return {word.strip().casefold(): codes.get(said.casefold(), said) for word, said in told.items() if said}

    def _fill(self) -> None:
        raw = self.raw
        dates = raw.get("dates") or []
        plain = {"decisions": raw.get("decisions") or RECOMPUTE, "time_zone": raw.get("time_zone")}
        plain |= {name: raw.get(name, "") for name in ("encoding", "crs", "layer", "delimiter")}
        plain["time_zone"] = plain["time_zone"] or self.community.time_zone
        plain["dates"] = dates if isinstance(dates, str) else "; ".join(dates)
        columns = {f"column_{part}": column for part, column in (raw.get("columns") or {}).items()}
        words = {
            f"{kind}_{number}": self._said[kind].get(word.casefold(), "")
            for kind, listed in self.words.items()
            for number, word in enumerate(listed)
        }
        for name, value in {**plain, **columns, **words}.items():
            if name in self.fields:
                self.initial.setdefault(name, value)

    def groups(self) -> Iterator[tuple[Any, list[Any]]]:
        """The fields as a page shows them: title and fields of each part."""
        yield _("Columns of the file"), [self[name] for name in self.fields if name.startswith("column_")]
        for kind, (_part, title) in WORDS.items():
            if fields := [self[name] for name in self.fields if name.startswith(f"{kind}_")]:
                yield title, fields
        rest = ("layer", "decisions", "time_zone", "dates", "delimiter", "encoding", "crs", "create_categories",
                "create_organisations")  # fmt: skip
        yield _("The rest"), [self[name] for name in rest if name in self.fields]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError for what is no mapping."""
        try:
            mapping_of(self.mapping(), default_zone=self.community.time_zone)
        except MappingError as mistake:
            raise forms.ValidationError(str(mistake)) from mistake
        return self.cleaned_data

    def mapping(self) -> dict[str, Any]:
        """The object of JSON: what was answered, over what the mapping said of words that nobody was asked about."""
        given = self.cleaned_data
        plain = [name for name in PLAIN if name in self.fields]
        found = {**self.raw, **{name: given.get(name, "") for name in plain}}
        if "dates" in self.fields:
            found["dates"] = [one.strip() for one in given.get("dates", "").split(";") if one.strip()]
        asked = {name for name in self.fields if name.startswith("column_")}
        if asked:
            found["columns"] = {name.removeprefix("column_"): given[name] for name in sorted(asked) if given.get(name)}
        if any(found.get(name, "") != self.raw.get(name, "") for name in OTHER_COLUMNS):
            found.pop("columns", None)  # they have other names now, and suggest themselves anew
        for kind, listed in self.words.items():
            part = WORDS[kind][0]
            said = {word: given.get(f"{kind}_{number}") or "" for number, word in enumerate(listed)}
            small = {word.casefold() for word in said}
            others = {word: ours for word, ours in (found.get(part) or {}).items() if word.casefold() not in small}
            found[part] = {**others, **said}
        return found

    def wish(self) -> dict[str, Any]:
        """How to import, as a job's parameters have it."""
        return {name: self.cleaned_data[name] for name in ("create_categories", "create_organisations")}
