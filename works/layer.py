"""How works and outages look on the map."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Case, CharField, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.models import STRANGER
from geodata.boxes import Box
from geodata.layers import Filters, Layer, narrowed
from routing.models import Category
from works.models import Work

STILL_SHOWN = timedelta(days=14)  # after the last day
# Expression: the words that works are found by. There are few of them, so no index holds these.
WORDS = Func(
    Concat("name", Value(" "), "name_en", Value(" "), "text", Value(" "), "text_en", output_field=TextField()),
    function="geodata_words",
    output_field=SearchVectorField(),
)
GROUPS = [("wait", _("Planned")), ("work", _("In progress")), ("done", _("Over"))]


def rows(
    community_id: int, filters: Filters, *, today: date, box: Box | None = None
) -> QuerySet[Any, Mapping[str, Any]]:
    """Works that strangers may see, as geodata.layers.Rows asks: planned, running, and over since a short time."""
    recent = Q(ends_at=None) | Q(ends_at__date__gte=today - STILL_SHOWN)
    chosen = Work.objects.filter(recent, community=community_id).visible_to(STRANGER)
    if filters.groups:
        chosen = chosen.filter(_in_groups(filters.groups, today))
    if filters.categories:
        chosen = chosen.filter(pk__in=_concerning(filters.categories))
    chosen = narrowed(chosen, filters, box, words=WORDS)
    codes = Category.objects.filter(work=OuterRef("pk")).order_by("position", "code").values("code")
    shaped: QuerySet[Any, Mapping[str, Any]] = chosen.order_by().values(
        "id",
        "geometry",
        "starts_at",
        "ends_at",
        "changed_at",
        title=_title(),
        category_code=Coalesce(Subquery(codes[:1]), Value(""), output_field=CharField()),
        icon=Case(When(kind=Work.Kind.OUTAGE, then=Value("bolt")), default=Value("cone"), output_field=CharField()),
        state=_state(today),
        state_group=_group(today),
        url=Concat(
            Value("/"),
            F("community__slug"),
            Value("/works/"),
            Cast("id", CharField()),
            Value("/"),
            output_field=CharField(),
        ),
        concerns=ArraySubquery(codes),
    )
    return shaped


def _title() -> Case:
    """Expression: the name in the reader's language."""
    english = When(~Q(name_en=""), then=F("name_en"))
    is_english = (get_language() or "").startswith("en")
    return Case(*([english] if is_english else []), default=F("name"), output_field=CharField())


def _state(today: date) -> Case:
    """Expression: the state on that day, as Work.state_on tells it."""
    return Case(
        When(starts_at__date__gt=today, then=Value("planned")),
        When(ends_at__date__lt=today, then=Value("over")),
        default=Value("running"),
        output_field=CharField(),
    )


def _group(today: date) -> Case:
    """Expression: the family of the state."""
    return Case(
        When(starts_at__date__gt=today, then=Value("wait")),
        When(ends_at__date__lt=today, then=Value("done")),
        default=Value("work"),
        output_field=CharField(),
    )


def _in_groups(groups: tuple[str, ...], today: date) -> Q:
    planned, over = Q(starts_at__date__gt=today), Q(ends_at__isnull=False, ends_at__date__lt=today)
    wanted = {"wait": planned, "work": ~planned & ~over, "done": over & ~planned}
    nothing = Q(pk__lt=0)  # which Django writes as SQL; of an empty list it would refuse to make any
    chosen = nothing
    for group in groups:
        chosen |= wanted.get(group, nothing)
    return chosen


def _concerning(codes: tuple[str, ...]) -> QuerySet[Any, Any]:
    """Keys of the works that explain problems of any of these kinds."""
    return Work.categories.through.objects.filter(category__code__in=codes).values("work")


def codes_from(given: Any) -> tuple[str, ...]:
    """Codes of categories as JSON gave them."""
    return tuple(given)


WORKS = Layer(
    name="works",
    title=_("Works and outages"),
    rows=rows,
    properties={"concerns": codes_from},
    groups=GROUPS,
)
