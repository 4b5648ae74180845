"""The form of a channel: fields of every kind, and what each kind asks of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.outward import OutwardRefusedError, is_public, refusal_in_words, resolve, resolve_host
from core.sealed import seal
from openmap.open311_form import NAMES, Open311Form
from routing.channel_addresses import BadAddressError, address_refusal_in_words, check_address, host_key_in, place_in
from routing.folders import is_allowed
from routing.models import Channel
from routing.sftp import PRIVATE_KEY, private_key

TYPED = (Channel.Kind.SFTP, Channel.Kind.OPEN311)  # their secret is given by the other side; a webhook's is made here


class ChannelForm(Open311Form):
    """What is given, and beside which field it is wrong. A secret that is stored is never shown, only replaced."""

    new_secret = forms.CharField(
        label=_("Password, private key or key of their interface"),
        required=False,
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("For SFTP and Open311. It is kept sealed and never shown: leave empty what is to stay."),
    )
    host_key = forms.CharField(
        label=_("Public key of the server"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("For SFTP: as ssh-keyscan prints it. A server that shows another key gets nothing."),
    )

    class Meta:
        model = Channel
        fields = ("community", "organisation", "kind", "address", "role", "is_copy", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "host_key" in self.fields:
            self.fields["host_key"].initial = (self.instance.settings or {}).get("host_key", "")

    def clean(self) -> dict[str, Any]:
        """Looks at the address as the kind of channel wants it, and asks whether the server may go there."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kind, address = self._kind(), cleaned.get("address")
        if kind and address:
            self._refuse("address", lambda: self._look_at(kind, address))
        if kind == Channel.Kind.SFTP:
            self._refuse("host_key", lambda: host_key_in(cleaned.get("host_key", "")))
            self._refuse("new_secret", self._look_at_secret)
        return cleaned

    def _refuse(self, field: str, look: Any) -> None:
        try:
            look()
        except BadAddressError as bad:
            self.add_error(field, address_refusal_in_words(bad.code))
        except OutwardRefusedError as refused:
            self.add_error(field, refusal_in_words(refused.code))

    def _look_at(self, kind: str, address: str) -> None:
        """What the model cannot know: whether the server may go there."""
        try:
            check_address(kind, address)
        except BadAddressError:
            return  # the model says so
        if kind == Channel.Kind.FOLDER and not is_allowed():
            raise BadAddressError("root")
        if kind == Channel.Kind.SFTP:
            place = place_in(address)
            resolve_host(place.host, place.port)
        if kind in (Channel.Kind.WEBHOOK, Channel.Kind.OPEN311):
            parts, _port, found = resolve(address)
            if parts.scheme != "https" and is_public(found):
                raise BadAddressError("plain")

    def _look_at_secret(self) -> None:
        given = self.cleaned_data.get("new_secret", "")
        if not given and not self.instance.secret:
            raise BadAddressError("secret")
        if given.lstrip().startswith(PRIVATE_KEY):
            try:
                private_key(given)
            except ValueError as error:
                raise BadAddressError("private_key") from error

    def save(self, commit: bool = True) -> Any:
        """With what has no column of its own."""
        given = self.cleaned_data.get("new_secret", "").strip("\r\n")
        if given and self._kind() in TYPED:
            self.instance.secret, self.instance.former_secret = seal(given.replace("\r\n", "\n")), ""
        host_key = self.cleaned_data.get("host_key", "").strip()
        own = self.settings_of_open311() if self._kind() == Channel.Kind.OPEN311 else {}
        shown = {"host_key", *NAMES}
        kept = {name: value for name, value in self.instance.settings.items() if name not in shown}
        self.instance.settings = kept | ({"host_key": host_key} if host_key else {}) | own
        return super().save(commit)
