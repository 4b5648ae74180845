"""Letters and other messages on their way: written in the transaction of their cause, claimed by core.outbox."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models.things import Subject
from geodata.models import Community


class Lane(models.TextChoices):
    """Each has workers of its own, so that a mass mailing never delays a receipt. The order of the codes is that of
    their haste: a message waits for an earlier one of its thing only in its own lane or a more hurried one."""

    URGENT = "1-urgent", _("at once: sign-in codes, receipts")
    DELIVERY = "2-delivery", _("deliveries to organisations")
    BULK = "3-bulk", _("mass mailings")


class Failure(models.TextChoices):
    """Why a message did not leave: what the public page may say of it. Details are for staff, in `last_error`."""

    REFUSED = "refused", _("the receiver's server refused it")
    UNREACHABLE = "unreachable", _("the server could not be reached")
    HIDDEN = "hidden", _("hidden before it was sent")
    OURS = "ours", _("it could not be sent from here")


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def pending(self) -> "OutboxQuerySet":
        """Neither sent nor given up."""
        return self.filter(sent_at=None, dead_at=None)


OutboxManager = models.Manager.from_queryset(OutboxQuerySet)


class OutboxMessage(models.Model):
    """Something that must leave, written in the transaction of its cause. core.outbox claims, sends and retries."""

    class Audience(models.TextChoices):
        ORGANISATION = "organisation", _("the organisation that must answer")
        AUTHOR = "author", _("the author")
        PUBLIC = "public", _("anybody")

    key = models.UUIDField(_("idempotency key"), default=uuid.uuid4, unique=True, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"))
    lane = models.CharField(_("lane"), max_length=12, choices=Lane)
    channel = models.CharField(_("channel"), max_length=20)
    audience = models.CharField(_("for whom"), max_length=12, choices=Audience)
    recipient = models.CharField(_("recipient"), max_length=500)
    # The host whose limit it waits for, once it met one (core.outbox_limits); "" for all others.
    queue = models.CharField(_("host with a limit"), max_length=255, blank=True, default="", db_default="")
    payload = models.JSONField(_("payload"))
    created_at = models.DateTimeField(_("written"))
    due_at = models.DateTimeField(_("next try"))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    claim = models.UUIDField(_("claim"), null=True, blank=True)
    leased_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    failure = models.CharField(_("why it did not leave"), max_length=12, choices=Failure, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("came back"), null=True, blank=True)

    objects: ClassVar[OutboxManager["OutboxMessage"]] = ScopedManager(OutboxManager, community="community")

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        indexes = [
            # Used by core.outbox_claim: communities that have something in a lane, one after another, and in each the
            # message that is due longest; what a limit or a pause holds is passed over without being read.
            models.Index(
                fields=["lane", "community", "channel", "queue", "due_at", "id"],
                condition=Q(sent_at=None, dead_at=None),
                name="outbox_round",
            ),
            # Used by core.outbox_claim: does an earlier message of the same thing still wait for the same reader?
            models.Index(
                fields=["subject", "recipient", "channel", "id"],
                condition=Q(sent_at=None, dead_at=None),
                name="outbox_order",
            ),
            # Used by notifications.hooks.deliveries: what was sent to one webhook.
            models.Index(fields=["recipient", "-id"], condition=Q(channel="hook"), name="outbox_of_webhook"),
            # Used by the page of dead letters.
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="outbox_dead"),
        ]
        constraints = [
            # What came back was sent and is dead; nothing else is both.
            models.CheckConstraint(
                condition=Q(bounced_at=None) & (Q(sent_at=None) | Q(dead_at=None))
                | Q(bounced_at__isnull=False, sent_at__isnull=False, dead_at__isnull=False),
                name="outbox_sent_or_dead",
            ),
            models.CheckConstraint(condition=Q(lane__in=Lane.values), name="outbox_lane_known"),
            models.CheckConstraint(condition=Q(failure__in=["", *Failure.values]), name="outbox_failure_known"),
            models.CheckConstraint(
                condition=Q(claim=None, leased_until=None) | Q(claim__isnull=False, leased_until__isnull=False),
                name="outbox_claim_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} → {self.get_audience_display()}"  # a reporter's address stands nowhere


class WrittenOff(models.Model):
    """Staff decided that a dead letter will never leave, and said why. It is neither revived nor counted any more."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    message = models.OneToOneField(
        OutboxMessage, on_delete=models.CASCADE, verbose_name=_("message"), related_name="written_off"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, verbose_name=_("by"), null=True)
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(_("written off"))

    objects: ClassVar[models.Manager["WrittenOff"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("message written off")
        verbose_name_plural = _("messages written off")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="written_off_with_a_reason")]

    def __str__(self) -> str:
        return self.reason
