"""Promises that a person would miss only on the day they need them."""

import uuid
from datetime import date, datetime, timedelta

from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import CalendarDay, Failure, OutboxMessage, Subject, Visibility
from core.outbox import send_due
from core.tokens import revoke_token, secret_of
from issues.actions import author_token, promise, report_issue, working_author_token
from issues.models import Issue
from issues.moves import move_by_organisation, move_by_reporter, not_ours, redact_words, set_visibility
from issues.states import State
from media.models import Photo
from routing.models import CommunityRouting, Delivery, Rule
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import link_of, new_rule, new_rules
from tests.photos import jpeg, upload


def test_community_that_named_nobody_still_takes_reports(client: Client, city: City, town: Town, now: datetime) -> None:
    CommunityRouting.objects.all().delete()
    with new_rules(city) as draft:
        Rule.objects.filter(ruleset=draft, category=city.roads).delete()
    form = {"lon": town["p"].x, "lat": town["p"].y, "category": "roads", "text": "Яма.", "do": "send"}
    looked = client.post("/yavoryn/report/", form)
    assert looked.context["answerer"].organisation is None
    assert 'value="send"' in looked.content.decode()
    assert client.post("/yavoryn/report/", form | {"seen": looked.context["answerer"].seen}).status_code == 302
    page = client.get(Issue.objects.get().get_absolute_url())
    assert page.status_code == 200
    assert page.context["deliveries"] == []


def test_coarse_report_tells_strangers_neither_the_address_nor_distances(
    client: Client, city: City, town: Town, now: datetime
) -> None:
    new_rule(city, category=city.roads, division=city.division, area_code="south", organisation=city.vodokanal)
    new = hole(city, town["p"], address="вул. Шкільна, 4")
    issue = report_issue(new=new, community=city.community, at=now)
    Subject.objects.filter(pk=issue.subject_id).update(visibility=Visibility.COARSE)
    public = client.get(issue.get_absolute_url()).content.decode()
    own = client.get(reverse("mine", args=["yavoryn", secret_of(author_token(issue))])).content.decode()
    assert "Шкільна" not in public
    assert " м від цього району" not in public
    assert "Шкільна" in own


def test_not_ours_works_after_the_boundary_was_drawn_anew(
    issue: Issue, delivery: Delivery, city: City, town: Town, later: datetime
) -> None:
    city.community.boundary = town.area("CDFE")
    city.community.save()
    again = not_ours(delivery=delivery, reason="Не наша вулиця.", at=later)
    assert again is not None
    assert again.organisation == city.council


def test_reporter_hears_that_the_report_was_handed_on(issue: Issue, delivery: Delivery, later: datetime) -> None:
    not_ours(delivery=delivery, reason="Не наша вулиця.", at=later)
    letter = OutboxMessage.objects.filter(recipient="olia@example.org").latest("id")
    assert "Не наша вулиця." in letter.payload["text"]


