"""What happens to a report after it was sent, door by door."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.models import OutboxMessage, Visibility
from core.tokens import secret_of
from issues.actions import author_token
from issues.models import Issue, IssueEvent
from issues.moves import (
    MoveRefusedError,
    add_by_reporter,
    give_by_staff,
    move_by_organisation,
    move_by_reporter,
    move_by_staff,
    not_ours,
    pass_on,
    redact_words,
    reply_by_organisation,
    set_visibility,
)
from issues.states import OPEN, State
from issues.workflow import MOVES, Actor
from routing.actions import send_again
from routing.models import Channel, CommunityRouting, Decision, Delivery
from tests.conftest import City
from tests.issues.conftest import holder, link_of

HOUR = timedelta(hours=1)


def letters_to(recipient: str) -> list[str]:
    """Subjects and texts of what was written to that address, in order."""
    rows = OutboxMessage.objects.filter(recipient=recipient).order_by("id")
    return [f"{row.payload['subject']}\n{row.payload['text']}" for row in rows]


def refused(code: str) -> pytest.RaisesExc[MoveRefusedError]:
    return pytest.raises(MoveRefusedError, match=f"^{code}$")


# The table


def test_every_state_has_a_line_in_the_table() -> None:
    assert set(MOVES) == set(State)


def test_report_that_is_open_can_always_be_finished_rejected_and_withdrawn() -> None:
    for state in OPEN:
        assert {State.DONE, State.REJECTED, State.WITHDRAWN} <= set(MOVES[state])


def test_only_the_reporter_or_the_staff_confirm_reopen_and_withdraw() -> None:
    for moves in MOVES.values():
        for to in {State.CONFIRMED, State.REOPENED, State.WITHDRAWN} & set(moves):
            assert Actor.ORGANISATION not in moves[to].by


@pytest.mark.parametrize("to", [State.DONE, State.REJECTED, State.WAITING])
def test_move_that_needs_words_is_refused_without_them(delivery: Delivery, issue: Issue, to: State) -> None:
    with refused("needs_text"):
        move_by_organisation(delivery=delivery, to=to, at=issue.created_at)
    issue.refresh_from_db()
    assert issue.state == State.NEW


def test_staff_may_move_without_owning_the_report(issue: Issue, marta: User, later: datetime) -> None:
    moved = move_by_staff(issue=issue, to=State.REJECTED, user=marta, text="Це не дорога.", at=later)
    event = issue.events.last()
    assert event is not None
    assert (moved.state, event.by, event.user) == (State.REJECTED, "staff", marta)


# “Not ours”


def test_not_ours_goes_to_the_next_and_the_promise_stays(
    delivery: Delivery, issue: Issue, city: City, later: datetime
) -> None:
    promised = issue.due_on
    move_by_organisation(delivery=delivery, to=State.ACCEPTED, at=later)
    fresh = not_ours(delivery=delivery, reason="Це дорога області.", at=later + HOUR)
    issue.refresh_from_db()
    assert fresh is not None
    assert fresh.organisation == city.council
    assert (issue.state, issue.due_on) == (State.NEW, promised)
    decision = Decision.objects.filter(subject=issue.subject).last()
    assert decision is not None
    assert decision.is_fallback
    assert [rule["reason"] for rule in decision.trace["lost"]] == ["handed_back"]
    event = issue.events.get(kind="handed_back")
    assert (event.was, event.now, event.organisation) == ("accepted", "new", city.road_service)


def test_not_ours_ends_the_old_link_and_the_new_one_works(
    delivery: Delivery, issue: Issue, client: Client, later: datetime
) -> None:
    old = f"/yavoryn/answer/{secret_of(link_of(delivery))}/"
    assert client.get(old).status_code == 200
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    assert client.get(old).status_code == 410
    assert client.post(old, {"do": "finish", "text": "Готово"}).status_code == 410
    assert client.get(f"/yavoryn/answer/{secret_of(link_of(holder(issue)))}/").status_code == 200
    issue.refresh_from_db()
    assert issue.state == State.NEW


def test_duty_queue_cannot_leave_a_report_with_nobody(delivery: Delivery, issue: Issue, later: datetime) -> None:
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    with pytest.raises(MoveRefusedError, match="pass_on"):
        not_ours(delivery=holder(issue), reason="І не наше.", at=later + HOUR)
    assert holder(issue).refused_at is None


def test_duty_queue_passes_a_report_to_whom_it_chose(
    client: Client, delivery: Delivery, issue: Issue, city: City, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    address = f"/yavoryn/answer/{secret_of(link_of(holder(issue)))}/"
    page = client.get(address)
    assert "pass" in page.context["may"]
    assert "refuse" not in page.context["may"]
    assert set(page.context["pass_to"]) == {city.road_service, city.vodokanal}
    words = {"do": "pass", "text": "Це їхній колодязь."}
    assert client.post(address, words).status_code == 422
    assert client.post(address, words | {"organisation": city.council.pk}).status_code == 422
    assert client.post(address, words | {"organisation": city.vodokanal.pk}).status_code == 302
    assert holder(issue).organisation == city.vodokanal
    assert "Яворинська міська рада" in " ".join(client.get(issue.get_absolute_url()).context["why"])


def test_only_the_duty_queue_chooses(delivery: Delivery, city: City, later: datetime) -> None:
    with pytest.raises(MoveRefusedError, match="no_such_organisation"):
        pass_on(delivery=delivery, to=city.vodokanal, reason="Це їхнє.", at=later)


def test_staff_give_a_report_that_nobody_holds_to_somebody(
    delivery: Delivery, issue: Issue, city: City, marta: User, later: datetime
) -> None:
    with pytest.raises(MoveRefusedError, match="no_such_move"):
        give_by_staff(issue=issue, to=city.vodokanal, user=marta, at=later)
    CommunityRouting.objects.all().delete()
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    give_by_staff(issue=issue, to=city.vodokanal, user=marta, at=later + HOUR)
    assert holder(issue).organisation == city.vodokanal


def test_dead_letter_goes_to_the_address_that_the_organisation_has_now(
    delivery: Delivery, city: City, later: datetime
) -> None:
    OutboxMessage.objects.filter(delivery=delivery).update(dead_at=later)
    Channel.objects.filter(organisation=city.road_service).update(address="new@example.org")
    assert delivery.message is not None
    send_again(message=delivery.message, at=later)
    delivery.message.refresh_from_db()
    assert (delivery.message.recipient, delivery.message.dead_at) == ("new@example.org", None)


def test_without_a_duty_queue_nobody_holds_it_and_it_waits_for_the_staff(
    delivery: Delivery, issue: Issue, city: City, later: datetime
) -> None:
    CommunityRouting.objects.all().delete()
    assert not_ours(delivery=delivery, reason="Не наше.", at=later) is None
    decision = Decision.objects.filter(subject=issue.subject).last()
    assert decision is not None
    assert (decision.organisation, decision.is_fallback) == (None, True)
    assert not Delivery.objects.standing().exists()
    issue.refresh_from_db()
    assert issue.state == State.NEW


def test_not_ours_needs_a_reason_and_an_open_report(delivery: Delivery, later: datetime) -> None:
    with refused("needs_text"):
        not_ours(delivery=delivery, reason="", at=later)
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    with refused("no_such_move"):
        not_ours(delivery=delivery, reason="Не наше.", at=later)


def test_who_handed_it_back_can_do_nothing_with_it(delivery: Delivery, later: datetime) -> None:
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    with refused("too_late"):
        move_by_organisation(delivery=delivery, to=State.ACCEPTED, at=later)
    with refused("too_late"):
        reply_by_organisation(delivery=delivery, text="Ми передумали.", at=later)
    with refused("too_late"):
        not_ours(delivery=delivery, reason="Знову не наше.", at=later)


# The reporter


def test_reopened_report_gets_a_new_promise_and_the_organisation_is_told(
    delivery: Delivery, issue: Issue, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    at = datetime(2026, 12, 3, 8, 0, tzinfo=later.tzinfo)
    reopened = move_by_reporter(issue=issue, to=State.REOPENED, text="Яма знову тут.", at=at)
    assert reopened.due_on == date(2026, 12, 10)  # five working days after Thursday 3 December
    told = letters_to("roads@example.org")
    assert len(told) == 2
    assert "Яма знову тут." in told[1]
    assert f"[[secret:{delivery.token_id}]]" in told[1]


def test_link_in_a_letter_works_however_old_the_report_is(
    delivery: Delivery, issue: Issue, client: Client, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    page = f"/yavoryn/answer/{secret_of(link_of(delivery))}/"
    with time_machine.travel(later + timedelta(days=300), tick=False):
        assert client.get(page).status_code == 410
        move_by_reporter(issue=issue, to=State.REOPENED, text="Яма знову тут.", at=timezone.now())
        assert client.get(page).status_code == 200


def test_organisation_is_told_that_the_report_was_withdrawn(delivery: Delivery, issue: Issue, later: datetime) -> None:
    withdrawn = move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    assert (withdrawn.state, withdrawn.is_open) == (State.WITHDRAWN, False)
    assert len(letters_to("roads@example.org")) == 2


def test_reply_to_a_question_moves_the_report_on(delivery: Delivery, issue: Issue, later: datetime) -> None:
    move_by_organisation(delivery=delivery, to=State.WAITING, text="Який саме перехід?", at=later)
    stale = issue  # the page of the author was opened before the question
    replied = add_by_reporter(issue=stale, text="Біля школи № 3.", at=later + HOUR)
    assert replied.state == State.ACCEPTED
    assert "Біля школи № 3." in letters_to("roads@example.org")[-1]


def test_words_added_to_an_open_report_move_nothing(delivery: Delivery, issue: Issue, later: datetime) -> None:
    added = add_by_reporter(issue=issue, text="Стало більше.", at=later)
    assert added.state == State.NEW
    assert [event.kind for event in issue.events.all()] == ["reported", "sent", "added"]
    assert added.changed_at == later


def test_nothing_is_added_to_a_closed_report(delivery: Delivery, issue: Issue, later: datetime) -> None:
    move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    with refused("no_such_move"):
        add_by_reporter(issue=issue, text="Ще слово.", at=later)
    with refused("no_such_move"):
        reply_by_organisation(delivery=delivery, text="Ще слово.", at=later)


def test_reporter_is_told_what_the_organisation_did_and_asked_to_confirm(
    delivery: Delivery, issue: Issue, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.DONE, text="Залатали.", at=later)
    told = letters_to("olia@example.org")
    assert len(told) == 2
    assert "Залатали." in told[1]
    assert f"[[secret:{author_token(issue).pk}]]" in told[1]


def test_words_of_a_person_cannot_pull_a_secret_into_a_letter(
    delivery: Delivery, issue: Issue, later: datetime
) -> None:
    trick = f"Дивіться [[secret:{author_token(issue).pk}]]"
    add_by_reporter(issue=issue, text=trick, at=later)
    assert "[[secret:" + str(author_token(issue).pk) not in letters_to("roads@example.org")[-1]


# Duplicates


def test_duplicate_names_its_original_and_can_be_reopened_by_staff(
    issue: Issue, another: Issue, marta: User, later: datetime
) -> None:
    moved = move_by_staff(issue=another, to=State.DUPLICATE, user=marta, duplicate_of=issue, at=later)
    assert moved.duplicate_of == issue
    with refused("no_such_move"):
        move_by_reporter(issue=another, to=State.REOPENED, text="Ні, інша.", at=later)
    again = move_by_staff(issue=another, to=State.REOPENED, user=marta, text="Інша яма.", at=later)
    assert (again.state, again.duplicate_of) == (State.REOPENED, None)


def test_duplicate_needs_another_report_that_is_no_duplicate(
    issue: Issue, another: Issue, marta: User, later: datetime
) -> None:
    for original in (None, another):
        with refused("needs_original"):
            move_by_staff(issue=another, to=State.DUPLICATE, user=marta, duplicate_of=original, at=later)
    moved = move_by_staff(issue=another, to=State.DUPLICATE, user=marta, duplicate_of=issue, at=later)
    with refused("needs_original"):
        move_by_staff(issue=issue, to=State.DUPLICATE, user=marta, duplicate_of=moved, at=later)


# Moderation


def test_redaction_takes_the_words_out_for_good_and_is_an_event(
    delivery: Delivery, issue: Issue, marta: User, client: Client, later: datetime
) -> None:
    reply_by_organisation(delivery=delivery, text="Телефон Олі 0671234567", at=later)
    event = issue.events.get(kind="answered")
    assert "0671234567" in client.get("/yavoryn/issues/1/").content.decode()
    redact_words(event=event, user=marta, at=later + HOUR)
    redact_words(event=event, user=marta, at=later + 2 * HOUR)
    assert "0671234567" not in client.get("/yavoryn/issues/1/").content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM issues_eventtext WHERE text LIKE '%0671234567%'")
        assert cursor.fetchone() == (0,)
    (redacted,) = issue.events.filter(kind="redacted")
    assert (redacted.user, redacted.at) == (marta, later + HOUR)


def test_hiding_needs_a_reason_and_is_an_event(issue: Issue, marta: User, later: datetime) -> None:
    with refused("needs_text"):
        set_visibility(issue=issue, visibility=Visibility.HIDDEN, user=marta, at=later)
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Образа.", user=marta, at=later)
    event = IssueEvent.objects.get(kind="visibility")
    assert event.words is not None
    assert (event.user, event.words.text) == (marta, "Образа.")


def test_account_that_is_deleted_leaves_its_events(issue: Issue, marta: User, later: datetime) -> None:
    set_visibility(issue=issue, visibility=Visibility.HELD, user=marta, at=later)
    marta.delete()
    assert IssueEvent.objects.get(kind="visibility").user is None
