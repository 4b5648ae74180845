"""What a channel of Open311 needs to know of the other side: their codes, their attributes, what they take and show."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.mail import SendingFailedError
from geodata.models import Community, local_name
from openmap.admin_site import RowForm
from routing.models import Category, Channel
from routing.open311_fields import LONGEST_VALUE, SOURCES
from routing.open311_reading import LONGEST_ID, Service
from routing.open311_remote import Remote, their_services

READ: Final = "_read_services"  # the button that reads, and saves nothing
EVERY_OTHER: Final = "*"
MOST_SHOWN: Final = 500  # of their services
BEFORE_READING: Final = frozenset({"community", "kind", "address", "jurisdiction_id", "format"})
NAMES: Final = ("services", "jurisdiction_id", "format", "attributes", "sends_name", "takes_updates", "reads_updates")
QUOTED: Final = re.compile(r"[\"«“](.*)[\"»”]")


class ServicesWidget(forms.Widget):
    """A field for each kind of problem, and one for every other; once they were read, their services to choose from."""

    template_name = "admin/routing/channel/services.html"
    use_fieldset = True

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, str] = {}  # code → its name
        self.theirs: list[Service] | None = None

    def id_for_label(self, id_: str) -> str:
        """None: each of its fields has a label of its own."""
        return ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> dict[str, str]:
        start = f"{name}-"
        given = {key.removeprefix(start): str(data[key]).strip() for key in data if key.startswith(start)}
        return {code: service for code, service in given.items() if service}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        given: Mapping[str, str] = value if isinstance(value, dict) else {}
        rows = self.rows | {
            code: _("%(code)s (no such category now)") % {"code": code} for code in given.keys() - self.rows
        }
        found: dict[str, Any] = super().get_context(name, value, attrs)
        own = found["widget"]["attrs"]
        first = own.pop("id", f"id_{name}")
        last = rows.pop(EVERY_OTHER)
        fields = [(code, words, given.get(code, "")) for code, words in [*rows.items(), (EVERY_OTHER, last)]]
        found["fields"] = [
            {"id": first if at == 0 else f"{first}-{at}", "name": f"{name}-{code}", "words": words, "value": service}
            for at, (code, words, service) in enumerate(fields)
        ]
        return found | {"theirs": self.theirs and self.theirs[:MOST_SHOWN], "was_read": self.theirs is not None}


class ServicesField(forms.Field):
    """Code of a category → their service_code."""

    widget = ServicesWidget

    def clean(self, value: Any) -> dict[str, str]:
        given: dict[str, str] = value or {}
        long = [code for code, service in given.items() if len(service) > LONGEST_ID or not service.isprintable()]
        if long:
            raise ValidationError(_("This is no code of a service: %(code)s"), params={"code": given[long[0]][:60]})
        return given


class Open311Form(RowForm):
    """The settings of a channel of Open311. Kept where the channel is of that kind, and left alone otherwise."""

    services = ServicesField(
        label=_("Their services"),
        required=False,
        help_text=_(
            "Beside each kind of problem their code for it (service_code). What has none, and no “every other kind” "
            "either, goes by the next channel."
        ),
    )
    jurisdiction_id = forms.CharField(
        label="jurisdiction_id",
        required=False,
        max_length=200,
        help_text=_("Only where their server has several cities and asks for it. Example: city.example.org"),
    )
    format = forms.ChoiceField(
        label=_("Format of their answers"),
        required=False,
        choices=[("xml", _("XML, which every server knows")), ("json", "JSON")],
    )
    attributes = forms.CharField(
        label=_("Their attributes"),
        required=False,
        max_length=10_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off"}),
        help_text=_(
            "One on a line: their code = part of the report, or a text in quotes. Examples: our_number = report and "
            'source = "misto". Parts: %(parts)s.'
        ),
    )
    sends_name = forms.BooleanField(
        label=_("Send the reporter's name"),
        required=False,
        help_text=_("Where the reporter gave one. Their e-mail address is never sent."),
    )
    takes_updates = forms.BooleanField(
        label=_("They take updates"),
        required=False,
        help_text=_(
            "What is written later goes there as an update (POST servicerequestupdates). Not ticked: it goes by the "
            "next channel."
        ),
    )
    reads_updates = forms.BooleanField(
        label=_("Read their updates"),
        required=False,
        initial=True,
        help_text=_("Not ticked: only the state of each report is read there, and its notes."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parts = self.fields["attributes"]
        parts.help_text = str(parts.help_text) % {"parts": ", ".join(SOURCES)}
        kept = self.instance.settings or {}
        for name in NAMES:
            if name in kept:
                self.initial[name] = kept[name]
        self.initial["attributes"] = lines_of(kept.get("attributes") or {})
        self._widget.rows = rows_for(self._community())

    @property
    def is_reading(self) -> bool:
        """Whether the button was pressed that reads their services: then nothing is saved."""
        return self.is_bound and READ in self.data

    def is_valid(self) -> bool:
        return super().is_valid() and not self.is_reading

    def full_clean(self) -> None:
        """While their services are read, only what that needs is judged."""
        super().full_clean()
        if self.is_reading:
            for name in self.errors.keys() - BEFORE_READING:
                del self.errors[name]
            if not self.errors:
                self._read_services()

    def clean_attributes(self) -> dict[str, str]:
        """Raises ValidationError that names the line."""
        return attributes_in(self.cleaned_data["attributes"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self._kind() == Channel.Kind.OPEN311 and "services" in cleaned:
            self._look_at_services(cleaned["services"])
        return cleaned

    def settings_of_open311(self) -> dict[str, Any]:
        """What is kept of the fields."""
        given = {name: self.cleaned_data.get(name) for name in NAMES}
        given["format"] = given["format"] or "xml"
        return {name: value for name, value in given.items() if value not in ("", None)}

    def _look_at_services(self, services: Mapping[str, str]) -> None:
        if not services:
            self.add_error("services", _("Name at least one of their services: without it no report can go there."))
        known = self._widget.rows.keys() | (self.instance.settings or {}).get("services", {}).keys()
        for code in services.keys() - known:
            self.add_error("services", ValidationError(_("There is no category %(code)s."), params={"code": code}))

    def _read_services(self) -> None:
        if self._kind() != Channel.Kind.OPEN311:
            self.add_error("kind", _("Services are read from servers of Open311 only: choose that kind."))
            return
        given = self.cleaned_data
        remote = Remote(
            base=str(given.get("address", "")).rstrip("/"),
            zone="UTC",
            jurisdiction=given.get("jurisdiction_id", ""),
            form=given.get("format") or "xml",
        )
        try:
            self._widget.theirs = their_services(remote)
        except SendingFailedError as failed:
            told = _("Their services could not be read: %(why)s")
            self.add_error("address", ValidationError(told, params={"why": failed}))

    def _kind(self) -> str:
        """As chosen for a new channel; that of an old one stays."""
        return str(getattr(self, "cleaned_data", {}).get("kind") or self.instance.kind)

    def _community(self) -> Community | None:
        """The channel's; of a new one the one that was chosen, or the only one that can be."""
        if self.instance.community_id:
            own: Community = self.instance.community
            return own
        field: Any = self.fields.get("community")
        if field is None:
            return None
        if self.is_bound:
            try:
                found: Community | None = field.to_python(self.data.get(self.add_prefix("community")))
            except ValidationError:
                return None
            return found
        only = list(field.queryset[:2])
        return only[0] if len(only) == 1 else None

    @property
    def _widget(self) -> ServicesWidget:
        widget: Any = self.fields["services"].widget
        found: ServicesWidget = widget
        return found