def test_redacted_reason_is_gone_from_the_recipient_too(
    client: Client, issue: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Дзвоніть 050 123 45 67.", at=later)
    event = issue.events.get(kind="handed_back")
    redact_words(event=event, user=marta, at=later)
    assert "050 123" not in client.get(issue.get_absolute_url()).content.decode()


def test_report_that_is_shown_again_is_delivered(issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Перевіряємо.", user=marta, at=later)
    send_due(clock=lambda: later)
    delivery = Delivery.objects.get(subject=issue.subject)
    assert delivery.message is not None
    assert delivery.message.failure == Failure.HIDDEN
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=later)
    send_due(clock=lambda: later + timedelta(minutes=1))
    assert Delivery.objects.get(subject=issue.subject).state == "delivered"


def test_reason_for_hiding_stays_with_the_staff(client: Client, issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Обмовляє сусіда Петра.", user=marta, at=later)
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=later)
    assert "Обмовляє" not in client.get(issue.get_absolute_url()).content.decode()


def test_same_visibility_again_is_no_event(issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=later)
    assert not issue.events.filter(kind="visibility").exists()


def test_form_that_was_changed_and_sent_again_is_another_report(city: City, town: Town, now: datetime) -> None:
    key = uuid.uuid4()
    first = report_issue(new=hole(city, town["p"], request_key=key), community=city.community, at=now)
    changed = hole(city, town["p"], request_key=key, text="А тут ще й люк відкритий.")
    assert report_issue(new=changed, community=city.community, at=now) != first
    assert report_issue(new=changed, community=city.community, at=now).number == 2


def test_photo_that_was_kept_too_long_is_missed_aloud(client: Client, city: City, town: Town) -> None:
    form = {"lon": town["p"].x, "lat": town["p"].y, "category": "roads", "text": "Яма.", "do": "check"}
    (kept,) = client.post("/yavoryn/report/", form | {"photo": upload()}).context["photos"]
    Photo.objects.update(uploaded_at=NOW - timedelta(days=2))
    page = client.post("/yavoryn/report/", form | {"photo_key": kept.key, "do": "send"})
    assert page.status_code == 422
    assert page.context["photo_errors"]


def test_refused_answer_keeps_the_photo_that_came_with_it(client: Client, issue: Issue, delivery: Delivery) -> None:
    address = reverse("answer", args=["yavoryn", secret_of(link_of(delivery))])
    refused = client.post(address, {"do": "finish", "text": "", "photo": upload(jpeg())})
    assert refused.status_code == 422
    (kept,) = refused.context["kept_photos"]
    assert f'value="{kept.key}"' in refused.content.decode()
    assert client.post(address, {"do": "finish", "text": "Готово.", "photo_key": kept.key}).status_code == 302
    assert Photo.objects.get().subject == issue.subject


def test_revoked_links_are_replaced_in_the_next_letter(
    client: Client, issue: Issue, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Готово.", at=later)
    revoke_token(link_of(delivery), at=later)
    revoke_token(author_token(issue), at=later)
    move_by_reporter(issue=issue, to=State.REOPENED, text="Ні.", at=later)
    renewed = Delivery.objects.select_related("token").get(pk=delivery.pk)
    assert client.get(reverse("answer", args=["yavoryn", secret_of(link_of(renewed))])).status_code == 200
    assert working_author_token(issue, at=later).is_good(later)


def test_later_letter_that_arrives_mends_the_public_state(issue: Issue, delivery: Delivery, later: datetime) -> None:
    OutboxMessage.objects.filter(delivery=delivery).update(dead_at=later, failure=Failure.REFUSED)
    move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    send_due(clock=lambda: later + timedelta(minutes=1))
    assert Delivery.objects.get(pk=delivery.pk).state == "delivered"


def test_receipt_holds_nothing_that_was_typed(city: City, town: Town, now: datetime) -> None:
    new = hole(city, town["p"], address="http://evil.example", text="Купіть http://evil.example")
    report_issue(new=new, community=city.community, at=now)
    receipt = OutboxMessage.objects.get(recipient="olia@example.org")
    assert "evil" not in str(receipt.payload)


def test_refusal_names_places_in_the_readers_language(client: Client, city: City, elsewhere: object) -> None:
    client.cookies["language"] = "en"
    query = {"lon": "28.6001", "lat": "49.2199", "category": "roads"}
    page = client.get("/yavoryn/report/answerer/", query)
    assert "Yavoryn community" in page.context["answerer"].refusal


def test_promise_is_counted_from_the_day_of_the_community(city: City, now: datetime) -> None:
    city.community.time_zone = "Pacific/Auckland"
    CalendarDay.objects.create(community=city.community, day=date(2026, 11, 20), is_working=False, reason="свято")
    evening = datetime(2026, 11, 19, 20, 0, tzinfo=now.tzinfo)  # the 20th, 9:00 in Auckland
    assert promise(category=city.roads, community=city.community, at=evening).received_on == date(2026, 11, 23)
