"""Things to put on the map: reports without the way they came, and a petition-like layer made of areas."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Case, CharField, DateTimeField, F, Func, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from core.models import Subject, Visibility
from geodata.boxes import Box
from geodata.katottg import read_katottg
from geodata.katottg_import import import_katottg
from geodata.layer_sql import Question
from geodata.layers import Choice, Filters, Layer, as_is, shape_of
from geodata.models import Area, Community, Division
from geodata.words import words_query
from issues.models import Issue
from issues.states import State
from routing.models import Category
from tests.conftest import LONG_AGO, NOW
from tests.geodata.codifier import MORE_ROWS, katottg
from tests.geodata.counted_petitions import drop_table, make_table
from tests.grid import Town, grid

TODAY = date(2026, 11, 19)


def pin(
    community: Community,
    place: Point,
    *,
    category: Category,
    state: State = State.NEW,
    visibility: Visibility = Visibility.PUBLIC,
    at: datetime = NOW,
    due_on: date = TODAY + timedelta(days=7),
    title: str = "Яма на переході",
) -> Issue:
    """A report as it stands in the table."""
    hidden_reason = "особисті дані" if visibility == Visibility.HIDDEN else ""
    subject = Subject.objects.create(
        community=community, kind="issue", visibility=visibility, hidden_reason=hidden_reason
    )
    newest = Issue.objects.filter(community=community).order_by("-number").first()
    return Issue.objects.create(
        subject=subject,
        community=community,
        number=newest.number + 1 if newest else 1,
        category=category,
        location=place,
        title=title,
        text=title,
        state=state,
        created_at=at,
        changed_at=at,
        due_on=due_on,
    )


def question(community: Community, town: Town | None = None, **filters: Any) -> Question:
    """Everything in the drawing, or without a drawing in the whole community."""
    box = Box(*town.box(0.0001)) if town else None
    return Question(community.pk, TODAY, Filters(**filters), box)


def petition_rows(
    community_id: int, filters: Filters, *, today: date, box: Box | None = None
) -> QuerySet[Any, Mapping[str, Any]]:
    """Areas as if each were a petition: a geometry that is no point. Strangers see none whose code says "hidden"."""
    chosen = Area.objects.filter(community=community_id).on(today).exclude(code__startswith="hidden")
    is_done = Q(code__startswith="done")
    group = Case(When(is_done, then=Value("done")), default=Value("wait"), output_field=CharField())
    if filters.groups:
        chosen = chosen.annotate(family=group).filter(family__in=filters.groups)
    if filters.categories:
        chosen = chosen.filter(division__code__in=filters.categories)
    begun = Cast("valid_from", DateTimeField())
    if filters.since:
        chosen = chosen.annotate(begun=begun).filter(begun__gte=filters.since)
    if filters.until:
        chosen = chosen.annotate(begun=begun).filter(begun__lt=filters.until)
    if filters.text:
        words = Func(F("name"), function="geodata_words", output_field=SearchVectorField())
        chosen = chosen.annotate(words=words).filter(words=words_query(filters.text))
    if box:
        chosen = chosen.filter(Q(boundary__bboverlaps=shape_of(box)))
    return chosen.order_by().values(
        "id",
        geometry=F("boundary"),
        title=F("name"),
        category_code=F("division__code"),
        icon=Value("petition"),
        state=Value("signing"),
        state_group=group,
        starts_at=begun,
        ends_at=Cast("valid_to", DateTimeField()),
        changed_at=begun,
        url=Concat(Value("/petitions/"), Cast("id", CharField()), Value("/"), output_field=CharField()),
        signatures=Value(268, output_field=IntegerField()),
        ends_on=F("valid_to"),
    )


PETITIONS = Layer(
    name="petitions",
    title="Петиції",
    rows=petition_rows,
    properties={"signatures": as_is, "ends_on": date.fromisoformat},
    on_marks={"signatures": "signatures"},
    groups=(("wait", "Збирає підписи"), ("done", "Розглянута")),
    categories=lambda community_id: [Choice("districts", "Райони", "petition")],
)


@pytest.fixture(scope="session")
def counted_petitions(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The table of tests.geodata.counted_petitions stands in the database of these tests."""
    with django_db_blocker.unblock():
        make_table()
    yield
    with django_db_blocker.unblock():
        drop_table()


@pytest.fixture
def squares(inside: Community) -> Division:
    """A division for areas that a test draws."""
    return Division.objects.create(community=inside, code="squares", name="Квартали")


@pytest.fixture
def blocks() -> Town:
    """Two blocks side by side, ABED and BCFE; x is inside the second."""
    return grid(
        "A . m . B . C",
        ". . . . . . .",
        ". . . . . x .",
        "D . n . E . F",
    )


@pytest.fixture
def country() -> Town:
    """Яворин ABED and Соснівка NCFM: the strip NBEM is drawn in both, and Соснівка is smaller. s is in the strip."""
    return grid(
        "A . . . . . N . B . . . C",
        ". . a . . . . s . . c . .",
        "D . . . . . M . E . . . F",
        cell=1000.0,
    )


@pytest.fixture
def thin() -> Town:
    """The same with a strip of 200 m of 10 km: ABED and NCFM."""
    return grid(
        f"A {'. ' * 48}N B {'. ' * 40}C",
        f". {'. ' * 48}. . {'. ' * 40}.",
        f"D {'. ' * 48}M E {'. ' * 40}F",
        cell=200.0,
    )


@pytest.fixture
def codifier(db: None) -> None:
    """The invented oblast is stored."""
    import_katottg(read_katottg(katottg(*MORE_ROWS)), on=LONG_AGO)
