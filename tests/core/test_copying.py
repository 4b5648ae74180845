"""Rows by the thousand: written with COPY as if each had been saved by itself."""

from datetime import datetime

from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.copying import Copied
from core.models import Subject, Token, Visibility
from core.together import AT_ONCE, Writer
from core.tokens import find_token, issue_token, secret_of
from issues.models import Issue
from tests.conftest import City


def make(writer: Writer, city: City, number: int, now: datetime) -> Issue:
    """A report with its point, its JSON, and columns that the database fills by itself."""
    subject = writer.create(Subject, community=city.community, kind="issue", visibility=Visibility.HELD)
    found: Issue = writer.create(
        Issue, subject=subject, community=city.community, number=number, category=city.roads,
        location=Point(28.461, 49.221, srid=4326), title="Яма\tтут", text="Яма\n«100 %» \\N", answers={"a": "б"},
        created_at=now, changed_at=now, due_on=now.date(),
    )  # fmt: skip
    return found


def test_what_is_copied_equals_what_is_saved(city: City, now: datetime) -> None:
    copied = Copied()
    make(copied, city, 2, now)
    make(AT_ONCE, city, 1, now)
    copied.write()
    first, second = (
        {name: value for name, value in row.items() if name not in {"id", "subject_id", "number"}}
        for row in Issue.objects.order_by("number").values()
    )
    assert first == second
    assert first["subject_visibility"] == "held", "the trigger has seen the subject"


def test_rows_may_be_changed_until_they_are_written(city: City, now: datetime) -> None:
    copied = Copied()
    one, two = (make(copied, city, number, now) for number in (1, 2))
    two.text, two.duplicate_of = "Та сама яма", one
    with CaptureQueriesContext(connection) as asked:
        copied.write()
    assert len([query for query in asked if "INSERT" in query["sql"]]) == 0
    assert Issue.objects.get(duplicate_of=one).text == "Та сама яма"
    copied.write()
    assert Issue.objects.count() == 2, "what was written is not written again"


def test_a_copied_link_opens(city: City, now: datetime) -> None:
    copied = Copied()
    subject = copied.create(Subject, community=city.community, kind="issue")
    token = issue_token(subject=subject, purpose="mine", at=now, expires_at=now.replace(year=2100), write=copied)
    copied.write()
    assert find_token(secret=secret_of(token), purpose="mine") == Token.objects.get()
