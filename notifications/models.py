"""Who hears of what: people by e-mail, programs by webhooks; how often an address was asked whether it wants to."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from accounts.models import ApiClient
from core.models import Subject, Token
from geodata.models import Community

MOST_ASKED = 3  # letters a day that ask one address for confirmation
MOST_WEBHOOKS = 20  # of one client


class FollowQuerySet(models.QuerySet["Follow"]):
    def standing(self) -> "FollowQuerySet":
        """Those that have not ended; confirmed or not."""
        return self.filter(ended_at=None)

    def confirmed(self) -> "FollowQuerySet":
        """Those that get letters."""
        return self.standing().filter(confirmed_at__isnull=False)


FollowManager = models.Manager.from_queryset(FollowQuerySet)


class Follow(models.Model):
    """An address to which letters about one subject go, once its owner said so by a link. When it ends, the address is
    erased. notifications.actions changes it; nothing else does."""

    class Role(models.TextChoices):
        AUTHOR = "author", _("author")
        SUPPORTER = "supporter", _("supporter")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="follows")
    email = models.EmailField(_("e-mail (never shown)"), max_length=254, blank=True)
    language = models.CharField(_("language of letters"), max_length=2, default="uk")
    role = models.CharField(_("as"), max_length=10, choices=Role)
    token = models.OneToOneField(Token, on_delete=models.CASCADE, verbose_name=_("secret link"))
    created_at = models.DateTimeField(_("began"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    came_back_at = models.DateTimeField(_("its mail server said that there is no such address"), null=True, blank=True)

    objects: ClassVar[FollowManager["Follow"]] = ScopedManager(FollowManager, community="community")

    class Meta:
        verbose_name = _("follow")
        verbose_name_plural = _("follows")
        constraints = [
            models.UniqueConstraint("subject", Lower("email"), condition=Q(ended_at=None), name="follow_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None) & ~Q(email="") | Q(ended_at__isnull=False, email=""),
                name="follow_ended_has_no_address",
            ),
            models.CheckConstraint(condition=Q(role__in=["author", "supporter"]), name="follow_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} → {self.subject_id}"  # the address stands nowhere

    @property
    def is_confirmed(self) -> bool:
        """True when letters go there."""
        return self.confirmed_at is not None and self.ended_at is None

    @property
    def masked(self) -> str:
        """The address as its owner knows it again and nobody else learns it: “o***@ukr.net”; "" when it ended."""
        name, _at, domain = self.email.rpartition("@")
        return f"{name[:1]}***@{domain}" if name else ""


class AskedToday(models.Model):
    """How many letters asked an address for confirmation on a day. Global: whoever floods an address would do it
    through all communities. Holds a digest of the address, and only for a few days."""

    digest = models.CharField(_("digest of the address"), max_length=64)
    day = models.DateField(_("day (UTC)"))
    letters = models.PositiveSmallIntegerField(_("letters"))

    class Meta:
        verbose_name = _("letters that asked an address")
        verbose_name_plural = _("letters that asked an address")
        constraints = [
            models.UniqueConstraint(fields=["digest", "day"], name="asked_one_row_a_day"),
            models.CheckConstraint(condition=Q(letters__range=(1, MOST_ASKED)), name="asked_no_more_than_allowed"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.letters}"


class Webhook(models.Model):
    """An address to which a client's program is told what everybody may know, as it happens.

    notifications.hooks changes it; the database itself writes what is to be told (`notifications_announce`).
    """

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("has not answered the first message yet")
        ACTIVE = "active", pgettext_lazy("webhook", "active")
        PAUSED = "paused", _("paused by its owner")
        FAILED = "failed", _("paused: it did not answer for days")
        GONE = "gone", _("ended: it answered that it is gone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, verbose_name=_("subject"))
    client = models.ForeignKey(
        ApiClient, on_delete=models.CASCADE, verbose_name=_("client of the API"), related_name="webhooks"
    )
    slot = models.PositiveSmallIntegerField(_("place among those of the client"))
    url = models.CharField(_("address"), max_length=2000)
    events = ArrayField(models.CharField(max_length=40), verbose_name=_("events (none: all)"), default=list, blank=True)
    categories = ArrayField(
        models.CharField(max_length=60), verbose_name=_("kinds of problems (none: all)"), default=list, blank=True
    )  # codes
    areas = ArrayField(
        models.CharField(max_length=130), verbose_name=_("areas (none: all)"), default=list, blank=True
    )  # “division.code”
    language = models.CharField(_("language of words"), max_length=2, default="uk")
    secret = models.CharField(_("sealed secret"), max_length=300)
    old_secret = models.CharField(_("sealed secret before it"), max_length=300, blank=True)
    old_until = models.DateTimeField(_("the old one signs until"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.UNCONFIRMED)
    created_at = models.DateTimeField(_("made"))
    confirmed_at = models.DateTimeField(_("hears what happened since"), null=True, blank=True)
    failing_since = models.DateTimeField(_("fails since"), null=True, blank=True)
    last_delivered_at = models.DateTimeField(_("answered last"), null=True, blank=True)

    objects: ClassVar[models.Manager["Webhook"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["client", "slot"]
        indexes = [
            # Used by notifications_announce, for everything that happens: most communities have none.
            models.Index(fields=["community"], condition=Q(state="active"), name="webhook_listening"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["client", "slot"], name="webhook_slot_once"),
            models.CheckConstraint(condition=Q(slot__range=(1, MOST_WEBHOOKS)), name="webhook_no_more_than_allowed"),
            models.CheckConstraint(
                condition=Q(state__in=["unconfirmed", "active", "paused", "failed", "gone"]), name="webhook_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(confirmed_at__isnull=False), name="webhook_active_was_confirmed"
            ),
            models.CheckConstraint(condition=~Q(url="") & ~Q(secret=""), name="webhook_has_an_address_and_a_secret"),
            models.CheckConstraint(
                condition=Q(old_secret="", old_until=None) | (~Q(old_secret="") & Q(old_until__isnull=False)),
                name="webhook_old_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_failing(self) -> bool:
        """True while it is told of everything but what was sent last was given up."""
        return self.state == self.State.ACTIVE and self.failing_since is not None
