"""What a problem may be about, and what is asked about it."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

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
    """Asked in the report form when the category is chosen. Rules read the answers to choose from by their codes."""

    class Kind(models.TextChoices):
        CHOICE = "choice", _("a choice of answers")
        NUMBER = "number", _("a number")
        TEXT = "text", _("a short text")
        DATE = "date", _("a date")
        ASSET = "asset", _("one of a register, picked on the map")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, verbose_name=_("category"), related_name="questions"
    )
    code = models.SlugField(_("code"), max_length=40)
    kind = models.CharField(_("kind of answer"), max_length=10, choices=Kind, default=Kind.CHOICE)
    text = models.CharField(_("question"), max_length=200)
    text_en = models.CharField(_("question in English"), max_length=200, blank=True)
    # Of a choice: [{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, …]
    options = models.JSONField(_("answers to choose from"), default=list, blank=True)
    least = models.DecimalField(_("number: from"), max_digits=12, decimal_places=3, null=True, blank=True)
    most = models.DecimalField(_("number: to"), max_digits=12, decimal_places=3, null=True, blank=True)
    unit = models.CharField(_("number: unit"), max_length=20, blank=True, help_text=_("cm, pieces…"))
    unit_en = models.CharField(_("number: unit in English"), max_length=20, blank=True)
    longest = models.PositiveSmallIntegerField(
        _("text: no more characters than"),
        default=200,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Everybody sees the text, as they see what happened."),
    )
    earliest = models.DateField(_("date: from"), null=True, blank=True)
    latest = models.DateField(_("date: to"), null=True, blank=True)
    not_future = models.BooleanField(_("date: not in the future"), default=True)
    register = models.ForeignKey(
        Register, on_delete=models.PROTECT, verbose_name=_("register to pick from"), null=True, blank=True
    )
    # {"where": ["yard", "roof"]}: code of an earlier choice → answers with which this one is asked.
    shown_if = models.JSONField(_("asked only after these answers"), default=dict, blank=True)
    is_required = models.BooleanField(_("must be answered"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=1)

    objects: ClassVar[models.Manager["Question"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["category", "code"], name="question_code_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["choice", "number", "text", "date", "asset"]), name="question_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(least=None) | Q(most=None) | Q(least__lte=models.F("most")),
                name="question_numbers_in_order",
            ),
            models.CheckConstraint(
                condition=Q(earliest=None) | Q(latest=None) | Q(earliest__lte=models.F("latest")),
                name="question_dates_in_order",
            ),
            models.CheckConstraint(condition=Q(longest__range=(1, 1000)), name="question_length_in_range"),
            models.CheckConstraint(
                condition=Q(kind="asset", register__isnull=False) | (~Q(kind="asset") & Q(register=None)),
                name="question_asset_has_a_register",
            ),
            models.CheckConstraint(condition=Q(kind="choice") | Q(options=[]), name="question_options_are_of_a_choice"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def codes(self) -> list[str]:
        """Codes of the answers to choose from, in their order; none for other kinds."""
        return [option["code"] for option in self.options]

    @property
    def may_stay_open(self) -> bool:
        """True when a good report may have no answer: it is optional, or asked only sometimes."""
        return not self.is_required or bool(self.shown_if)

    def is_shown(self, answers: Mapping[str, str]) -> bool:
        """Whether it is asked after these answers to earlier questions, all of which were shown."""
        return all(answers.get(code) in fits for code, fits in self.shown_if.items())

    def clean(self) -> None:
        errors: dict[str, Any] = {}
        if self.category_id and self.category.community_id != self.community_id:
            errors["category"] = _("This belongs to another community.")
        if self.kind == self.Kind.CHOICE and not _are_options(self.options):
            example = '[{"code": "yard", "text": "У дворі", "text_en": "In the yard"}, …]'
            errors["options"] = _("At least two different answers, each as in %(example)s.") % {"example": example}
        if self.kind == self.Kind.ASSET and not self.register_id:
            errors["register"] = _("Name the register to pick from.")
        if self.register and self.register.community_id != self.community_id:
            errors["register"] = _("This belongs to another community.")
        if self.least is not None and self.most is not None and self.least > self.most:
            errors["most"] = _("The range ends before it begins.")
        if self.earliest and self.latest and self.earliest > self.latest:
            errors["latest"] = _("The range ends before it begins.")
        if self.category_id and (trouble := self._trouble_with_condition()):
            errors["shown_if"] = trouble
        if errors:
            raise ValidationError(errors)

    def _trouble_with_condition(self) -> str:
        """What is wrong with `shown_if`; "" when it names answers of earlier choices of the category."""
        given = self.shown_if
        if not isinstance(given, dict) or not all(isinstance(fits, list) and fits for fits in given.values()):
            return str(_("Write it as question → list of answers."))
        others = Question.objects.filter(category=self.category_id).exclude(pk=self.pk)
        earlier = {one.code: one for one in others if (one.position, one.pk) < (self.position, self.pk or math.inf)}
        for code, fits in given.items():
            if code not in earlier or not set(fits) <= set(earlier[code].codes):
                return str(_("“%(code)s” is no earlier question with these answers.")) % {"code": code}
        return ""


def _are_options(given: object) -> bool:
    """Two or more answers with different codes, each with a text."""
    if not isinstance(given, list) or len(given) < 2 or not all(isinstance(one, dict) for one in given):
        return False
    texts = [one.get(name) for one in given for name in ("code", "text")]
    codes = {one.get("code") for one in given if isinstance(one.get("code"), str)}
    return all(isinstance(text, str) and text.strip() for text in texts) and len(codes) == len(given)
