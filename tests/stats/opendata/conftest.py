"""Яворин with reports that are published, and those that are not."""

from datetime import datetime, timedelta

import pytest
from django.contrib.gis.geos import Point

from core.models import Subject, Visibility
from issues.actions import report_issue
from issues.models import Issue, Supporter
from routing.models import Category
from stats.filling import fill_all
from tests.conftest import NOW, City, hole
from tests.grid import Town


def send(city: City, point: Point, *, at: datetime = NOW, **changes: object) -> Issue:
    """A report of that moment."""
    return report_issue(new=hole(city, point, **changes), community=city.community, at=at)


def show_as(issue: Issue, visibility: Visibility) -> None:
    """What a moderator does."""
    why = "так треба" if visibility == Visibility.HIDDEN else ""
    Subject.objects.filter(pk=issue.subject_id).update(visibility=visibility, hidden_reason=why)


def support(issue: Issue, people: int) -> None:
    """So many others say that it concerns them too."""
    Supporter.objects.bulk_create(
        Supporter(community=issue.community, issue=issue, voice=f"{issue.pk}-{n}", created_at=NOW)
        for n in range(people)
    )


@pytest.fixture
def published(city: City, town: Town) -> dict[str, Issue]:
    """open, old (another month), blurred, secret (of a sensitive kind), hidden and held reports; all are counted."""
    secret = Category.objects.create(
        community=city.community, code="shelters", name="Укриття", is_sensitive=True, icon="pin"
    )
    given = {
        "open": send(city, town["p"], address="вул. Соборна, 12", name="Ольга Шевченко"),
        "old": send(city, town["q"], category=city.manholes, at=NOW - timedelta(days=60)),
        "blurred": send(city, town["p"], address="вул. Таємна, 7", text="Навпроти будинку № 7 на Таємній"),
        "secret": send(city, town["q"], category=secret, address="вул. Таємна, 9", text="Вхід з вулиці Таємної"),
        "hidden": send(city, town["p"], text="Приховане"),
        "held": send(city, town["p"], text="Затримане"),
    }
    show_as(given["blurred"], Visibility.COARSE)
    show_as(given["hidden"], Visibility.HIDDEN)
    show_as(given["held"], Visibility.HELD)
    support(given["open"], 7)
    support(given["old"], 3)
    fill_all(at=NOW)
    return given
