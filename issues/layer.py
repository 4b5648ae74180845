"""How reports look on the map."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.gis.geos import Polygon
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Concat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from geodata.boxes import Box
from geodata.counted import group_number
from geodata.layers import Choice, Counted, Filters, Layer, as_is, shape_of
from geodata.models import local_name
from geodata.words import words_query
from issues.blur import COARSE_GRID
from issues.models import Issue
from issues.on_the_map import PUBLIC_PLACE
from issues.states import GROUPS, OPEN, Group
from issues.support import count_of_supporters
from media.models import Photo
from routing.models import Category


def state_group() -> Case:
    """Expression: the family of a report's state."""
    whens = [When(state=state, then=Value(group.value)) for state, group in GROUPS.items()]
    return Case(*whens, output_field=CharField())


def photo_path() -> Case:
    """Expression: path of the first cleaned photo of the problem, or null."""
    photos = Photo.objects.filter(
        subject=OuterRef("subject"), role=Photo.Role.PROBLEM, state=Photo.State.CLEAN
    ).order_by("uploaded_at", "id")
    first = Subquery(photos.values("id")[:1])
    path = Concat(
        Value("/"),
        F("community__slug"),
        Value("/photos/"),
        Cast(first, CharField()),
        Value("/small/"),
        output_field=CharField(),
    )
    return Case(When(Exists(photos), then=path), default=None, output_field=CharField())


def chosen_beside_states(filters: Filters) -> Q:
    """Condition: what `filters` leave of reports, but for their states and areas."""
    chosen = Q()
    if filters.categories:
        chosen &= Q(category__code__in=filters.categories)
    if filters.since:
        chosen &= Q(created_at__gte=filters.since)
    if filters.until:
        chosen &= Q(created_at__lt=filters.until)
    if filters.text:
        chosen &= Q(map_words=words_query(filters.text))
    return chosen


def rows(
    community_id: int, filters: Filters, *, today: date, box: Box | None = None
) -> QuerySet[Any, Mapping[str, Any]]:
    """Reports that strangers may see, as geodata.layers.Rows asks."""
    # Whether strangers see its subject is in the row itself (issues.on_the_map): no join for each of many.
    chosen = Issue.objects.filter(community=community_id, map_group__isnull=False)
    if filters.groups:
        chosen = chosen.filter(map_group__in=[group_number(group) for group in filters.groups])
    chosen = chosen.filter(chosen_beside_states(filters))
    if box:
        chosen = chosen.filter(location__bboverlaps=with_blurred(box))
    path = Concat(
        Value("/"),
        F("community__slug"),
        Value("/issues/"),
        Cast("number", CharField()),
        Value("/"),
        output_field=CharField(),
    )
    late = Q(state__in=OPEN, due_on__lt=today)
    shaped: QuerySet[Any, Mapping[str, Any]] = chosen.order_by().values(
        "id",
        "title",
        "state",
        "changed_at",
        "number",
        "due_on",
        geometry=PUBLIC_PLACE,
        category_code=F("category__code"),
        icon=F("category__icon"),
        state_group=state_group(),
        starts_at=F("created_at"),
        ends_at=Value(None, output_field=DateTimeField()),
        url=path,
        photo_url=photo_path(),
        supporters=count_of_supporters(),
        is_late=Case(When(late, then=True), default=False, output_field=BooleanField()),
    )
    return shaped


def with_blurred(box: Box) -> Polygon:
    """The box and the true places of all that may be shown in it blurred."""
    west, south, east, north = box
    margin = COARSE_GRID / 2
    return shape_of(Box(west - margin, south - margin, east + margin, north + margin))


def categories(community_id: int) -> list[Choice]:
    """Categories to filter by, named in the reader's language."""
    language = get_language() or ""
    found = Category.objects.filter(community=community_id)
    return [Choice(category.code, local_name(category, language), category.icon) for category in found]


ISSUES = Layer(
    name="issues",
    title=_("Problems"),
    rows=rows,
    properties={
        "number": as_is,
        "due_on": date.fromisoformat,
        "photo_url": as_is,
        "is_late": as_is,
        "supporters": as_is,
    },
    on_marks={"number": "number", "late": "is_late"},
    groups=Group.choices,
    categories=categories,
    counted=Counted(
        words="map_words",
        number=1,
        table="issues_issue",
        category_keys="SELECT id::integer FROM routing_category WHERE community_id = %s AND code = ANY (%s)",
    ),
)
