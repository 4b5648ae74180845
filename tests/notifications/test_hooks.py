"""A program hears what strangers may know, once it has answered; by messages that it can trust and tell apart."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from accounts.models import ApiClient, User
from core.models import Failure, OutboxMessage, Visibility
from core.outbox import send_due
from core.signing import verify
from geodata.models import Community
from issues.actions import report_issue
from issues.models import Issue, IssueEvent
from issues.moves import move_by_organisation, redact_words, set_visibility
from issues.states import State
from notifications.hook_sending import send_hook
from notifications.hooks import (
    OLD_SECRET_SIGNS,
    TooManyWebhooksError,
    Wanted,
    create,
    deliveries,
    pause,
    remove,
    resume,
    rotate,
    secrets_of,
    send_again,
)
from notifications.models import MOST_WEBHOOKS, Webhook
from routing.models import Category, Delivery
from tests.conftest import City, hole
from tests.grid import Town
from tests.notifications.conftest import Hook, Subscribe
from tests.parallel import at_once
from tests.receiver import Receiver


@pytest.fixture
def send(now: datetime) -> Callable[..., int]:
    """What is due is sent, until nothing is left that can be."""
    return lambda at=now: send_due(clock=lambda: at)


def holder(issue: Issue) -> Delivery:
    found: Delivery = (
        Delivery.objects.standing().responsible().select_related("organisation").get(subject=issue.subject)
    )
    return found


def report(city: City, town: Town, at: datetime, place: str = "p", **changes: object) -> Issue:
    return report_issue(new=hole(city, town[place], email="", **changes), community=city.community, at=at)


def test_report_is_told_with_what_the_page_shows(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    issue = report(city, town, now, name="Оля", shows_name=False, flat="12")
    send()
    created, sent = hook.told()
    assert [created["name"], sent["name"]] == ["report.created", "report.sent"]
    assert [created["sequence"], sent["sequence"]] == [1, 2]
    assert created["community"] == "yavoryn"
    assert created["at"] == "2026-11-19T08:00:00.000000Z"
    assert created["report"]["id"] == issue.number
    assert created["report"]["properties"]["text"] == issue.text
    assert created["report"]["properties"]["url"].endswith(f"/yavoryn/issues/{issue.number}/")
    assert sent["event"]["organisation"]["name"] == city.road_service.name
    told = json.dumps(created, ensure_ascii=False)
    assert "Оля" not in told
    assert "example.org" not in told


def test_report_is_told_as_the_api_gives_it(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int], client: Client
) -> None:
    report(city, town, now, name="Оля", shows_name=True)
    send()
    with time_machine.travel(now, tick=False):
        given = client.get("/api/v1/yavoryn/issues/1/").json()
    told = hook.told()[-1]["report"]
    assert told["properties"].pop("is_late") is False
    told, given = (json.dumps(one, sort_keys=True) for one in (told, given))
    assert told == given.replace("http://testserver", settings.SITE_URL)


def test_address_hears_nothing_before_it_answered(
    program: ApiClient, receiver: Receiver, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    receiver.status = 500
    hook, _secret = create(client=program, wanted=Wanted(url=receiver.url), at=now)
    send()
    report(city, town, now)
    hook.refresh_from_db()
    assert hook.state == Webhook.State.UNCONFIRMED
    receiver.status = 200
    send(now + timedelta(minutes=2))
    hook.refresh_from_db()
    assert (hook.state, hook.confirmed_at) == (Webhook.State.ACTIVE, now + timedelta(minutes=2))
    assert [json.loads(one.body)["name"] for one in receiver.taken] == ["ping", "ping"]
    assert receiver.taken[0].headers["misto-id"] == receiver.taken[1].headers["misto-id"]


def test_answer_of_an_address_that_was_changed_meanwhile_confirms_nothing(
    program: ApiClient, receiver: Receiver, now: datetime
) -> None:
    hook, _secret = create(client=program, wanted=Wanted(url=receiver.url), at=now)
    message = deliveries(hook).get()
    remember = send_hook(recipient=message.recipient, payload=message.payload, key=message.key)
    Webhook.objects.filter(pk=hook.pk).update(url="https://example.org/other")
    remember(now)
    hook.refresh_from_db()
    assert hook.state == Webhook.State.UNCONFIRMED


def test_event_and_its_message_are_written_together_or_not_at_all(
    hook: Hook, city: City, town: Town, now: datetime
) -> None:
    with transaction.atomic():
        report(city, town, now)
        transaction.set_rollback(True)
    assert deliveries(hook.row).filter(payload__name="report.created").count() == 0
    report(city, town, now)
    assert deliveries(hook.row).filter(payload__name="report.created").count() == 1


def test_webhooks_cost_a_report_no_query(subscribe: Subscribe, city: City, town: Town, now: datetime) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            report(city, town, now)
        return len(captured)

    queries()
    without = queries()
    subscribe()
    assert queries() == without


def test_held_report_is_told_when_it_is_published(
    hook: Hook, city: City, town: Town, marta: User, now: datetime, send: Callable[..., int]
) -> None:
    Category.objects.filter(pk=city.roads.pk).update(hold_new=True)
    city.roads.refresh_from_db()
    issue = report(city, town, now)
    send()
    assert hook.names() == []
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=now)
    send()
    assert hook.names() == ["report.published"]


def test_report_that_was_hidden_meanwhile_is_not_told(
    hook: Hook, city: City, town: Town, marta: User, now: datetime, send: Callable[..., int]
) -> None:
    issue = report(city, town, now)
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Образа.", user=marta, at=now)
    send()
    assert hook.names() == []
    assert set(deliveries(hook.row).filter(sent_at=None).values_list("failure", flat=True)) == {Failure.HIDDEN}
    set_visibility(issue=issue, visibility=Visibility.PUBLIC, user=marta, at=now)
    send()
    assert hook.names() == ["report.created", "report.sent", "report.published"]


def test_blurred_place_is_told_blurred_also_of_what_happened_before(
    hook: Hook, city: City, town: Town, marta: User, now: datetime, send: Callable[..., int]
) -> None:
    issue = report(city, town, now)
    set_visibility(issue=issue, visibility=Visibility.COARSE, user=marta, at=now)
    send()
    assert hook.names() == ["report.created", "report.sent", "report.blurred"]
    exact = [round(issue.location.x, 6), round(issue.location.y, 6)]
    for message in hook.told():
        assert message["report"]["geometry"]["coordinates"] != exact


def test_words_that_a_moderator_took_out_are_not_told(
    hook: Hook, issue: Issue, marta: User, now: datetime, send: Callable[..., int]
) -> None:
    move_by_organisation(delivery=holder(issue), to=State.DONE, text="Телефонуйте Оксані.", at=now)
    redact_words(event=IssueEvent.objects.get(issue=issue, now=State.DONE), user=marta, at=now)
    send()
    assert hook.names() == ["report.created", "report.sent", "report.moved", "report.redacted"]
    assert "Оксан" not in json.dumps(hook.told(), ensure_ascii=False)


def test_only_what_was_asked_for_is_told(
    subscribe: Subscribe, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    hook = subscribe(events=["report.created"], categories=["manholes"], areas=["districts.south"])
    report(city, town, now, category=city.manholes)
    report(city, town, now, "q")
    wanted = report(city, town, now, "q", category=city.manholes)
    send()
    assert [message["report"]["id"] for message in hook.told()] == [wanted.number]


def test_repetition_has_the_same_key_and_the_order_is_that_of_the_report(
    hook: Hook, issue: Issue, now: datetime, send: Callable[..., int]
) -> None:
    hook.receiver.statuses = [503]
    move_by_organisation(delivery=holder(issue), to=State.ACCEPTED, at=now)
    send()
    send(now + timedelta(minutes=5))
    by_sequence = sorted({(message["sequence"], message["name"]) for message in hook.told()})
    assert by_sequence == [(1, "report.created"), (2, "report.sent"), (3, "report.moved")]
    ids = [message["id"] for message in hook.told()]
    assert (len(ids), len(set(ids))) == (4, 3)


def test_receiver_that_says_to_be_gone_is_told_nothing_more(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    report(city, town, now)
    hook.receiver.status = 410
    send()
    hook.row.refresh_from_db()
    assert hook.row.state == Webhook.State.GONE
    assert len(hook.receiver.taken) == 2, "the ping, and one message"
    report(city, town, now)
    assert not deliveries(hook.row).filter(sent_at=None, dead_at=None).exists()


def test_webhook_that_fails_for_days_is_paused_and_its_keeper_hears_of_it(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    hook.receiver.status = 500

    def fail(at: datetime) -> None:
        report(city, town, at)
        for step in range(20):
            send(at + timedelta(hours=2 * step))

    fail(now)
    hook.row.refresh_from_db()
    assert hook.row.is_failing
    fail(now + timedelta(days=4))
    hook.row.refresh_from_db()
    assert hook.row.state == Webhook.State.FAILED
    letter = OutboxMessage.objects.get(recipient="dev@example.org")
    assert hook.receiver.url in letter.payload["text"]
    resume(hook.row, at=now + timedelta(days=8))
    hook.receiver.status = 204
    send(now + timedelta(days=8))
    hook.row.refresh_from_db()
    assert (hook.row.state, hook.row.failing_since) == (Webhook.State.ACTIVE, None)


def test_what_was_given_up_can_be_sent_again_with_its_key(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    report(city, town, now)
    hook.receiver.status = 500
    for step in range(20):
        send(now + timedelta(hours=2 * step))
    dead = deliveries(hook.row).filter(dead_at__isnull=False).earliest("id")
    hook.receiver.status, hook.receiver.taken = 204, []
    assert send_again(hook.row, dead, at=now + timedelta(days=3))
    send(now + timedelta(days=3))
    assert hook.receiver.taken[0].headers["misto-id"] == str(dead.key), "before what came after it, which waits longer"


def test_paused_webhook_hears_nothing_and_resumes_by_an_answer(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    pause(hook.row)
    report(city, town, now)
    resume(hook.row, at=now)
    send()
    report(city, town, now)
    send()
    assert [message["report"]["id"] for message in hook.told() if message["name"] == "report.created"] == [2]


def test_removed_webhook_hears_nothing_of_what_waits(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    report(city, town, now)
    key = str(hook.row.pk)
    remove(hook.row)
    send()
    waiting = OutboxMessage.objects.filter(channel="hook", recipient=key)
    assert {message.last_error for message in waiting} == {"the webhook is gone"}
    assert len(hook.receiver.taken) == 1, "the ping"


def test_client_that_was_stopped_hears_nothing(
    hook: Hook, program: ApiClient, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    report(city, town, now)
    ApiClient.objects.filter(pk=program.pk).update(is_active=False)
    report(city, town, now)
    send()
    assert hook.names() == []
    assert deliveries(hook.row).filter(payload__name="report.created").count() == 1


def test_both_secrets_sign_for_a_day_after_a_new_one(
    hook: Hook, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    fresh = rotate(hook.row, at=now)
    report(city, town, now)
    send()
    message = hook.receiver.taken[-1]
    for secret in (fresh, hook.secret):
        verify(message.body, message.headers, secrets=[secret], at=now)
    assert secrets_of(hook.row, at=now + OLD_SECRET_SIGNS) == [fresh]
    assert fresh not in str(Webhook.objects.values().get(pk=hook.row.pk))


def test_another_communitys_webhook_hears_nothing(
    receiver: Receiver, elsewhere: Community, city: City, town: Town, now: datetime, send: Callable[..., int]
) -> None:
    with scope(community=elsewhere):
        client = ApiClient.objects.create(community=elsewhere, organisation=city.vodokanal)
        hook, _secret = create(client=client, wanted=Wanted(url=receiver.url), at=now)
        send()
    report(city, town, now)
    send()
    assert len(receiver.taken) == 1, "the ping"
    with scope(community=elsewhere):
        assert deliveries(hook).count() == 1
    assert not Webhook.objects.exists(), "Яворин does not see it either"


def test_what_happened_before_it_answered_is_not_told(hook: Hook, city: City, town: Town, now: datetime) -> None:
    report(city, town, now - timedelta(days=1))
    assert deliveries(hook.row).filter(payload__name__startswith="report.").count() == 0


def test_constraints_know_the_limit_of_a_client_and_the_states(hook: Hook) -> None:
    for columns in ({"slot": MOST_WEBHOOKS + 1}, {"slot": 0}, {"state": "odd"}, {"url": ""}, {"confirmed_at": None},
                    {"old_secret": "x"}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Webhook.objects.filter(pk=hook.row.pk).update(**columns)


@pytest.mark.django_db(transaction=True)
def test_parallel_creation_stays_below_the_limit(program: ApiClient, city: City, now: datetime) -> None:
    def add() -> Webhook:
        return create(client=program, wanted=Wanted(url="https://example.org/hook"), at=now)[0]

    for _turn in range(MOST_WEBHOOKS - 2):
        add()
    made = at_once([add] * 4, community=city.community)
    assert sum(isinstance(one, Webhook) for one in made) == 2
    assert sum(isinstance(one, TooManyWebhooksError) for one in made) == 2
    assert {hook.slot for hook in Webhook.objects.all()} == set(range(1, MOST_WEBHOOKS + 1))


def test_announcing_fills_every_column_that_the_database_does_not(db: None) -> None:
    """The database writes messages of webhooks by itself: a new column of the outbox has a default there, or is named
    in notifications_announce."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'core_outboxmessage'"
            " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"
        )
        needed = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'notifications_announce'")
        source = cursor.fetchone()[0]
    assert {name for name in needed if name not in source} == set()
