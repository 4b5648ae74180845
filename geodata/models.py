"""Where things are: communities, the divisions that cut them into areas, and shapes for a drawn base map."""

from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.gis.db import models
from django.contrib.gis.db.models import Extent
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from geodata.slugs import LONGEST_SLUG, refuse_reserved  # migrations name the second by this module

WGS84 = 4326
KATOTTG_CODE = r"^UA[0-9]{17}$"


def refuse_unknown_zone(name: str) -> None:
    """Raises ValidationError for what is no time zone: every page of the community reads its clock by it."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValidationError(_("This time zone is not known; write it as Europe/Kyiv.")) from None


class Community(models.Model):
    """A territorial community (громада): the scope of nearly every row."""

    slug = models.SlugField(
        _("address on the site"),
        max_length=LONGEST_SLUG,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9-]+$"), refuse_reserved],
    )
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    katottg = models.CharField(_("КАТОТТГ code"), max_length=19, null=True, blank=True, unique=True)
    boundary = models.MultiPolygonField(_("boundary"), srid=WGS84, null=True, blank=True)
    centre = models.PointField(_("where the map opens"), srid=WGS84)
    zoom = models.PositiveSmallIntegerField(
        _("zoom the map opens with"), default=13, validators=[MinValueValidator(5), MaxValueValidator(18)]
    )
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Kyiv", validators=[refuse_unknown_zone])
    accent_hue = models.PositiveSmallIntegerField(
        _("accent hue, degrees"), default=256, validators=[MaxValueValidator(359)]
    )
    # Plain text, shown beside the drawn base map: licences of open data ask for it. geodata.shape_import writes it.
    map_credit = models.CharField(_("whose data the drawn base map shows"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("community")
        verbose_name_plural = _("communities")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(zoom__range=(5, 18)), name="community_zoom_in_range"),
            models.CheckConstraint(condition=Q(accent_hue__lt=360), name="community_hue_in_range"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("map", args=[self.slug])

    def day_of(self, moment: datetime) -> date:
        """The date in the community's time zone."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of the boundary in degrees, as the database has it; None without one."""
        found: tuple[float, float, float, float] | None = Community.objects.filter(pk=self.pk).aggregate(
            box=Extent("boundary")
        )["box"]
        return found


