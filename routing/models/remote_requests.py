"""Reports that went to other Open311 servers: their numbers there, and how they stand."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models import Subject
from geodata.models import Community
from routing.models.channels import Channel
from routing.models.deliveries import Delivery


class RemoteRequest(models.Model):
    """One report at another server. routing.open311_sending makes it, routing.open311_pulling asks how it stands."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, verbose_name=_("channel"), related_name="+")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="+")
    delivery = models.ForeignKey(
        Delivery, on_delete=models.SET_NULL, verbose_name=_("delivery"), null=True, blank=True, related_name="+"
    )  # null: nothing that could be answered
    key = models.UUIDField(_("key of the message"), unique=True, editable=False)
    remote_id = models.CharField(_("number there"), max_length=150, blank=True)
    token = models.CharField(_("token until then"), max_length=150, blank=True)
    status = models.CharField(_("status there"), max_length=40, blank=True)
    notes = models.CharField(_("digest of the notes there"), max_length=64, blank=True)
    sent_updates = models.JSONField(_("numbers there of updates that we sent"), default=list, blank=True)
    sent_at = models.DateTimeField(_("sent"))
    read_at = models.DateTimeField(_("read last"), null=True, blank=True)
    tries = models.PositiveIntegerField(_("times asked in vain"), default=0)
    due_at = models.DateTimeField(_("is asked next"), null=True, blank=True)  # null: no more
    trouble = models.CharField(_("what went wrong"), max_length=300, blank=True)

    objects: ClassVar[models.Manager["RemoteRequest"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("report at another server")
        verbose_name_plural = _("reports at other servers")
        ordering = ["-sent_at", "-id"]
        indexes = [
            # Used by routing.open311_pulling: what is to be asked.
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="remote_request_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "remote_id"], condition=~Q(remote_id=""), name="remote_request_number_once"
            ),
            models.CheckConstraint(
                condition=~Q(remote_id="") | ~Q(token=""), name="remote_request_has_number_or_token"
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id or self.token
