"""A report is accepted whole or not at all."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point

from core.models import OutboxMessage, Visibility
from geodata.models import Community
from issues.actions import author_token, headline, report_issue
from issues.models import Issue, IssueEvent
from routing.models import Decision, Delivery
from routing.responsibility import OutsideCommunityError
from tests.conftest import City, hole
from tests.grid import Town


def test_report_reaches_the_organisation_of_its_place(issue: Issue, city: City) -> None:
    delivery = Delivery.objects.get(subject=issue.subject)
    assert delivery.organisation == city.road_service
    assert delivery.state == "queued"
    assert delivery.message is not None
    assert delivery.message.recipient == "roads@example.org"


def test_report_keeps_the_decision_and_the_areas_of_its_day(issue: Issue, city: City) -> None:
    decision = Decision.objects.get(subject=issue.subject)
    assert decision.trace["matched"]["area_code"] == "north"
    assert list(issue.areas.all()) == [city.zarichchia]


def test_history_begins_with_reported_and_sent(issue: Issue) -> None:
    assert [event.kind for event in issue.events.all()] == ["reported", "sent"]


def test_numbers_follow_each_other_in_a_community(issue: Issue, city: City, town: Town, now: datetime) -> None:
    second = report_issue(new=hole(city, town["q"]), community=city.community, at=now)
    assert (issue.number, second.number) == (1, 2)


def test_same_form_sent_twice_is_one_report(city: City, town: Town, now: datetime) -> None:
    new = hole(city, town["p"], request_key=uuid.uuid4())
    first = report_issue(new=new, community=city.community, at=now)
    again = report_issue(new=new, community=city.community, at=now + timedelta(seconds=3))
    assert first == again
    assert Issue.objects.count() == 1
    assert OutboxMessage.objects.count() == 2  # the organisation's letter and the receipt, once each


def test_promise_counts_working_days_from_the_next_day(issue: Issue) -> None:
    # Thursday 19 November + 5 working days: 20, 23, 24, 25, 26.
    assert issue.due_on == date(2026, 11, 26)


def test_report_after_hours_counts_as_received_on_the_next_working_day(city: City, town: Town) -> None:
    friday_evening = datetime(2026, 11, 13, 16, 40, tzinfo=UTC)  # 18:40 in Kyiv
    late = report_issue(new=hole(city, town["p"]), community=city.community, at=friday_evening)
    assert late.due_on == date(2026, 11, 23)  # received on Monday 16 November


def test_held_report_is_delivered_all_the_same(city: City, town: Town, now: datetime) -> None:
    city.roads.hold_new = True
    city.roads.save()
    held = report_issue(new=hole(city, town["p"]), community=city.community, at=now)
    assert held.subject.visibility == Visibility.HELD
    assert Delivery.objects.get(subject=held.subject).message is not None


def test_point_outside_is_refused_and_leaves_nothing(city: City, town: Town, now: datetime) -> None:
    with pytest.raises(OutsideCommunityError):
        report_issue(new=hole(city, town["o"]), community=city.community, at=now)
    assert Issue.objects.count() == OutboxMessage.objects.count() == 0


def test_refusal_names_the_community_that_the_point_is_in(city: City, elsewhere: Community, now: datetime) -> None:
    there = Point(elsewhere.centre.x + 0.0001, elsewhere.centre.y - 0.0001, srid=4326)
    with pytest.raises(OutsideCommunityError) as refusal:
        report_issue(new=hole(city, there), community=city.community, at=now)
    assert (refusal.value.slug, refusal.value.name) == ("sosnivka", "Соснівська громада")


def test_author_gets_a_receipt_without_the_secret_in_the_database(issue: Issue) -> None:
    receipt = OutboxMessage.objects.get(recipient="olia@example.org")
    assert f"[[secret:{author_token(issue).pk}]]" in receipt.payload["text"]


def test_without_an_address_nobody_writes_to_the_author(city: City, town: Town, now: datetime) -> None:
    report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    assert [message.audience for message in OutboxMessage.objects.all()] == ["organisation"]


def test_letter_to_the_organisation_never_holds_the_authors_address(issue: Issue) -> None:
    letter = OutboxMessage.objects.get(audience="organisation")
    assert "olia@example.org" not in str(letter.payload)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Яма на переході. Обережно!", "Яма на переході"),
        ("Люк відкритий\nБіля школи", "Люк відкритий"),
        ("  Тече труба  ", "Тече труба"),
        ("вул. Соборна, 20: яма. Обережно!", "вул. Соборна, 20: яма"),
        ("Пров. Тихий, буд. 5, кв. 3, тече. Дзвоніть", "Пров. Тихий, буд. 5, кв. 3, тече"),
        ("На вул. І. Франка темно. Вже тиждень", "На вул. І. Франка темно"),
        ("Це наше подвір’я. Приберіть", "Це наше подвір’я"),
        ("слово " * 40, "слово " * 14 + "слово…"),
    ],
)
def test_title_is_the_first_sentence(text: str, title: str) -> None:
    assert headline(text) == title


def test_event_can_be_neither_edited_nor_deleted(issue: Issue) -> None:
    from django.db import IntegrityError, transaction

    event = IssueEvent.objects.first()
    assert event is not None
    with pytest.raises(IntegrityError, match="appended only"), transaction.atomic():
        IssueEvent.objects.filter(pk=event.pk).update(kind="moved", was="new", now="done")
    with pytest.raises(IntegrityError, match="appended only"), transaction.atomic():
        IssueEvent.objects.filter(pk=event.pk).delete()