class Unit(models.Model):
    """One row of the national codifier of places (КАТОТТГ): an oblast, a raion, a community, a settlement.

    It belongs to no community: every one reads the same codifier. The parent is stored as the codifier has it; no rule
    makes it out of the digits of a code. A row never goes away: one that the codifier dropped has `ended_on`.
    """

    class Category(models.TextChoices):
        """The letters of the codifier, from the largest unit to the smallest."""

        OBLAST = "O", _("oblast or Autonomous Republic")
        SPECIAL_CITY = "K", _("city with special status")
        RAION = "P", _("raion")
        COMMUNITY = "H", _("territorial community")
        CITY = "M", _("city")
        URBAN_TYPE = "T", _("urban-type settlement")
        SETTLEMENT = "X", _("settlement")
        VILLAGE = "C", _("village")
        CITY_DISTRICT = "B", _("city district")

    code = models.CharField(
        _("КАТОТТГ code"), max_length=19, primary_key=True, validators=[RegexValidator(KATOTTG_CODE)]
    )
    category = models.CharField(_("category"), max_length=1, choices=Category)
    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of")
    )
    ended_on = models.DateField(_("no longer in the codifier since"), null=True, blank=True)

    class Meta:
        verbose_name = _("unit of the codifier")
        verbose_name_plural = _("units of the codifier")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=KATOTTG_CODE), name="unit_code_is_katottg"),
            models.CheckConstraint(
                condition=Q(category__in=["O", "K", "P", "H", "M", "T", "X", "C", "B"]), name="unit_category_known"
            ),
            # Oblasts and the two cities stand at the top; everything else is a part of something.
            models.CheckConstraint(
                condition=Q(category__in=["O", "K"], parent__isnull=True)
                | (~Q(category__in=["O", "K"]) & Q(parent__isnull=False)),
                name="unit_has_a_parent_below_the_top",
            ),
            models.CheckConstraint(condition=~Q(parent=F("code")), name="unit_is_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class Division(models.Model):
    """A named way to cut a community into areas: city districts, school catchments, waste carriers' zones."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)

    objects: ClassVar[models.Manager["Division"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["community", "code"], name="division_code_once")]

    def __str__(self) -> str:
        return self.name


class DateRange(Func):
    """SQL `daterange(from, to)`: half-open, as valid_from ≤ day < valid_to."""

    function = "DATERANGE"
    output_field = DateRangeField()


class AreaQuerySet(models.QuerySet["Area"]):
    def on(self, day: date) -> "AreaQuerySet":
        """The versions in force on that day."""
        return self.filter(Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gt=day)))


AreaManager = models.Manager.from_queryset(AreaQuerySet)


class Area(models.Model):
    """One version of one area. A changed boundary is a new row; an old issue keeps the area of its own day."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    division = models.ForeignKey(Division, on_delete=models.CASCADE, verbose_name=_("division"))
    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    boundary = models.MultiPolygonField(_("boundary"), srid=WGS84)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to (not including)"), null=True, blank=True)

    objects: ClassVar[AreaManager["Area"]] = ScopedManager(AreaManager, community="community")

    class Meta:
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ["division", "code", "-valid_from"]
        indexes = [
            # Used by responsibility rules: the version of an area on a day.
            models.Index(fields=["division", "code"], name="area_by_code"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="area_ends_after_it_begins"
            ),
            ExclusionConstraint(
                name="area_versions_do_not_overlap",
                expressions=[
                    ("division", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.division_id and self.community_id and self.division.community_id != self.community_id:
            raise ValidationError({"division": _("This division belongs to another community.")})


class MapShape(models.Model):
    """A shape of the community's own drawn base map: used when no raster or PMTiles base map is set."""

    class Kind(models.TextChoices):
        """Drawn in this order, the first at the bottom."""

        LAND = "land", _("built-up land")
        PARK = "park", _("park or wood")
        WATER = "water", _("water")
        BUILDING = "building", _("building")
        STREET = "street", _("street")
        ROAD = "road", _("main road")
        RAIL = "rail", _("railway")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=200, blank=True)
    geometry = models.GeometryField(_("geometry"), srid=WGS84, spatial_index=False)
    # “osm:w42:park”; "" for a shape that no import keeps in step with its source.
    key = models.CharField(_("key in the source"), max_length=60, blank=True, editable=False)

    objects: ClassVar[models.Manager["MapShape"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("base map shape")
        verbose_name_plural = _("base map shapes")
        indexes = [
            # Used by the picture of a place: shapes of one community inside a box, among those of a whole country.
            GistIndex(fields=["community", "geometry"], name="map_shape_place"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["land", "park", "water", "building", "street", "road", "rail"]),
                name="map_shape_kind_known",
            ),
            models.UniqueConstraint(fields=["community", "key"], condition=~Q(key=""), name="map_shape_key_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class Street(models.Model):
    """A street, square or other place that houses are numbered by, with the names that it had or has beside.

    `search` is what geodata.street_words makes of all of its names; geodata.address_import and
    geodata.address_correction write it.
    """

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    key = models.CharField(_("key in the source"), max_length=200)
    name = models.CharField(_("name, as people write it"), max_length=200)
    locality = models.CharField(_("settlement, when the community has several"), max_length=100, blank=True)
    former_names = ArrayField(
        models.CharField(max_length=200), verbose_name=_("former names"), default=list, blank=True
    )
    other_names = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("names beside, also in other languages"),
        default=list,
        blank=True,
    )
    search = models.TextField(_("what it is found by"), max_length=2000, editable=False)
    path = models.MultiLineStringField(
        _("line"), srid=WGS84, geography=True, null=True, blank=True, spatial_index=False
    )
    middle = models.PointField(_("a point on it"), srid=WGS84, geography=True, spatial_index=False)

    objects: ClassVar[models.Manager["Street"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("street")
        verbose_name_plural = _("streets")
        ordering = ["name", "locality"]
        indexes = [
            # Used by the search of places: names with mistyped letters.
            GinIndex(fields=["search"], opclasses=["gin_trgm_ops"], name="street_search"),
            # Used to name a place that no house is near: the nearest street, in metres.
            GistIndex(fields=["community", "path"], name="street_place"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="street_key_once"),
            models.CheckConstraint(condition=~Q(key="") & ~Q(name=""), name="street_has_key_and_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.locality})" if self.locality else self.name


class Address(models.Model):
    """A house number with its place. geodata.address_import and geodata.address_correction write it."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    # The first index below begins with the street: it needs none of its own.
    street = models.ForeignKey(
        Street, on_delete=models.CASCADE, verbose_name=_("street"), related_name="addresses", db_index=False
    )
    key = models.CharField(_("key in the source"), max_length=200)
    number = models.CharField(_("number, as people write it"), max_length=30)
    # “12-А”, “12 A” and “12а” are one number: geodata.street_words.number_key.
    number_key = models.CharField(_("number, as it is compared"), max_length=30, editable=False)
    location = models.PointField(_("place"), srid=WGS84, geography=True, spatial_index=False)

    objects: ClassVar[models.Manager["Address"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["street", "number_key"]
        indexes = [
            # Used by the search of places: numbers of a street that begin so.
            models.Index(fields=["street", "number_key"], name="address_number"),
            # Used to name a place: the nearest house, in metres.
            GistIndex(fields=["community", "location"], name="address_place"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="address_key_once"),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(number="") & ~Q(number_key=""), name="address_has_key_and_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.street.name}, {self.number}"

    def clean(self) -> None:
        if self.street_id and self.community_id and self.street.community_id != self.community_id:
            raise ValidationError({"street": _("This belongs to another community.")})


def local_name(row: Any, language: str) -> str:
    """`row.name_en` when English is asked for and given, else `row.name`."""
    return (row.name_en if language.startswith("en") else "") or row.name


class CellCheck(models.Model):
    """One comparison of counts with what they count: the squares of a layer, or its statistics. Written every night."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    layer = models.CharField(_("what is counted"), max_length=40)
    at = models.DateTimeField(_("when"))
    squares = models.PositiveBigIntegerField(_("counts compared"))
    wrong = models.PositiveBigIntegerField(_("of them wrong, and repaired"))

    objects: ClassVar[models.Manager["CellCheck"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("check of counts")
        verbose_name_plural = _("checks of counts")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.layer} {self.at:%Y-%m-%d %H:%M}"


class GoneCommunity(models.Model):
    """An address at which a community was: its pages answer that they are gone for good. Global: its community is not.

    openmap.moving.removing writes it before it removes the first row; until `finished_at` it is still at work.
    """

    slug = models.SlugField(_("address on the site"), max_length=LONGEST_SLUG, unique=True)
    name = models.CharField(_("name"), max_length=200)
    began_at = models.DateTimeField(_("removal began"))
    finished_at = models.DateTimeField(_("removal ended"), null=True, blank=True)
    # Accounts that its rows named: looked at in the end, when no row tells any more.
    people = ArrayField(models.BigIntegerField(), verbose_name=_("accounts to look at"), default=list, blank=True)

    class Meta:
        verbose_name = _("community that is gone")
        verbose_name_plural = _("communities that are gone")

    def __str__(self) -> str:
        return self.slug