def rows_for(community: Community | None) -> dict[str, Any]:
    """Code → name of what residents of the community may choose, and last of every other."""
    rows = Category.objects.filter(community=community, is_active=True) if community else ()
    language = get_language() or "uk"
    return {row.code: local_name(row, language) for row in rows} | {EVERY_OTHER: _("Every other kind")}


def attributes_in(text: str) -> dict[str, str]:
    """Their attribute → a part of our data, or a text after “=”. Raises ValidationError that names the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        code, equals, source = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        told = {"number": number, "line": line.strip()[:60]}
        quoted = QUOTED.fullmatch(source)
        if not equals or not code or not (quoted or source) or len(code) > LONGEST_ID or len(source) > LONGEST_VALUE:
            raise ValidationError(_("Line %(number)s needs a code, “=” and what fills it: %(line)s"), params=told)
        if not quoted and source not in SOURCES:
            raise ValidationError(
                _("Line %(number)s: a report has no such part; a text stands in quotes: %(line)s"), params=told
            )
        if code in found:
            raise ValidationError(_("Line %(number)s: this code stands above already: %(line)s"), params=told)
        found[code] = f"={quoted[1]}" if quoted else source
    return found


def lines_of(attributes: Mapping[str, str]) -> str:
    """The same as lines."""
    return "\n".join(
        f'{code} = "{source[1:]}"' if source.startswith("=") else f"{code} = {source}"
        for code, source in attributes.items()
    )
