"""Photos, from the upload to the two sizes that strangers may see."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.contrib.gis.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models import Subject
from geodata.models import WGS84, Community

DRAFT_LIFE: Final = timedelta(hours=24)  # of a photo that no report took


class AreBoxes(models.Func):
    """Whether JSON is a list of at most 50 boxes [left, top, right, bottom], each 0 ≤ left < right ≤ 1, top as left."""

    arity = 1
    output_field = models.BooleanField()
    template = (
        "(jsonb_typeof(%(expressions)s) = 'array' AND jsonb_array_length(%(expressions)s) <= 50 AND"
        " jsonb_array_length(%(expressions)s) = jsonb_array_length(jsonb_path_query_array(%(expressions)s, '"
        "strict $[*] ? (@.size() == 4 && @[0] >= 0 && @[0] < @[2] && @[2] <= 1"
        " && @[1] >= 0 && @[1] < @[3] && @[3] <= 1)')))"
    )


class PhotoQuerySet(models.QuerySet["Photo"]):
    def published(self) -> "PhotoQuerySet":
        """Cleaned and belonging to a subject: what a page may show to those who see the subject."""
        return self.filter(state=Photo.State.CLEAN, subject__isnull=False)

    def young(self, at: datetime) -> "PhotoQuerySet":
        """Uploaded within 24 h, or kept longer for a form: its key is good."""
        return self.filter(Q(uploaded_at__gt=at - DRAFT_LIFE) | Q(kept_until__gt=at))

    def drafts(self, at: datetime) -> "PhotoQuerySet":
        """Not attached to anything, and good at that moment."""
        return self.young(at).filter(subject=None)

    def abandoned(self, at: datetime) -> "PhotoQuerySet":
        """Not attached to anything, and over at that moment."""
        over = Q(kept_until=None) | Q(kept_until__lte=at)
        return self.filter(over, subject=None, uploaded_at__lte=at - DRAFT_LIFE)

    def hiding(self) -> "PhotoQuerySet":
        """With boxes over faces or plates."""
        return self.exclude(boxes=[])

    def failed(self) -> "PhotoQuerySet":
        """Could not be prepared: nobody is shown them until somebody has them tried anew."""
        return self.filter(state=Photo.State.FAILED)

    def waiting(self, at: datetime) -> "PhotoQuerySet":
        """To be cleaned, and claimed by nobody at that moment."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=at), state=Photo.State.WAITING)


PhotoManager = models.Manager.from_queryset(PhotoQuerySet)


class Photo(models.Model):
    """One photo. The original is private; a photo that could not be cleaned is never shown."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting to be cleaned")
        CLEAN = "clean", _("cleaned")
        FAILED = "failed", _("could not be cleaned")

    class Role(models.TextChoices):
        PROBLEM = "problem", _("the problem")
        ANSWER = "answer", _("after the work")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    subject = models.ForeignKey(
        Subject, on_delete=models.CASCADE, verbose_name=_("subject"), related_name="photos", null=True, blank=True
    )  # null: a draft, uploaded while the form is being filled in
    role = models.CharField(_("shows"), max_length=10, choices=Role, default=Role.PROBLEM)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    name = models.CharField(_("file name"), max_length=200)
    original = models.CharField(_("original (storage name, private)"), max_length=200)
    large = models.CharField(_("1600 px (storage name)"), max_length=200, blank=True)
    small = models.CharField(_("400 px (storage name)"), max_length=200, blank=True)
    width = models.PositiveIntegerField(_("width of the large size, px"), default=0)
    height = models.PositiveIntegerField(_("height of the large size, px"), default=0)
    taken_at = models.PointField(_("place read from the photo (private)"), srid=WGS84, null=True, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"))
    upload_key = models.UUIDField(_("key of the upload"), null=True, blank=True, editable=False)
    kept_until = models.DateTimeField(_("kept for a draft until"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("number of the last try"), default=0)  # names its files; never falls
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)  # since the photo came, or since boxes were drawn
    leased_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    failure = models.CharField(_("why it failed"), max_length=300, blank=True)
    boxes = models.JSONField(_("hidden places: left, top, right, bottom of the upright photo, 0 to 1"), default=list)
    changes = models.PositiveSmallIntegerField(_("how often the hidden places were changed"), default=0)
    hidden_at = models.DateTimeField(_("hidden places were drawn"), null=True, blank=True)

    grant = ""  # not kept: media.drafts.granted puts a signed right here, and the addresses carry it

    objects: ClassVar[PhotoManager["Photo"]] = ScopedManager(PhotoManager, community="community")

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["uploaded_at", "id"]
        indexes = [
            # Used by media.actions.clean_waiting.
            models.Index(fields=["uploaded_at"], condition=Q(state="waiting"), name="photo_waiting"),
            # Used by media.actions.drop_abandoned_drafts.
            models.Index(fields=["uploaded_at"], condition=Q(subject=None), name="photo_draft"),
            # Used by media.redaction.forget_originals.
            models.Index(fields=["hidden_at"], condition=~Q(boxes=[]), name="photo_hiding"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "upload_key"], name="photo_uploaded_once"),
            models.CheckConstraint(condition=Q(state__in=["waiting", "clean", "failed"]), name="photo_state_known"),
            models.CheckConstraint(
                condition=~Q(state="clean") | (~Q(large="") & ~Q(small="")), name="photo_clean_has_both_sizes"
            ),
            models.CheckConstraint(condition=AreBoxes("boxes"), name="photo_boxes_lie_inside"),
            models.CheckConstraint(
                condition=Q(boxes=[]) | Q(hidden_at__isnull=False), name="photo_hidden_places_have_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def url(self, size: str) -> str:
        """Address of one size, "large" or "small"; the view asks again who may see it."""
        address = reverse("photo", args=[self.community.slug, self.pk, size])
        return f"{address}?k={self.grant}" if self.grant else address

    @property
    def large_url(self) -> str:
        return self.url("large")

    @property
    def small_url(self) -> str:
        return self.url("small")


def size_name(photo: Photo, attempt: int, size: str) -> str:
    """Each try writes files of its own, so that a late worker never overwrites, and every leftover can be named."""
    return f"photos/{photo.pk.hex[:2]}/{photo.pk.hex}-{attempt}-{size}.webp"
