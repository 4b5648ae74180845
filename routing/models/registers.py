"""What a city owns or knows, as points, lines and polygons with a keeper. Imported, never typed."""

from datetime import date
from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db.models import BigIntegerField, F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Organisation
from geodata.models import WGS84, Community, DateRange
from routing.models.on_the_map import MAP_INDEXES, OnTheMap


class Register(models.Model):
    """A list of things with a place: roads, buildings, lamps, trees, manholes."""

    class Kind(models.TextChoices):
        ROADS = "roads", _("roads and streets")
        BUILDINGS = "buildings", _("buildings")
        LAMPS = "lamps", _("street lights")
        TREES = "trees", _("trees")
        MANHOLES = "manholes", _("manholes")
        OTHER = "other", _("other")

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.OTHER)
    is_on_map = models.BooleanField(
        _("on the map"),
        default=False,
        db_default=False,
        help_text=_(
            "Everybody sees its things on the map of the community: place, name, number and keeper, never the other "
            "attributes. A thing without a name and a number is called by its key."
        ),
    )
    # The day as of which the map shows its things (docs/decisions/0028): routing.register_map moves it on.
    map_day = models.DateField(_("the map shows it as of"), null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["Register"]] = ScopedManager(community="community")

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["community", "code"], name="register_code_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["roads", "buildings", "lamps", "trees", "manholes", "other"]),
                name="register_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(is_on_map=False) | Q(map_day__isnull=False), name="register_on_map_has_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AssetQuerySet(models.QuerySet["Asset"]):
    def on(self, day: date) -> "AssetQuerySet":
        """The versions in force on that day."""
        return self.filter(Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gt=day)))


AssetManager = models.Manager.from_queryset(AssetQuerySet)


KEY_HASH = Func(F("key"), Value(0), function="hashtextextended", output_field=BigIntegerField())


class Asset(OnTheMap):
    """One version of one thing of a register. What changed is a new row; an old report keeps the one of its day."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, verbose_name=_("community"))
    # The indexes below begin with the register: it needs none of its own.
    register = models.ForeignKey(
        Register, on_delete=models.CASCADE, verbose_name=_("register"), related_name="assets", db_index=False
    )
    key = models.CharField(_("key in the register"), max_length=100)
    name = models.CharField(_("name or street"), max_length=200, blank=True)
    number = models.CharField(_("number"), max_length=60, blank=True)
    keeper = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, verbose_name=_("keeper"), null=True, blank=True, related_name="assets"
    )
    entrances = models.PositiveSmallIntegerField(_("entrances"), null=True, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    # Small letters without marks and types of streets, written by the import: what a resident may type.
    search = models.CharField(_("what it is found by"), max_length=300, blank=True, editable=False)
    geometry = models.GeometryField(_("geometry"), srid=WGS84, spatial_index=False)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to (not including)"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), db_default=Now(), editable=False)

    objects: ClassVar[AssetManager["Asset"]] = ScopedManager(AssetManager, community="community")

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        ordering = ["register", "name", "number", "key", "-valid_from"]
        indexes = [
            # Used by the API, by imports and by the history of a thing.
            models.Index(fields=["register", "key"], name="asset_key"),
            # Used by routing_decide: what of a register lies around a point.
            GistIndex(fields=["register", "geometry"], name="asset_place"),
            # Used by the report form: a house by its street and number.
            GinIndex(fields=["search"], opclasses=["gin_trgm_ops"], name="asset_search"),
            *MAP_INDEXES,
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="asset_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~Q(key=""), name="asset_has_a_key"),
            models.CheckConstraint(
                condition=Q(entrances__isnull=True) | Q(entrances__range=(1, 200)), name="asset_entrances_in_range"
            ),
            # By a hash of the key: with the text itself it took nine tenths of an import. Two keys of one register that
            # have the same 64 bits by chance would be refused, never taken for each other.
            ExclusionConstraint(
                name="asset_versions_do_not_overlap",
                expressions=[
                    ("register", RangeOperators.EQUAL),
                    (KEY_HASH, RangeOperators.EQUAL),
                    (DateRange("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What people call it: “вул. Соборна, 12”; the key when nothing else is known."""
        return ", ".join(part for part in (self.name, self.number) if part) or self.key
