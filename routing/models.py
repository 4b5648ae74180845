"""Categories, rules, decisions, and what was delivered to whom."""

from datetime import time
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation
from core.models import OutboxMessage, Subject, Token
from geodata.models import Area, Community, Division


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
        ]

    def __str__(self) -> str:
        return self.name


class CommunityRouting(models.Model):
    """Where a problem goes when no rule names anybody, and the office hours that promises count from."""

    community = models.OneToOneField(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    fallback = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        verbose_name=_("fallback queue"),
        help_text=_("The organisation that receives what no rule gives to anybody."),
    )
    office_closes_at = models.TimeField(
        _("office closes at"),
        default=time(18),
        help_text=_("A later report counts as received on the next working day."),
    )

    objects: ClassVar[models.Manager["CommunityRouting"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("routing of a community")
        verbose_name_plural = _("routing of communities")

    def __str__(self) -> str:
        return str(self.community)


class Channel(models.Model):
    """How an organisation is reached in one community. The channel of the lowest position that is active is used."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, verbose_name=_("organisation"), related_name="channels"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.EMAIL)
    address = models.EmailField(_("address"), max_length=254)
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    is_active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[models.Manager["Channel"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "organisation", "kind", "address"], name="channel_address_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=["email"]), name="channel_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.address}"


class Rule(models.Model):
    """Category (or any) × area (or the whole community) → the organisation that must answer."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    category = models.ForeignKey(
        Category,
        on_delete=models.CASCADE,
        verbose_name=_("category"),
        null=True,
        blank=True,
        help_text=_("Empty: any category."),
    )
    division = models.ForeignKey(
        Division,
        on_delete=models.CASCADE,
        verbose_name=_("division"),
        null=True,
        blank=True,
        help_text=_("Empty: the whole community."),
    )
    area_code = models.CharField(
        _("area code"),
        max_length=60,
        blank=True,
        help_text=_("A rule keeps its area when the boundary changes: it names the code, not one version."),
    )
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, verbose_name=_("organisation"))
    priority = models.SmallIntegerField(
        _("priority"),
        default=0,
        help_text=_("The higher wins; of equal ones the more precise: category and area, category, area, neither."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects: ClassVar[models.Manager["Rule"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("responsibility rule")
        verbose_name_plural = _("responsibility rules")
        ordering = ["-priority", "id"]
        indexes = [
            # Used by routing.responsibility.decide.
            models.Index(fields=["community", "category"], condition=Q(is_active=True), name="rule_in_force"),
            # Used by the same query, from the areas around a point to their rules.
            models.Index(fields=["division", "area_code"], condition=Q(is_active=True), name="rule_of_an_area"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(division=None, area_code="") | (Q(division__isnull=False) & ~Q(area_code="")),
                name="rule_area_has_a_division",
                violation_error_message=_("An area is named by its division and its code: fill in both, or neither."),
            ),
            models.UniqueConstraint(
                fields=["community", "category", "division", "area_code", "priority"],
                condition=Q(is_active=True),
                name="rule_not_contradicted",
                nulls_distinct=False,
                violation_error_message=_(
                    "Another active rule has this category, place and priority: change it, or give this one another "
                    "priority."
                ),
            ),
        ]

    def __str__(self) -> str:
        category = self.category.name if self.category else _("any category")
        place = self.area_code or _("whole community")
        return f"{category} · {place} → {self.organisation}"

    def clean(self) -> None:
        if self.category and self.category.community_id != self.community_id:
            raise ValidationError({"category": _("This category belongs to another community.")})
        if self.division and self.division.community_id != self.community_id:
            raise ValidationError({"division": _("This division belongs to another community.")})
        if bool(self.division_id) != bool(self.area_code):
            raise ValidationError({"area_code": _("Give a division and the code of its area, or neither.")})
        if self.division_id and not Area.objects.filter(division=self.division, code=self.area_code).exists():
            raise ValidationError({"area_code": _("This division has no area with this code.")})


class Decision(models.Model):
    """What `decide()` returned for a thing, kept as it was: codes and parameters, never prose."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="decisions")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("responsible"), null=True, blank=True
    )
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, verbose_name=_("rule"), null=True, blank=True)
    is_fallback = models.BooleanField(_("by the fallback queue"), default=False)
    trace = models.JSONField(_("trace"))
    decided_at = models.DateTimeField(_("decided"))

    objects: ClassVar[models.Manager["Decision"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["decided_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=False) | Q(is_fallback=True), name="decision_names_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.organisation}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def standing(self) -> "DeliveryQuerySet":
        """Deliveries that the organisation did not hand back."""
        return self.filter(refused_at=None)


DeliveryManager = models.Manager.from_queryset(DeliveryQuerySet)


class Delivery(models.Model):
    """One thing handed to one organisation: the recipient that the public page shows."""

    class Role(models.TextChoices):
        RESPONSIBLE = "responsible", _("responsible")
        INFORMED = "informed", _("informed")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="deliveries")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, verbose_name=_("organisation"))
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.RESPONSIBLE)
    token = models.OneToOneField(Token, on_delete=models.PROTECT, verbose_name=_("secret link"))
    message = models.OneToOneField(
        OutboxMessage, on_delete=models.PROTECT, verbose_name=_("message"), null=True, blank=True
    )  # null: the organisation has no channel here
    created_at = models.DateTimeField(_("queued"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    refused_at = models.DateTimeField(_("handed back"), null=True, blank=True)
    refusal = models.CharField(_("why it was handed back"), max_length=500, blank=True)

    objects: ClassVar[DeliveryManager["Delivery"]] = ScopedManager(DeliveryManager, community="community")

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "organisation"], condition=Q(refused_at=None), name="delivery_standing_once"
            ),
            models.CheckConstraint(
                condition=Q(refused_at=None) | ~Q(refusal=""), name="delivery_handed_back_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.organisation}"

    @property
    def state(self) -> str:
        """One of queued, delivered, failed, unreachable, answered, refused: what the public page says of it."""
        if self.refused_at:
            return "refused"
        if self.answered_at:
            return "answered"
        if self.message is None:
            return "unreachable"
        if self.message.sent_at:
            return "delivered"
        return "failed" if self.message.dead_at else "queued"
