"""What the row of a thing of a register knows of how strangers see it: columns that the database keeps itself
(geodata.counted)."""

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Concat

from geodata.counted import anchor, map_code, map_group_of, map_indexes, map_x, map_y

SEEN = Q(is_shown=True)
GROUP = "none"  # a lamp has no states
# Expression: what people call it, as Asset.label.
TITLE = Case(
    When(name="", number="", then=F("key")),
    When(name="", then=F("number")),
    When(number="", then=F("name")),
    default=Concat("name", Value(", "), "number"),
    output_field=models.TextField(),
)
# Expression: the words that a thing is found by.
WORDS = Func(TITLE, function="geodata_words", output_field=SearchVectorField())
# Expression: midday in UTC of the first day, which is the same day in every time zone but those of the date line.
MIDDAY = Func(F("valid_from"), function="routing_midday", output_field=models.DateTimeField())


class OnTheMap(models.Model):
    """Columns of a thing for maps and counts, null while strangers do not see it.

    `is_shown`: its register is on the map, and this version is in force on the register's `map_day`. A copy that
    triggers keep (routing/migrations/0018_registers_on_the_map.py): generated columns can read nothing but their row.
    """

    is_shown = models.BooleanField(default=False, db_default=False, editable=False)
    starts_at = models.GeneratedField(expression=MIDDAY, output_field=models.DateTimeField(), db_persist=True)
    map_group = map_group_of(GROUP, seen=SEEN)
    map_code = map_code(anchor(F("geometry")), seen=SEEN)
    map_x = map_x(anchor(F("geometry")), seen=SEEN)
    map_y = map_y(anchor(F("geometry")), seen=SEEN)

    class Meta:
        abstract = True


# Used by the map, and by who looks for words on it.
MAP_INDEXES = [
    *map_indexes("asset", category="register", kind="register", starts_at="starts_at"),
    GinIndex(WORDS, name="asset_words", condition=Q(map_group__isnull=False)),
]
