"""Decisions that were made, and what was handed to whom."""

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation
from core.models import OutboxMessage, Subject, Token
from geodata.models import Community
from routing.models.rules import Rule, RuleSet


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


class Decision(models.Model):
    """What `decide()` returned for a thing, kept as it was: codes and parameters, never prose."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="decisions")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("responsible"), null=True, blank=True
    )
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, verbose_name=_("rule"), null=True, blank=True)
    ruleset = models.ForeignKey(
        RuleSet, on_delete=models.SET_NULL, verbose_name=_("set of rules"), null=True, blank=True
    )
    is_fallback = models.BooleanField(_("by the fallback queue"), default=False)
    trace = models.JSONField(_("trace"))
    as_of = models.DateTimeField(_("places, hours and dates of"))  # the thing's own moment
    decided_at = models.DateTimeField(_("decided"))

    objects: ClassVar[models.Manager["Decision"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["decided_at", "id"]
        indexes = [
            # Used by routing.whatif: the history of the last months.
            models.Index(fields=["community", "as_of"], name="decision_history"),
        ]
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

    def responsible(self) -> "DeliveryQuerySet":
        """Deliveries to those who must answer, not to those who are only informed."""
        return self.filter(role="responsible")


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
    decision = models.ForeignKey(
        Decision,
        on_delete=models.SET_NULL,
        verbose_name=_("decision"),
        null=True,
        blank=True,
        related_name="deliveries",
    )
    token = models.OneToOneField(
        Token, on_delete=models.PROTECT, verbose_name=_("secret link"), null=True, blank=True
    )  # null: who is informed needs no right to answer
    message = models.OneToOneField(
        OutboxMessage, on_delete=models.PROTECT, verbose_name=_("message"), null=True, blank=True
    )  # null: the organisation has no channel here
    created_at = models.DateTimeField(_("queued"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    refused_at = models.DateTimeField(_("handed back"), null=True, blank=True)
    was_taken_back = models.BooleanField(
        _("taken back, because the report was corrected"), default=False, db_default=False
    )  # then `refused_at` is when, and nobody refused anything
    refusal = models.CharField(_("why it was handed back"), max_length=500, blank=True)

    objects: ClassVar[DeliveryManager["Delivery"]] = ScopedManager(DeliveryManager, community="community")

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "organisation", "role"], condition=Q(refused_at=None), name="delivery_standing_once"
            ),
            models.CheckConstraint(
                condition=Q(role="informed") | Q(token__isnull=False), name="delivery_to_answer_has_a_link"
            ),
            models.CheckConstraint(condition=Q(role__in=["responsible", "informed"]), name="delivery_role_known"),
            models.CheckConstraint(
                condition=Q(refused_at=None, was_taken_back=False)
                | Q(refused_at__isnull=False, was_taken_back=True)
                | (Q(refused_at__isnull=False) & ~Q(refusal="")),
                name="delivery_ended_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.organisation}"

    @property
    def state(self) -> str:
        """One of queued, delivered, failed, unreachable, answered, refused, taken: what the public page says of it."""
        if self.refused_at:
            return "taken" if self.was_taken_back else "refused"
        if self.answered_at:
            return "answered"
        if self.message is None:
            return "unreachable"
        if self.message.dead_at:  # it may have left before, and have come back
            return "failed"
        return "delivered" if self.message.sent_at else "queued"
