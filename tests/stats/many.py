"""Many reports at once, counted: rows that are enough for statistics."""

from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import Point

from core.models import Subject
from issues.models import Issue
from routing.models import Category
from stats.filling import fill_all
from tests.conftest import NOW, City

KYIV = ZoneInfo("Europe/Kyiv")
Told = tuple[date, float, float, Category]  # day, longitude, latitude, kind


def report(city: City, reports: Iterable[Told], *, at: datetime = NOW) -> list[Issue]:
    """Reports at noon of their days, in the areas that cover them, counted."""
    told = list(reports)
    subjects = Subject.objects.bulk_create(Subject(community=city.community, kind="issue") for _ in told)
    number = Issue.objects.count()
    issues = Issue.objects.bulk_create(
        Issue(subject=subject, community=city.community, number=number + n, category=kind,
              location=Point(lon, lat, srid=4326), title="Яма", text="Яма", created_at=noon(day), changed_at=noon(day),
              due_on=day)
        for n, (subject, (day, lon, lat, kind)) in enumerate(zip(subjects, told, strict=True), start=1)
    )  # fmt: skip
    for area in (city.zarichchia, city.slobidka):
        inside = Issue.objects.filter(pk__in=[one.pk for one in issues], location__within=area.boundary)
        rows = [Issue.areas.through(issue_id=pk, area_id=area.pk) for pk in inside.values_list("pk", flat=True)]
        Issue.areas.through.objects.bulk_create(rows)
    fill_all(at=at)
    return issues


def noon(day: date) -> datetime:
    """By the clock of Kyiv."""
    return datetime.combine(day, time(12), KYIV)
