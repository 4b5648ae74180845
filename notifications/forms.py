"""What a client wants to hear, and where: the same checks for the API and for the administration."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.outward import LONGEST_ADDRESS, OutwardRefusedError, refusal_in_words, resolve
from geodata.models import Area, Community
from notifications.hook_kinds import names
from notifications.hooks import Wanted
from notifications.models import Webhook
from routing.models import Category

MOST_CHOSEN = 200  # events, kinds or areas of one webhook


class WordsField(forms.Field):
    """A list of short texts; a text has one on each line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Raises ValidationError."""
        words = value.split() if isinstance(value, str) else value or []
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise ValidationError(_("This is a list of texts."), code="invalid")
        if len(words) > MOST_CHOSEN:
            raise ValidationError(_("At most %(most)s.") % {"most": MOST_CHOSEN}, code="too_many")
        return [word.strip() for word in words if word.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), self.prepare_value(data)))


class WebhookForm(forms.Form):
    """`community`: whose things are told."""

    url = forms.CharField(max_length=LONGEST_ADDRESS, label=gettext_lazy("address"))
    events = WordsField(required=False, label=gettext_lazy("events (none: all)"))
    categories = WordsField(required=False, label=gettext_lazy("kinds of problems (none: all)"))
    areas = WordsField(required=False, label=gettext_lazy("areas (none: all)"))
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False, label=gettext_lazy("language of words"))

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.community = community

    def clean_url(self) -> str:
        """Raises ValidationError for an address that the server would not ask."""
        url = str(self.cleaned_data["url"])
        try:
            resolve(url)
        except OutwardRefusedError as refused:
            raise ValidationError(refusal_in_words(refused.code), code=refused.code) from refused
        return url

    def clean_events(self) -> list[str]:
        """Raises ValidationError for one that nobody announces."""
        return self._known(self.cleaned_data["events"], set(names()))

    def clean_categories(self) -> list[str]:
        """Raises ValidationError for one that the community does not have."""
        rows = Category.objects.filter(community=self.community)
        return self._known(self.cleaned_data["categories"], set(rows.values_list("code", flat=True)))

    def clean_areas(self) -> list[str]:
        """Raises ValidationError for one that is not in force."""
        today = self.community.day_of(timezone.now())
        rows = Area.objects.on(today).filter(community=self.community)
        codes = rows.values_list("division__code", "code")
        return self._known(self.cleaned_data["areas"], {f"{division}.{code}" for division, code in codes})

    def clean_language(self) -> str:
        return str(self.cleaned_data["language"] or settings.LANGUAGE_CODE)

    def wanted(self) -> Wanted:
        """What a form that is valid says."""
        given = self.cleaned_data
        return Wanted(given["url"], given["events"], given["categories"], given["areas"], given["language"])

    @staticmethod
    def of(hook: Webhook) -> dict[str, Any]:
        """What is wanted now, as the form takes it."""
        return {name: getattr(hook, name) for name in ("url", "events", "categories", "areas", "language")}

    @staticmethod
    def _known(given: list[str], known: set[str]) -> list[str]:
        strange = [word for word in given if word not in known]
        if strange:
            told = {"what": strange[0][:60], "known": ", ".join(sorted(known)[:60])}
            raise ValidationError(_("Nothing is called “%(what)s” here. Known: %(known)s.") % told, code="unknown")
        return given
