"""Works and outages that are known: where, when, whose."""

from datetime import date
from typing import ClassVar

from django.contrib.gis.db import models
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation
from core.models import Subject, Viewer, visible_to
from geodata.models import WGS84, Community
from routing.models import Category

MAX_TEXT = 4000  # characters
MAX_CORNERS = 5000  # what is drawn by hand has some dozens


class WorkQuerySet(models.QuerySet["Work"]):
    def visible_to(self, viewer: Viewer) -> "WorkQuerySet":
        """Works whose subject `viewer` may see."""
        return self.filter(visible_to(viewer, prefix="subject__"))


WorkManager = models.Manager.from_queryset(WorkQuerySet)


class Work(models.Model):
    """One piece of work, or one outage. works.actions writes it; nothing else does."""

    class Kind(models.TextChoices):
        REPAIR = "repair", _("repair works")
        OUTAGE = "outage", _("outage")

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, verbose_name=_("subject"), editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.REPAIR)
    name = models.CharField(_("title"), max_length=120)
    name_en = models.CharField(_("title in English"), max_length=120, blank=True)
    text = models.TextField(_("text"), max_length=MAX_TEXT, blank=True)
    text_en = models.TextField(_("text in English"), max_length=MAX_TEXT, blank=True)
    geometry = models.GeometryField(_("place"), srid=WGS84)
    categories = models.ManyToManyField(
        Category,
        verbose_name=_("explains problems of these kinds"),
        blank=True,
        help_text=_("Who reports such a problem near it is told of it first. None chosen: problems of every kind."),
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("whose"), null=True, blank=True
    )
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(
        _("ends"), null=True, blank=True, help_text=_("Empty: not known yet. It is shown until an end is written here.")
    )
    created_at = models.DateTimeField(_("made"), editable=False)
    changed_at = models.DateTimeField(_("last change"), editable=False)

    objects: ClassVar[WorkManager["Work"]] = ScopedManager(WorkManager, community="community")

    class Meta:
        verbose_name = _("works or outage")
        verbose_name_plural = _("works and outages")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["repair", "outage"]), name="work_kind_known"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")), name="work_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=Q(geometry__isvalid=True), name="work_place_is_valid"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("work", args=[self.community.slug, self.pk])

    def text_in(self, language: str) -> str:
        """The English text when English is asked for and given, else the Ukrainian one."""
        return (self.text_en if language.startswith("en") else "") or self.text

    def state_on(self, today: date) -> str:
        """“planned”, “running” or “over” on that day of the community."""
        if self.community.day_of(self.starts_at) > today:
            return "planned"
        is_over = self.ends_at is not None and self.community.day_of(self.ends_at) < today
        return "over" if is_over else "running"

    def clean(self) -> None:
        """Raises ValidationError for a place that crosses itself, is too fine, or lies outside the community."""
        if self.geometry and self.community_id and (trouble := self._trouble_with_place()):
            raise ValidationError({"geometry": trouble})
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("The end comes after the beginning.")})

    def _trouble_with_place(self) -> str:
        if self.geometry.empty or not self.geometry.valid:
            return str(_("The shape crosses itself or is empty. Draw it anew."))
        if self.geometry.num_coords > MAX_CORNERS:
            return str(_("The shape has too many corners: at most %(most)s.") % {"most": MAX_CORNERS})
        boundary = self.community.boundary
        if boundary and not boundary.intersects(self.geometry):
            return str(_("This place lies outside the community."))
        return ""
