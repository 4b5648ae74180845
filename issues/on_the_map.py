"""What a report's row knows of how strangers see it: columns that the database itself keeps (geodata.counted)."""

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Concat

from core.models import ON_THE_MAP, Visibility
from geodata.counted import map_code, map_group, map_indexes, map_x, map_y
from geodata.models import WGS84
from issues.states import GROUPS

SEEN = Q(subject_visibility__in=ON_THE_MAP)
IS_COARSE = Q(subject_visibility=Visibility.COARSE) | Q(place_is_sensitive=True)
# Expression: where strangers see a report; blurred as Issue.is_blurred says.
PUBLIC_PLACE = Func(
    F("location"),
    Case(When(IS_COARSE, then=Value(True)), default=Value(False), output_field=models.BooleanField()),
    function="issues_public_place",
    output_field=models.PointField(srid=WGS84),
)
_WORDS = Func(
    Concat("title", Value(" "), "text", output_field=models.TextField()),
    function="geodata_words",
    output_field=SearchVectorField(),
)


class OnTheMap(models.Model):
    """Columns of a report for maps and counts: where and as what strangers see it, null while they do not.

    The first two are copies of the subject's visibility and of the category's `is_sensitive`, kept by triggers
    (issues/migrations/0016_reports_count_themselves.py): generated columns can read nothing but their own row.
    """

    subject_visibility = models.CharField(max_length=10, default="", db_default="", editable=False)
    place_is_sensitive = models.BooleanField(default=False, db_default=False, editable=False)
    map_group = map_group(GROUPS, seen=SEEN)
    map_code = map_code(PUBLIC_PLACE, seen=SEEN)
    map_x = map_x(PUBLIC_PLACE, seen=SEEN)
    map_y = map_y(PUBLIC_PLACE, seen=SEEN)
    # What a report is found by. Managers leave it out: it is as long as the text, and only the database reads it.
    map_words = models.GeneratedField(expression=_WORDS, output_field=SearchVectorField(), db_persist=True)

    class Meta:
        abstract = True


# Used by the map, and by who looks for words on it.
MAP_INDEXES = [
    *map_indexes("issue", category="category", kind="kind", starts_at="created_at"),
    GinIndex(fields=["map_words"], name="issue_words"),
]
