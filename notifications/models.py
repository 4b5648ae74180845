"""Who hears of what, and how often an address was asked whether it wants to."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from core.models import Subject, Token
from geodata.models import Community

MOST_ASKED = 3  # letters a day that ask one address for confirmation


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
