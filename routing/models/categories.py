"""What a problem may be about, and what is asked about it."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community
from routing.models.dangers import Danger, check_lines
from routing.models.registers import Register


class Category(models.Model):
    """What a problem is about, and how many working days its answer may take."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    icon = models.CharField(_("icon"), max_length=40, default="pin")
    working_days = models.PositiveSmallIntegerField(
        _("promised answer, working days"), default=10, validators=[MinValueValidator(1), MaxValueValidator(250)]
    )
    hold_new = models.BooleanField(
        _("hold new reports"),
        default=False,
        help_text=_("Strangers see nothing of a new report until a moderator looks; it is delivered all the same."),
    )
    is_sensitive = models.BooleanField(
        _("the place is sensitive"),
        default=False,
        help_text=_(
            "Strangers never see the exact place of these reports, only about a kilometre around it; those who must "
            "answer get it exactly. Ticked, it covers older reports too."
        ),
    )
    register = models.ForeignKey(
        Register,
        on_delete=models.PROTECT,
        verbose_name=_("asks for one of the register"),
        null=True,
        blank=True,
        help_text=_("Residents choose the house, the lamp… that the report is about."),
    )
    danger = models.ForeignKey(
        Danger,
        on_delete=models.SET_NULL,
        verbose_name=_("means danger"),
        null=True,
        blank=True,
        help_text=_("Whoever chooses this kind of problem is asked to call first."),
    )
    keywords = models.TextField(
        _("words that suggest it"),
        max_length=20000,
        blank=True,
        default="",
        db_default="",
        validators=[check_lines],
        help_text=_(
            "Added to the usual words of this code and to its name. A line for each: a word (in any form), a beginning "
            "with *, =exactly; several words of a line must stand near each other, “/” is “or”. A line that begins "
            "with “-” tells what means something else."
        ),
    )
    near_metres = models.PositiveSmallIntegerField(
        _("look-alikes are sought within, metres"),
        default=50,
        validators=[MinValueValidator(5), MaxValueValidator(500)],
        help_text=_("Less for small things that stand close together: lamps, manholes."),
    )
    position = models.PositiveSmallIntegerField(_("order"), default=100)
    is_active = models.BooleanField(_("can be chosen"), default=True)

    objects: ClassVar[models.Manager["Category"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="category_code_once"),
            models.CheckConstraint(condition=Q(working_days__range=(1, 250)), name="category_promise_in_range"),
            models.CheckConstraint(condition=Q(near_metres__range=(5, 500)), name="category_near_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """Asked in the report form when the category is chosen. Rules read the answers by their codes."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, verbose_name=_("category"), related_name="questions"
    )
    code = models.SlugField(_("code"), max_length=40)
    text = models.CharField(_("question"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200, blank=True)
    # [{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, …]
    options = models.JSONField(_("answers to choose from"), default=list)
    is_required = models.BooleanField(_("must be answered"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=1)

    objects: ClassVar[models.Manager["Question"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["category", "code"], name="question_code_once")]

    def __str__(self) -> str:
        return self.text

    @property
    def codes(self) -> list[str]:
        """Codes of the answers, in their order."""
        return [option["code"] for option in self.options]

    def clean(self) -> None:
        if self.category_id and self.category.community_id != self.community_id:
            raise ValidationError({"category": _("This belongs to another community.")})
        if not _are_options(self.options):
            example = '[{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, …]'
            words = _("At least two different answers, each as in %(example)s.") % {"example": example}
            raise ValidationError({"options": words})


def _are_options(given: object) -> bool:
    """Two or more answers with different codes, each with a text."""
    if not isinstance(given, list) or len(given) < 2 or not all(isinstance(one, dict) for one in given):
        return False
    texts = [one.get(name) for one in given for name in ("code", "text")]
    codes = {one.get("code") for one in given if isinstance(one.get("code"), str)}
    return all(isinstance(text, str) and text.strip() for text in texts) and len(codes) == len(given)
