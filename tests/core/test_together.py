"""Rows that belong together are written by one statement, as if each had been saved by itself."""

from datetime import datetime

import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.models import CalendarDay, Lane, OutboxMessage, Subject, Visibility
from core.together import AT_ONCE, Together, Writer
from geodata.models import Community
from issues.models import Issue, IssueEvent
from tests.conftest import City


def test_rows_that_name_each_other_arrive_by_two_statements(inside: Community, now: datetime) -> None:
    with CaptureQueriesContext(connection) as asked:
        writer = Together({Subject: 2, OutboxMessage: 1})
        one, two = (writer.create(Subject, community=inside, kind="issue") for _turn in range(2))
        message = writer.create(
            OutboxMessage, community=inside, subject=two, lane=Lane.URGENT, channel="email", audience="author",
            recipient="olia@example.org", payload={"text": "Її заявка — «100 %»"}, created_at=now, due_at=now,
        )  # fmt: skip
        assert not Subject.objects.exists()
        writer.write()
    assert len([query for query in asked if "INSERT" in query["sql"] or "nextval" in query["sql"]]) == 2
    assert list(Subject.objects.order_by("pk")) == [one, two]
    found = OutboxMessage.objects.get()
    assert (found.pk, found.subject, found.payload, found.key, found.due_at) == (
        message.pk, two, {"text": "Її заявка — «100 %»"}, message.key, now,
    )  # fmt: skip
    message.refresh_from_db()


def test_what_is_written_equals_what_is_saved(city: City, now: datetime) -> None:
    """A report, with its point, its JSON, and columns that the database fills by itself."""

    def make(writer: Writer, number: int) -> Issue:
        subject = writer.create(Subject, community=city.community, kind="issue", visibility=Visibility.HELD)
        found: Issue = writer.create(
            Issue, subject=subject, community=city.community, number=number, category=city.roads,
            location=Point(28.461, 49.221, srid=4326), title="Яма", text="Яма", answers={"a": "b"},
            created_at=now, changed_at=now, due_on=now.date(),
        )  # fmt: skip
        return found

    together = Together()
    make(together, 2)
    make(AT_ONCE, 1)
    together.write()
    rows = Issue.objects.order_by("number").values()
    first, second = (
        {name: value for name, value in row.items() if name not in {"id", "subject_id", "number"}} for row in rows
    )
    assert first == second
    assert first["subject_visibility"] == "held", "the trigger has seen the subject, which is of the same statement"


def test_keys_ascend_in_the_order_of_making(city: City, issue: Issue, now: datetime) -> None:
    writer = Together({IssueEvent: 2})
    made = [
        writer.create(IssueEvent, community=city.community, issue=issue, at=now, kind="added", by="reporter")
        for _turn in range(5)
    ]
    writer.write()
    keys = [event.pk for event in made]
    assert keys == sorted(keys)
    assert list(IssueEvent.objects.filter(kind="added").order_by("pk").values_list("pk", flat=True)) == keys


def test_constraints_hold_and_nothing_is_half_written(inside: Community, now: datetime) -> None:
    writer = Together()
    writer.create(Subject, community=inside, kind="issue")
    for _turn in range(2):
        writer.create(CalendarDay, community=inside, day=now.date(), is_working=False, reason="свято")
    with pytest.raises(IntegrityError), transaction.atomic():
        writer.write()
    assert not Subject.objects.exists()


def test_writing_nothing_asks_nothing(inside: Community) -> None:
    with CaptureQueriesContext(connection) as asked:
        Together({Subject: 3}).write()
    assert len(asked) == 0


def test_percent_signs_and_quotes_stay_what_they_are(inside: Community, now: datetime) -> None:
    writer = Together()
    words = """%s %(x)s 100% ' " \\ \n ї"""
    writer.create(CalendarDay, community=inside, day=now.date(), is_working=True, reason=words)
    writer.write()
    assert CalendarDay.objects.get().reason == words
