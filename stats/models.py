"""How many people live where, which counts per 1,000 residents are made of; files of open data; clusters that were
found."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.models import Area, Community
from routing.models import Category

FIRST_YEAR, LAST_YEAR = 1900, 2199


class Population(models.Model):
    """Residents of a community, or of one version of an area, in a year. stats.populations reads it."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    area = models.ForeignKey(
        Area,
        on_delete=models.CASCADE,
        verbose_name=_("area"),
        null=True,
        blank=True,
        help_text=_("Empty: the whole community."),
    )
    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(FIRST_YEAR), MaxValueValidator(LAST_YEAR)]
    )
    people = models.PositiveIntegerField(_("residents"), validators=[MinValueValidator(1)])
    source = models.CharField(_("who says so"), max_length=200, blank=True)

    objects: ClassVar[models.Manager["Population"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("number of residents")
        verbose_name_plural = _("numbers of residents")
        ordering = ["area", "-year"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "area", "year"], name="population_once_a_year", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(year__range=(FIRST_YEAR, LAST_YEAR)), name="population_year_in_range"),
            models.CheckConstraint(condition=Q(people__gt=0), name="population_of_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.area or self.community} {self.year}"

    def clean(self) -> None:
        if self.area and self.community_id and self.area.community_id != self.community_id:
            raise ValidationError({"area": _("This area belongs to another community.")})


class ExportFile(models.Model):
    """A made file of open data, or a part that files are made of. stats.opendata.making writes it."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    dataset = models.CharField(_("dataset"), max_length=40)
    format = models.CharField(_("format"), max_length=10)
    part = models.CharField(_("part"), max_length=7, blank=True)  # "": the whole; else a month, or "all"
    file = models.CharField(_("name in the storage"), max_length=200)
    rows = models.PositiveIntegerField(_("rows"))
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    fingerprint = models.CharField(_("print of the rows"), max_length=200)  # stats.opendata.reading
    made_at = models.DateTimeField(_("made"))
    checked_at = models.DateTimeField(_("found to be as the database has it"))

    objects: ClassVar[models.Manager["ExportFile"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("file of open data")
        verbose_name_plural = _("files of open data")
        ordering = ["dataset", "format", "part"]
        constraints = [
            models.UniqueConstraint(fields=["community", "dataset", "format", "part"], name="export_file_once"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="export_file_has_a_sum"),
            models.CheckConstraint(
                condition=Q(part__regex=r"^(|all|[0-9]{4}-(0[1-9]|1[0-2]))$"), name="export_file_part_is_a_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}.{self.format}"


class ClusterScan(models.Model):
    """Clusters in space and time (stats.hotspots) of one kind, or of all kinds together, as they were found last."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    source = models.PositiveSmallIntegerField(_("number of what is counted"))
    category = models.ForeignKey(Category, on_delete=models.CASCADE, verbose_name=_("category"), null=True, blank=True)
    since = models.DateField(_("first day looked at"))
    until = models.DateField(_("the day after the last"))
    cases = models.PositiveIntegerField(_("cases looked at"))
    left_out = models.PositiveIntegerField(_("cases left out, as their places are blurred"))
    # A list: lon, lat, radius (m), since and until (both included), observed, expected, surprise, p.
    clusters = models.JSONField(_("clusters"), default=list)
    computed_at = models.DateTimeField(_("computed"))

    objects: ClassVar[models.Manager["ClusterScan"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("scan for clusters")
        verbose_name_plural = _("scans for clusters")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "source", "category"], name="one_scan_of_a_kind", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(until__gt=models.F("since")), name="scan_has_days"),
        ]

    def __str__(self) -> str:
        return f"{self.community_id} {self.category_id or ''} {self.until:%Y-%m-%d}"
