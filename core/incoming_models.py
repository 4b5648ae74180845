"""Letters that came back to us, as rows: kept before anything is done with them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community


class IncomingLetter(models.Model):
    """One letter to one of our addresses. core.incoming keeps, reads and settles it; nothing else writes.

    The letter itself is there only until it was read, or for a while when it could not be applied; who wrote it stands
    nowhere else.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waits to be read")
        APPLIED = "applied", _("became an answer")
        REPEATED = "repeated", _("had come before")
        REFUSED = "refused", _("could not be applied: its sender was told")
        BOUNCED = "bounced", _("says that our letter came back")
        DELAYED = "delayed", _("says that our letter is late")
        AUTOMATIC = "automatic", _("was written by a program")
        UNKNOWN = "unknown", _("came to no address of ours")
        TOO_BIG = "too_big", _("is too large to be read")
        BROKEN = "broken", _("cannot be read")

    digest = models.BinaryField(_("SHA-256 of what makes it this letter"), max_length=32, unique=True)
    community = models.ForeignKey(
        Community, on_delete=models.CASCADE, verbose_name=_("community"), null=True, blank=True
    )  # null: nobody knows whose it is
    subject = models.ForeignKey(
        "core.Subject", on_delete=models.CASCADE, verbose_name=_("subject"), null=True, blank=True
    )
    message = models.ForeignKey(
        "core.OutboxMessage", on_delete=models.SET_NULL, verbose_name=_("our letter"), null=True, blank=True
    )  # the one that came back
    address = models.CharField(_("kind of address"), max_length=1, blank=True)  # of core.verp
    names = models.UUIDField(_("what the address names"), null=True, blank=True)
    raw = models.BinaryField(_("letter"), null=True, blank=True)
    size = models.PositiveIntegerField(_("size, bytes"))
    received_at = models.DateTimeField(_("received"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.WAITING)
    note = models.CharField(_("note"), max_length=200, blank=True)  # codes, never words of the letter
    settled_at = models.DateTimeField(_("read"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    due_at = models.DateTimeField(_("next try"))  # a claim moves it on, so that nobody else takes the letter meanwhile

    objects: ClassVar[models.Manager["IncomingLetter"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("incoming letter")
        verbose_name_plural = _("incoming letters")
        indexes = [
            # Used by core.incoming.claim: what waits to be read.
            models.Index(fields=["due_at"], condition=Q(settled_at=None), name="incoming_waits"),
            # Used by core.incoming.forget_words: letters that are still there.
            models.Index(fields=["settled_at"], condition=Q(raw__isnull=False), name="incoming_has_words"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="waiting", settled_at=None) | (~Q(outcome="waiting") & Q(settled_at__isnull=False)),
                name="incoming_settled_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "waiting",
                        "applied",
                        "repeated",
                        "refused",
                        "bounced",
                        "delayed",
                        "automatic",
                        "unknown",
                        "too_big",
                        "broken",
                    ]
                ),
                name="incoming_outcome_known",
            ),
            models.CheckConstraint(condition=Q(address__in=["", "b", "r"]), name="incoming_address_known"),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M} {self.outcome}"
