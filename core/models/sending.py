"""How the outbox is steered and seen: pauses, limits of providers, and how each try ended."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models.outbox import Failure, Lane
from geodata.models import Community


class StopBase(models.Model):
    """A lane from which nothing new leaves: since when, by whom and why. What is written meanwhile waits."""

    class Kind(models.TextChoices):
        PAUSED = "paused", _("paused")
        DRAINING = "draining", _("being emptied")

    lane = models.CharField(_("lane"), max_length=12, choices=Lane)
    kind = models.CharField(_("how"), max_length=10, choices=Kind)
    since = models.DateTimeField(_("since"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, verbose_name=_("by"), null=True)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_lane_display()}: {self.get_kind_display()}"

    @property
    def due_until(self) -> datetime | None:
        """What is due by this moment may still leave; None: nothing may."""
        return self.since if self.kind == self.Kind.DRAINING else None


def _stop_checks(name: str) -> list[Any]:
    return [
        models.CheckConstraint(condition=Q(lane__in=Lane.values), name=f"{name}_lane_known"),
        models.CheckConstraint(condition=Q(kind__in=["paused", "draining"]), name=f"{name}_kind_known"),
        models.CheckConstraint(condition=~Q(reason=""), name=f"{name}_with_a_reason"),
    ]


class Stop(StopBase):
    """A lane that one community paused or empties."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))

    objects: ClassVar[models.Manager["Stop"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("pause of a community")
        verbose_name_plural = _("pauses of communities")
        constraints = [
            models.UniqueConstraint(fields=["community", "lane"], name="stop_once"),
            # Only an operator stops sign-in codes and receipts, and only for everybody.
            models.CheckConstraint(condition=~Q(lane="1-urgent"), name="stop_leaves_urgent_alone"),
            *_stop_checks("stop"),
        ]


class StopEverywhere(StopBase):
    """A lane that an operator paused or empties for the whole installation."""

    class Meta:
        verbose_name = _("pause of the installation")
        verbose_name_plural = _("pauses of the installation")
        constraints = [
            models.UniqueConstraint(fields=["lane"], name="stop_everywhere_once"),
            *_stop_checks("stop_everywhere"),
        ]


class SendingLimit(models.Model):
    """At most so many messages leave by a channel, or by it to one host, in any stretch of so many seconds.

    core.outbox_limits counts in `spent`; nothing else writes there.
    """

    class Window(models.IntegerChoices):
        SECOND = 1, _("second")
        MINUTE = 60, _("minute")
        HOUR = 3600, _("hour")
        DAY = 86400, _("day")

    channel = models.CharField(_("channel"), max_length=20)
    host = models.CharField(_("host"), max_length=255, blank=True)  # "": all that leaves by the channel
    most = models.PositiveIntegerField(_("at most messages"))
    window = models.PositiveIntegerField(_("in one"), choices=Window)
    spent = models.JSONField(_("spent"), default=list, editable=False)  # [slice of the window, messages] pairs

    class Meta:
        verbose_name = _("limit of a provider")
        verbose_name_plural = _("limits of providers")
        ordering = ["channel", "host", "window"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "host", "window"], name="sending_limit_once"),
            models.CheckConstraint(condition=Q(most__gte=1), name="sending_limit_lets_something_out"),
            models.CheckConstraint(condition=Q(window__in=[1, 60, 3600, 86400]), name="sending_limit_window_known"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.host}".strip() + f": {self.most} / {self.get_window_display()}"


class Way(models.Model):
    """A way out whose receiver could not be reached the last time. Gone as soon as something comes through it.

    core.ways writes it; nothing else does.
    """

    DOWN_AFTER = 2  # different messages in a row that found nobody

    channel = models.CharField(_("channel"), max_length=20)
    host = models.CharField(_("host"), max_length=255, blank=True)  # "": all that leaves by the channel
    failures = models.PositiveIntegerField(_("different messages in a row that found nobody"), default=1)
    last_message = models.BigIntegerField(_("the last of them"))
    failing_since = models.DateTimeField(_("since"))
    asked_at = models.DateTimeField(_("last asked"))
    why = models.CharField(_("what was found"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("way out that fails")
        verbose_name_plural = _("ways out that fail")
        ordering = ["channel", "host"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "host"], name="way_once"),
            models.CheckConstraint(condition=Q(failures__gte=1), name="way_failed_at_least_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.host}".strip()

    @property
    def is_down(self) -> bool:
        """Whether everything waits for one message that asks."""
        return self.failures >= self.DOWN_AFTER


class Outcome(models.Model):
    """How one try of a message ended. Kept for some hours, then only counted (OutcomeTotal)."""

    class Kind(models.TextChoices):
        SENT = "sent", _("left")
        FAILED = "failed", _("failed, will be tried again")
        DIED = "died", _("given up")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"), db_index=False)
    lane = models.CharField(_("lane"), max_length=12, choices=Lane)
    channel = models.CharField(_("channel"), max_length=20)
    kind = models.CharField(_("how it ended"), max_length=10, choices=Kind)
    failure = models.CharField(_("why it did not leave"), max_length=12, choices=Failure, blank=True)
    at = models.DateTimeField(_("at"))

    objects: ClassVar[models.Manager["Outcome"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("end of a try")
        verbose_name_plural = _("ends of tries")
        indexes = [models.Index(fields=["at"], name="outcome_at")]  # used by core.outbox_figures
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["sent", "failed", "died"]), name="outcome_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.lane} {self.channel}: {self.kind}"


class OutcomeTotal(models.Model):
    """How many tries ended so, of all communities, before those that stand in rows of their own."""

    lane = models.CharField(_("lane"), max_length=12, choices=Lane)
    channel = models.CharField(_("channel"), max_length=20)
    kind = models.CharField(_("how it ended"), max_length=10, choices=Outcome.Kind)
    count = models.PositiveBigIntegerField(_("count"))

    class Meta:
        verbose_name = _("number of ends of tries")
        verbose_name_plural = _("numbers of ends of tries")
        constraints = [models.UniqueConstraint(fields=["lane", "channel", "kind"], name="outcome_total_once")]

    def __str__(self) -> str:
        return f"{self.lane} {self.channel} {self.kind}: {self.count}"
