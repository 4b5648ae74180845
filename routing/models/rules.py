"""Rules of responsibility, in sets that are published as a whole and never change afterwards."""

import uuid
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation, User
from geodata.models import Area, Community, Division
from routing.models.categories import Category, Question
from routing.models.registers import Register

MAX_WITHIN = 1000  # metres: farther away, “the nearest road” says nothing


class MomentRange(Func):
    """SQL `tstzrange(from, to)`: half-open."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class RuleSet(models.Model):
    """All rules of a community together: a draft, then in force from a moment, then kept for good.

    Only a draft's rules change: a database trigger refuses the rest.
    """

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    number = models.PositiveIntegerField(_("number"))
    note = models.CharField(_("what it changes"), max_length=300, blank=True)
    based_on = models.ForeignKey(
        "self", on_delete=models.SET_NULL, verbose_name=_("based on"), null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("made"))
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, verbose_name=_("made by"), null=True, blank=True, related_name="+"
    )
    in_force_from = models.DateTimeField(_("in force from"), null=True, blank=True)
    in_force_to = models.DateTimeField(_("in force to (not including)"), null=True, blank=True)
    discarded_at = models.DateTimeField(_("discarded"), null=True, blank=True)

    objects: ClassVar[models.Manager["RuleSet"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("set of rules")
        verbose_name_plural = _("sets of rules")
        ordering = ["-number"]
        indexes = [
            # Used by routing_decide: the set in force at a moment.
            models.Index(fields=["community", "in_force_from"], name="ruleset_in_force"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "number"], name="ruleset_number_once"),
            models.CheckConstraint(
                condition=Q(in_force_to=None) | Q(in_force_to__gt=F("in_force_from")),
                name="ruleset_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(discarded_at=None) | Q(in_force_from=None), name="ruleset_discarded_is_a_draft"
            ),
            ExclusionConstraint(
                name="ruleset_one_in_force",
                expressions=[
                    ("community", RangeOperators.EQUAL),
                    (MomentRange("in_force_from", "in_force_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(in_force_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        name = _("Rules № %(number)s") % {"number": self.number}
        return f"{name}: {self.note}" if self.note else str(name)

    @property
    def is_draft(self) -> bool:
        """True while its rules may change."""
        return self.in_force_from is None and self.discarded_at is None


class Rule(models.Model):
    """Category (or any), place, asset, answers, hours and dates → the organisation that must answer or is informed."""

    class Role(models.TextChoices):
        RESPONSIBLE = "responsible", _("responsible")
        INFORMED = "informed", _("informed")

    class Asks(models.TextChoices):
        """How a rule asks a register."""

        NOTHING = "", _("nothing")
        INSIDE = "inside", _("the point is inside one of the register")
        NEAREST = "nearest", _("the nearest one of the register, within some metres")
        THIS = "this", _("the one that the resident chose")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    ruleset = models.ForeignKey(RuleSet, on_delete=models.CASCADE, verbose_name=_("set of rules"), related_name="rules")
    lineage = models.UUIDField(_("the same rule through all sets"), default=uuid.uuid4, editable=False)
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.RESPONSIBLE)
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        verbose_name=_("category"),
        null=True,
        blank=True,
        help_text=_("Empty: any category."),
    )
    division = models.ForeignKey(
        Division,
        on_delete=models.PROTECT,
        verbose_name=_("division"),
        null=True,
        blank=True,
        help_text=_("Empty: the whole community."),
    )
    area_code = models.CharField(
        _("area code"),
        max_length=60,
        blank=True,
        help_text=_(
            "Empty: any area of the division. A rule keeps its area when the boundary changes: it names the code, not "
            "one version."
        ),
    )
    register = models.ForeignKey(
        Register,
        on_delete=models.PROTECT,
        verbose_name=_("register"),
        null=True,
        blank=True,
        help_text=_("What is asked of the register stands in the next field."),
    )
    asks = models.CharField(_("asks the register"), max_length=8, choices=Asks, default=Asks.NOTHING, blank=True)
    within = models.PositiveSmallIntegerField(
        _("within, metres"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_WITHIN)],
        help_text=_("For the nearest one only."),
    )
    answers = models.JSONField(
        _("answers"),
        default=dict,
        blank=True,
        help_text=_('Question → answers that fit: {"where": ["yard", "roof"]}. Empty: whatever was answered.'),
    )
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        verbose_name=_("days of the week"),
        default=list,
        blank=True,
        help_text=_("1 is Monday, 7 is Sunday, by the calendar. Empty: every day."),
    )
    hours_from = models.TimeField(_("from hour"), null=True, blank=True)
    hours_to = models.TimeField(
        _("to hour (not including)"),
        null=True,
        blank=True,
        help_text=_(
            "Earlier than the first hour: over midnight. With days of the week these are both ends of the same day: "
            "Friday, 22:00–06:00 holds on Friday before 06:00 and from 22:00, not on the morning of Saturday."
        ),
    )
    valid_from = models.DateField(_("from date"), null=True, blank=True)
    valid_to = models.DateField(_("to date (not including)"), null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        help_text=_("Empty: the keeper that the register names."),
    )
    priority = models.SmallIntegerField(
        _("priority"),
        default=0,
        help_text=_(
            "The higher wins; of equal ones the more precise: first by category, then by register, area, division, "
            "answers, hours and dates."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[models.Manager["Rule"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("responsibility rule")
        verbose_name_plural = _("responsibility rules")
        ordering = ["-priority", "id"]
        indexes = [
            # Used by routing_decide: rules of a set for the whole community, and for areas.
            models.Index(
                F("ruleset"),
                Coalesce("division", 0),
                F("area_code"),
                condition=Q(is_active=True),
                name="rule_of_a_place",
            ),
            # Used by hints: a rule through all sets.
            models.Index(fields=["lineage"], name="rule_lineage"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(division__isnull=False) | Q(area_code=""),
                name="rule_area_has_a_division",
                violation_error_message=_("An area is named by its division and its code."),
            ),
            models.CheckConstraint(
                condition=Q(register=None, asks="") | (Q(register__isnull=False) & ~Q(asks="")),
                name="rule_asks_its_register",
                violation_error_message=_("Say what is asked of the register, and of which: both, or neither."),
            ),
            models.CheckConstraint(
                condition=(Q(asks="nearest", within__isnull=False) & Q(within__range=(1, MAX_WITHIN)))
                | (~Q(asks="nearest") & Q(within=None)),
                name="rule_nearest_within_metres",
                violation_error_message=_("Metres belong to “the nearest one”: from 1 to 1000."),
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False) | Q(register__isnull=False),
                name="rule_names_somebody",
                violation_error_message=_("Name an organisation, or a register whose keeper answers."),
            ),
            models.CheckConstraint(
                condition=Q(hours_from=None, hours_to=None)
                | (Q(hours_from__isnull=False, hours_to__isnull=False) & ~Q(hours_from=F("hours_to"))),
                name="rule_hours_have_both_ends",
                violation_error_message=_("Hours need a beginning and a different end."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="rule_dates_in_order",
                violation_error_message=_("The last date lies before the first."),
            ),
            models.CheckConstraint(condition=Q(role__in=["responsible", "informed"]), name="rule_role_known"),
            models.CheckConstraint(condition=Q(asks__in=["", "inside", "nearest", "this"]), name="rule_asks_known"),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=[1, 2, 3, 4, 5, 6, 7]), name="rule_weekdays_known"
            ),
            models.UniqueConstraint(fields=["ruleset", "lineage"], name="rule_once_in_a_set"),
        ]

    def __str__(self) -> str:
        category = self.category.name if self.category else _("any category")
        place = self.area_code or (str(self.division) if self.division else _("whole community"))
        asked = [f"{self.register}"] if self.register else []
        answers = self.organisation or _("its keeper")
        return f"{' · '.join([str(category), str(place), *asked])} → {answers}"

    def clean(self) -> None:
        errors: dict[str, object] = {}
        for name in ("category", "division", "register", "ruleset"):
            row = getattr(self, name) if getattr(self, f"{name}_id") else None
            if row is not None and row.community_id != self.community_id:
                errors[name] = _("This belongs to another community.")
        if self.area_code and not self.division_id:
            errors["area_code"] = _("Choose the division that this area belongs to.")
        elif self.area_code and not Area.objects.filter(division=self.division, code=self.area_code).exists():
            errors["area_code"] = _("This division has no area with this code.")
        if trouble := self._trouble_with_answers():
            errors["answers"] = trouble
        if errors:
            raise ValidationError(errors)

    def _trouble_with_answers(self) -> str:
        """What is wrong with the answers that the rule asks for; "" when they exist."""
        if not self.answers:
            return ""
        if not isinstance(self.answers, dict) or not all(isinstance(fits, list) for fits in self.answers.values()):
            return str(_("Write it as question → list of answers."))
        if not self.category_id:
            return str(_("Questions belong to a category: choose it."))
        known = {question.code: question.codes for question in Question.objects.filter(category=self.category)}
        for code, fits in self.answers.items():
            unknown = [str(answer) for answer in fits if answer not in known.get(code, ())]
            if code not in known or unknown or not fits:
                return str(_("This category has no such question or answer: %(what)s.")) % {
                    "what": ", ".join(unknown) or code
                }
        return ""
