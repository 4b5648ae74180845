"""What endangers people: the words that mean it, and whom to call before a report is written."""

import re
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community
from routing.phrases import BadLineError, lines_of

PHONE = r"[0-9+][0-9 ()-]{1,18}[0-9]"
PHONES = re.compile(f"{PHONE}(, *{PHONE})*")


def check_lines(text: str) -> None:
    """Raises ValidationError when a line of words cannot be read."""
    try:
        lines_of(text)
    except BadLineError as mistake:
        words = _("This line says nothing, or is too long: “%(line)s”.")
        raise ValidationError(words, params={"line": str(mistake)[:60]}) from mistake


class Danger(models.Model):
    """Gas, a live wire, fire…: whoever writes of it is asked to call first."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120, help_text=_("As the resident reads it: “Gas leak?”"))
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    phones = models.CharField(
        _("whom to call"),
        max_length=120,
        validators=[RegexValidator(PHONES, _("Numbers with commas between them: 104, 112."))],
        help_text=_("Numbers with commas between them, the first one first: 104, 112."),
    )
    advice = models.TextField(_("what to do"), max_length=1000)
    advice_en = models.TextField(_("what to do, in English"), max_length=1000, blank=True)
    with_usual_words = models.BooleanField(
        _("look for the usual words too"),
        default=True,
        help_text=_(
            "For the codes gas, explosive, fire, wire and collapse the service knows the words that people use."
        ),
    )
    words = models.TextField(
        _("more words that mean it"),
        max_length=20000,
        blank=True,
        validators=[check_lines],
        help_text=_(
            "A line for each way to say it: a word (in any form), a beginning with *, =exactly; several words of a "
            "line must stand near each other, “/” is “or”. A line that begins with “-” tells what means something else."
        ),
    )
    position = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("is looked for"), default=True)

    objects: ClassVar[models.Manager["Danger"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("danger")
        verbose_name_plural = _("dangers: call first")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="danger_code_once"),
            models.CheckConstraint(condition=Q(phones__regex=f"^{PHONES.pattern}$"), name="danger_has_phones"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def numbers(self) -> list[tuple[str, str]]:
        """(as it is read, as a telephone dials it), in their order."""
        shown = [number.strip() for number in self.phones.split(",")]
        return [(number, re.sub(r"[^0-9+]", "", number)) for number in shown if number]
