"""What every kind of thing shares: an address (Subject), tokens, days off, counters of limits, jobs."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Community


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking: the communities whose staff they are, and the subjects they proved to have written."""

    staff_of: frozenset[int] = frozenset()
    everywhere: bool = False
    author_of: frozenset[int] = frozenset()


STRANGER = Viewer()


class Visibility(models.TextChoices):
    PUBLIC = "public", _("public")
    COARSE = "coarse", _("public, with a blurred place")
    HELD = "held", _("held until a moderator looks")
    HIDDEN = "hidden", _("hidden")


ON_THE_MAP = (Visibility.PUBLIC, Visibility.COARSE)  # what strangers may see
DELIVERED = (*ON_THE_MAP, Visibility.HELD)  # what the organisation that must answer gets


def visible_to(viewer: Viewer, *, prefix: str = "") -> Q:
    """Condition for rows that `viewer` may see; `prefix` leads to the subject, for example "subject__"."""
    if viewer.everywhere:
        return Q()
    condition = Q(**{f"{prefix}visibility__in": ON_THE_MAP})
    if viewer.staff_of:
        condition |= Q(**{f"{prefix}community__in": viewer.staff_of})
    if viewer.author_of:
        condition |= Q(**{f"{prefix}id__in": viewer.author_of})
    return condition


class SubjectQuerySet(models.QuerySet["Subject"]):
    def visible_to(self, viewer: Viewer) -> "SubjectQuerySet":
        """Subjects that `viewer` may see: public ones, those of their staff's communities, their own."""
        return self.filter(visible_to(viewer))


SubjectManager = models.Manager.from_queryset(SubjectQuerySet)


class Subject(models.Model):
    """An address, not a parent: each thing that is delivered, documented or moderated owns one by OneToOne."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    kind = models.CharField(_("kind"), max_length=30)
    visibility = models.CharField(_("visibility"), max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    hidden_reason = models.CharField(_("why it is hidden"), max_length=300, blank=True)

    objects: ClassVar[SubjectManager["Subject"]] = ScopedManager(SubjectManager, community="community")

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        constraints = [
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="subject_visibility_known"),
            models.CheckConstraint(
                condition=~Q(visibility=Visibility.HIDDEN) | ~Q(hidden_reason=""), name="subject_hidden_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def is_visible_to(self, viewer: Viewer) -> bool:
        """The same question as `visible_to`, for one row in hand."""
        return (
            viewer.everywhere
            or self.visibility in ON_THE_MAP
            or self.community_id in viewer.staff_of
            or self.pk in viewer.author_of
        )


class Token(models.Model):
    """A right that a secret link carries. Only the digest is kept; core.tokens makes, checks and revokes them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, verbose_name=_("subject"))
    purpose = models.CharField(_("purpose"), max_length=30)
    digest = models.BinaryField(_("SHA-256 of the secret"), max_length=32, unique=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects: ClassVar[models.Manager["Token"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("secret link")
        verbose_name_plural = _("secret links")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="token_expires_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    def is_good(self, at: datetime) -> bool:
        """True while the link neither expired nor was revoked."""
        return self.revoked_at is None and at < self.expires_at


class CalendarDay(models.Model):
    """A day that is not what its weekday says: a holiday, or a working Saturday."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    day = models.DateField(_("day"))
    is_working = models.BooleanField(_("is a working day"))
    reason = models.CharField(_("reason"), max_length=200)

    objects: ClassVar[models.Manager["CalendarDay"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["community", "day"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class Usage(models.Model):
    """How often something was done in the window that ends at that moment. core.limits counts; nothing else writes."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    key = models.CharField(_("HMAC of what is counted"), max_length=64)
    used = models.PositiveIntegerField(_("used"))
    ends_at = models.DateTimeField(_("window ends"), db_index=True)

    objects: ClassVar[models.Manager["Usage"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("counter of a limit")
        verbose_name_plural = _("counters of limits")
        constraints = [models.UniqueConstraint(fields=["community", "key"], name="usage_counted_once")]

    def __str__(self) -> str:
        return f"{self.used}"


class Job(models.Model):
    """Long work that a worker does while people see how far it is. core.jobs claims, runs and finishes it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waits for a worker")
        RUNNING = "running", _("is running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    kind = models.CharField(_("kind"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    parameters = models.JSONField(_("parameters"), default=dict)
    input = models.FileField(_("file"), upload_to="jobs/%Y/%m/", blank=True)
    input_name = models.CharField(_("name of the file"), max_length=200, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)  # 0: not known yet
    result = models.JSONField(_("result"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, verbose_name=_("asked by"), null=True, blank=True
    )
    created_at = models.DateTimeField(_("asked"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    cancel_asked_at = models.DateTimeField(_("asked to stop"), null=True, blank=True)
    claim = models.UUIDField(_("claim"), null=True, blank=True)
    leased_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)

    objects: ClassVar[models.Manager["Job"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at", "-id"]
        indexes = [
            # Used by core.jobs.claim: what waits, and what somebody stopped working on.
            models.Index(fields=["created_at"], condition=Q(state__in=["queued", "running"]), name="job_waiting"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed", "cancelled"]), name="job_state_known"
            ),
            models.CheckConstraint(condition=Q(total=0) | Q(done__lte=models.F("total")), name="job_done_of_total"),
            models.CheckConstraint(
                condition=Q(state="running", claim__isnull=False, leased_until__isnull=False)
                | (~Q(state="running") & Q(claim=None, leased_until=None)),
                name="job_runs_under_a_claim",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | (Q(state__in=["done", "failed", "cancelled"]) & Q(finished_at__isnull=False)),
                name="job_over_has_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} № {self.pk}"

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen by itself."""
        return self.finished_at is not None

    @property
    def may_run_again(self) -> bool:
        """True when it ended without a result and the file that came with it, if one did, is still kept."""
        return self.state in {self.State.FAILED, self.State.CANCELLED} and bool(self.input or not self.input_name)

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        if self.state == self.State.DONE:
            return 100
        return min(100 * self.done // self.total, 99) if self.total else 0


from core.incoming_models import IncomingLetter  # noqa: E402, F401  its rows name those above
