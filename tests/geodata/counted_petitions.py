"""A layer of tests only that counts itself: petitions as points, lines and areas, in a table that tests make."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db.models import Case, CharField, DateTimeField, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat
from django_scopes import ScopedManager

from geodata.boxes import Box
from geodata.counted import anchor, group_number, map_code, map_group, map_x, map_y
from geodata.layers import Choice, Counted, Filters, Layer, as_is, narrowed
from geodata.models import WGS84, Community

NUMBER = 99
GROUPS = {"signing": "wait", "answered": "done"}
KINDS = {1: "petition.paths", 2: "petition.parks"}
SEEN = Q(is_hidden=False)
WORDS = Func(F("title"), function="geodata_words", output_field=SearchVectorField())


class CountedPetition(models.Model):
    """A petition about a place of any kind. The app is none, so no migration asks for it."""

    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    title = models.CharField(max_length=200)
    kind = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, default="signing")
    signatures = models.PositiveIntegerField(default=268)
    secret = models.CharField(max_length=40, default="адреса автора")
    geometry = GeometryField(srid=WGS84)
    is_hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    map_group = map_group(GROUPS, seen=SEEN)
    map_code = map_code(anchor(F("geometry")), seen=SEEN)
    map_x = map_x(anchor(F("geometry")), seen=SEEN)
    map_y = map_y(anchor(F("geometry")), seen=SEEN)

    objects: ClassVar[models.Manager["CountedPetition"]] = ScopedManager(community="community")

    class Meta:
        app_label = "tests"
        managed = False
        db_table = "tests_counted_petition"


def make_table() -> None:
    """Makes the table and lets it count itself, as the migration of a layer does."""
    with connection.schema_editor() as editor:
        editor.create_model(CountedPetition)
        editor.execute(
            f"SELECT geodata_count_layer({NUMBER}::smallint, 'tests_counted_petition', 'kind', 'created_at')"
        )


def drop_table() -> None:
    """Leaves nothing of it, in no table."""
    with connection.schema_editor() as editor:
        editor.execute(f"SELECT geodata_stop_counting({NUMBER}::smallint)")
        editor.delete_model(CountedPetition)


def rows(
    community_id: int, filters: Filters, *, today: date, box: Box | None = None
) -> QuerySet[Any, Mapping[str, Any]]:
    """Petitions that strangers may see, as geodata.layers.Rows asks."""
    chosen = CountedPetition.objects.filter(community=community_id, map_group__isnull=False)
    if filters.groups:
        chosen = chosen.filter(map_group__in=[group_number(group) for group in filters.groups])
    if filters.categories:
        chosen = chosen.filter(kind__in=[kind for kind, code in KINDS.items() if code in filters.categories] or [0])
    chosen = narrowed(chosen, filters, box, words=WORDS, began="created_at")
    families = [When(state=state, then=Value(group)) for state, group in GROUPS.items()]
    kinds = [When(kind=kind, then=Value(code)) for kind, code in KINDS.items()]
    shaped: QuerySet[Any, Mapping[str, Any]] = chosen.order_by().values(
        "id",
        "geometry",
        "title",
        "state",
        "changed_at",
        "signatures",
        category_code=Case(*kinds, output_field=CharField()),
        icon=Value("petition"),
        state_group=Case(*families, output_field=CharField()),
        starts_at=F("created_at"),
        ends_at=Value(None, output_field=DateTimeField()),
        url=Concat(Value("/counted/"), Cast("id", CharField()), Value("/"), output_field=CharField()),
    )
    return shaped


_CODES = ", ".join(f"({kind}, '{code}')" for kind, code in KINDS.items())
COUNTED_PETITIONS = Layer(
    name="counted_petitions",
    title="Лічені петиції",
    rows=rows,
    properties={"signatures": as_is},
    on_marks={"signatures": "signatures"},
    groups=(("wait", "Збирає підписи"), ("done", "Розглянута")),
    categories=lambda community_id: [Choice(code, code, "petition") for code in KINDS.values()],
    counted=Counted(
        has_shapes=True,
        number=NUMBER,
        table="tests_counted_petition",
        category="kind",
        # Kinds are the same in every community.
        category_keys=f"SELECT kind::integer FROM (VALUES {_CODES}) kinds(kind, code) WHERE %s > 0 AND code = ANY (%s)",
    ),
)
