"""What was found about a set of rules, and its coverage maps, with the moment: computed ahead, never on a page."""

from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import WGS84, Community
from routing.models.rules import RuleSet


class RuleCheck(models.Model):
    """The last check of a set of rules. routing.rule_check writes it and knows whether it is still true."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    ruleset = models.OneToOneField(
        RuleSet, on_delete=models.CASCADE, verbose_name=_("set of rules"), related_name="checked"
    )
    checked_at = models.DateTimeField(_("checked"))
    state = models.CharField(_("fingerprint of what was read"), max_length=64)
    findings = models.JSONField(_("findings"), default=list)
    # Category id → number of its map: categories with the same rules share one.
    layers = models.JSONField(_("maps of categories"), default=dict)
    square_metres = models.FloatField(_("ground, m²"))

    objects: ClassVar[models.Manager["RuleCheck"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("check of rules")
        verbose_name_plural = _("checks of rules")

    def __str__(self) -> str:
        return f"{self.ruleset} · {self.checked_at:%Y-%m-%d %H:%M}"


class CoveragePiece(models.Model):
    """Ground with one answer, on one of the maps of a check."""

    class Kind(models.TextChoices):
        ANSWERED = "answered", _("somebody answers")
        NOBODY = "nobody", _("nobody")
        TWO = "two", _("two at once")
        SOMETIMES = "sometimes", _("only sometimes")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    of_check = models.ForeignKey(RuleCheck, on_delete=models.CASCADE, verbose_name=_("check"), related_name="pieces")
    layer = models.PositiveSmallIntegerField(_("map"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    organisations = ArrayField(models.BigIntegerField(), verbose_name=_("organisations"), default=list)
    rules = ArrayField(models.BigIntegerField(), verbose_name=_("rules"), default=list)
    square_metres = models.FloatField(_("m²"))
    geometry = models.MultiPolygonField(_("geometry"), srid=WGS84, spatial_index=False)

    objects: ClassVar[models.Manager["CoveragePiece"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("piece of a coverage map")
        verbose_name_plural = _("pieces of coverage maps")
        ordering = ["id"]
        indexes = [
            # Used by the coverage page: the pieces of one map.
            models.Index(fields=["of_check", "layer"], name="coverage_of_a_category"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["answered", "nobody", "two", "sometimes"]), name="coverage_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {round(self.square_metres)} m²"
