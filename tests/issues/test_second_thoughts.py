"""What goes wrong on an ordinary day: twice the same, the wrong desk, no address, words that must go, stale links."""

import uuid
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core.models import OutboxMessage, Visibility
from core.outbox import send_due
from core.tokens import revoke_token
from issues.actions import author_token, headline, report_issue
from issues.forms import WordsForm
from issues.models import MAX_TEXT, Issue
from issues.moves import (
    add_by_reporter,
    give_by_staff,
    move_by_organisation,
    move_by_reporter,
    move_by_staff,
    nobody_holds,
    not_ours,
    pass_on,
    redact_words,
    reply_by_organisation,
    send_waiting,
    set_visibility,
    write_once_more,
)
from issues.states import State
from media.models import Photo
from routing.models import Channel, Delivery
from tests.conftest import NOW, City, hole
from tests.grid import Town
from tests.issues.conftest import address_of_author, answer_page, author_page, holder, link_of
from tests.photos import jpeg, upload

MINUTE = timedelta(minutes=1)


def last_letter(recipient: str) -> dict[str, str]:
    found: dict[str, str] = OutboxMessage.objects.filter(recipient=recipient).latest("id").payload
    return found


# The same twice -----------------------------------------------------------------------------------------------
@pytest.fixture
def filled(city: City, town: Town) -> dict[str, str]:
    """A form that was looked at and is about to be sent."""
    return {
        "lon": f"{town['p'].x:.6f}",
        "lat": f"{town['p'].y:.6f}",
        "category": "manholes",
        "text": "Люк відкритий.",
        "key": str(uuid.uuid4()),
    }


def send(client: Client, filled: dict[str, str], **more: object) -> str:
    """Sends the form as the page does; the address of the receipt."""
    seen = client.post("/yavoryn/report/", filled | {"do": "check"}).context["answerer"].seen
    answer = client.post("/yavoryn/report/", filled | {"do": "send", "seen": seen} | more)
    assert answer.status_code == 302, answer.context["photo_errors"]
    return answer["Location"]


def test_form_with_a_photo_that_is_sent_twice_leads_to_the_same_receipt(client: Client, filled: dict[str, str]) -> None:
    (kept,) = client.post("/yavoryn/report/", filled | {"do": "check", "photo": upload(jpeg())}).context["photos"]
    first, second = (send(client, filled, photo_key=str(kept.key)) for _time in range(2))
    assert first == second
    assert Photo.objects.get().subject == Issue.objects.get().subject


def test_what_is_new_in_a_form_that_is_sent_again_is_added(client: Client, filled: dict[str, str]) -> None:
    send(client, filled)
    send(client, filled, email="olia@example.org", address="вул. Шкільна, 4", photo=upload(jpeg()))
    issue = Issue.objects.get()
    assert (address_of_author(issue), issue.address) == ("olia@example.org", "вул. Шкільна, 4")
    assert Photo.objects.get().subject == issue.subject
    assert OutboxMessage.objects.filter(recipient="olia@example.org").count() == 1


def test_form_that_is_sent_again_takes_nothing_back(client: Client, filled: dict[str, str]) -> None:
    send(client, filled, email="olia@example.org", address="вул. Шкільна, 4")
    send(client, filled, email="other@example.org", address="вул. Інша, 1")
    issue = Issue.objects.get()
    assert (address_of_author(issue), issue.address) == ("olia@example.org", "вул. Шкільна, 4")


def test_words_that_are_sent_twice_are_said_once(issue: Issue, delivery: Delivery, later: datetime) -> None:
    for seconds in (0, 2):
        at = later + timedelta(seconds=seconds)
        reply_by_organisation(delivery=delivery, text="Їдемо.", at=at)
    for seconds in (10, 12):
        add_by_reporter(issue=issue, text="Дякую!", at=later + timedelta(seconds=seconds))
    assert [event.kind for event in issue.events.all()] == ["reported", "sent", "answered", "added"]


def test_answer_to_a_question_that_is_sent_twice_is_said_once(
    issue: Issue, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.WAITING, text="Де саме?", at=later)
    for _time in range(2):
        add_by_reporter(issue=issue, text="Біля школи.", at=later + MINUTE)
    assert [event.kind for event in issue.events.all()] == ["reported", "sent", "moved", "moved"]


def test_same_words_on_another_day_are_said_again(issue: Issue, later: datetime) -> None:
    for days in (0, 1):
        add_by_reporter(issue=issue, text="Досі не світить.", at=later + timedelta(days=days))
    assert issue.events.filter(kind="added").count() == 2


def test_same_words_with_a_photo_are_said_again(issue: Issue, city: City, client: Client, later: datetime) -> None:
    page = author_page(issue)
    client.post(page, {"do": "reply", "text": "Ось."})
    client.post(page, {"do": "reply", "text": "Ось.", "photo": upload(jpeg())})
    assert Photo.objects.get().subject == issue.subject


# The wrong desk -----------------------------------------------------------------------------------------------
@pytest.fixture
def queued(city: City, town: Town, now: datetime) -> Delivery:
    """A report from Слобідка, where no rule names anybody for roads: the council's duty queue has it."""
    return holder(report_issue(new=hole(city, town["q"]), community=city.community, at=now))


def test_what_the_duty_queue_passed_on_comes_back_to_it(city: City, queued: Delivery, later: datetime) -> None:
    pass_on(delivery=queued, to=city.vodokanal, reason="Це ваша труба.", at=later)
    issue = Issue.objects.get()
    again = not_ours(delivery=holder(issue), reason="Труба не наша.", at=later + MINUTE)
    assert again is not None
    assert again.organisation == city.council
    assert not nobody_holds(issue)


def test_letter_to_the_duty_queue_asks_it_to_pass_the_report_on(queued: Delivery) -> None:
    assert "Заявка, яку треба передати" in last_letter("council@example.org")["text"]


def test_passing_on_is_told_as_passing_on(client: Client, city: City, queued: Delivery, later: datetime) -> None:
    pass_on(delivery=queued, to=city.vodokanal, reason="Це ваша труба.", at=later)
    assert "Вашу заявку передали" in last_letter("olia@example.org")["subject"]
    page = client.get(Issue.objects.get().get_absolute_url()).content.decode()
    assert "Чергова служба передала далі" in page
    assert "не їхнє" not in page
    ended = client.get(answer_page(queued))
    assert ended.status_code == 410
    assert "Ви передали заявку № 1 далі" in ended.content.decode()


def test_who_handed_a_report_back_reads_which_one(client: Client, delivery: Delivery, later: datetime) -> None:
    not_ours(delivery=delivery, reason="Не наша вулиця.", at=later)
    assert "Ви повернули заявку № 1" in client.get(answer_page(delivery)).content.decode()


def test_next_organisation_reads_why_the_one_before_gave_the_report_on(
    delivery: Delivery, city: City, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Люк належить Укртелекому.", at=later)
    assert "КП «Яворинавтодор» пише: «Люк належить Укртелекому.»" in last_letter("council@example.org")["text"]
    pass_on(delivery=holder(Issue.objects.get()), to=city.vodokanal, reason="Перевірте самі.", at=later + MINUTE)
    assert "Перевірте самі." in last_letter("water@example.org")["text"]


# No address ---------------------------------------------------------------------------------------------------
@pytest.fixture
def unheard(city: City, town: Town, now: datetime) -> Issue:
    """A report whose organisation has no channel."""
    Channel.objects.filter(organisation=city.road_service).update(is_active=False)
    return report_issue(new=hole(city, town["p"]), community=city.community, at=now)


def test_staff_give_on_what_an_organisation_without_a_channel_never_heard_of(
    unheard: Issue, city: City, marta: User, later: datetime
) -> None:
    assert nobody_holds(unheard)
    give_by_staff(issue=unheard, to=city.vodokanal, user=marta, text="Візьміть, будь ласка.", at=later)
    assert holder(unheard).organisation == city.vodokanal
    assert "Візьміть, будь ласка." in last_letter("water@example.org")["text"]
    assert not nobody_holds(unheard)


def test_channel_that_is_added_later_sends_what_waits(unheard: Issue, city: City, later: datetime) -> None:
    Channel.objects.filter(organisation=city.road_service).update(is_active=True)
    assert send_waiting(organisation=city.road_service, community=city.community, at=later) == 1
    assert "Яма на переході" in last_letter("roads@example.org")["text"]
    assert not nobody_holds(unheard)
    assert send_waiting(organisation=city.road_service, community=city.community, at=later) == 0


def test_organisation_whose_link_was_revoked_can_be_written_to_once_more(
    client: Client, issue: Issue, delivery: Delivery, later: datetime
) -> None:
    revoke_token(link_of(delivery), at=later)
    assert write_once_more(delivery=delivery, at=later) is not None
    renewed = holder(issue)
    assert f"[[secret:{renewed.token_id}]]" in last_letter("roads@example.org")["text"]
    assert client.get(answer_page(renewed)).status_code == 200


def test_nobody_is_written_to_about_a_closed_report_or_one_that_they_gave_back(
    issue: Issue, delivery: Delivery, another: Issue, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    assert write_once_more(delivery=delivery, at=later) is None
    move_by_reporter(issue=another, to=State.WITHDRAWN, at=later)
    assert write_once_more(delivery=holder(another), at=later) is None


# Words that must go -------------------------------------------------------------------------------------------
def test_redacted_words_are_gone_from_letters_that_have_not_left(
    issue: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    words = "Дзвоніть Петрові:\n050 123-45-67 <вдома> & на роботі.\n\nАбо пишіть."
    reply_by_organisation(delivery=delivery, text=words, at=later)
    assert "050 123-45-67" in last_letter("olia@example.org")["html"]
    redact_words(event=issue.events.get(kind="answered"), user=marta, at=later)
    letter = last_letter("olia@example.org")
    assert "050 123" not in letter["text"] + letter["html"]
    assert "Петрові" not in letter["text"] + letter["html"]
    assert f"[[secret:{author_token(issue).pk}]]" in letter["text"]


@pytest.mark.parametrize("words", ["а", "2", "ні"])
def test_short_words_are_taken_out_of_nothing_else(
    issue: Issue, delivery: Delivery, marta: User, later: datetime, words: str
) -> None:
    reply_by_organisation(delivery=delivery, text=words, at=later)
    before = last_letter("olia@example.org")
    redact_words(event=issue.events.get(kind="answered"), user=marta, at=later)
    after = last_letter("olia@example.org")
    assert after["text"] == before["text"].replace(f"\n{words}\n", "\n…\n")
    assert after["html"] == before["html"].replace(f"<p>{words}</p>", "<p>…</p>")
    assert after != before


def test_redacted_reason_is_gone_from_the_letter_to_the_next_organisation(
    issue: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    not_ours(delivery=delivery, reason="Дзвоніть 050 123-45-67.", at=later)
    redact_words(event=issue.events.get(kind="handed_back"), user=marta, at=later)
    for recipient in ("council@example.org", "olia@example.org"):
        letter = last_letter(recipient)
        assert "050 123" not in letter["text"] + letter["html"]


def test_letters_that_left_are_kept_as_they_were(
    issue: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    reply_by_organisation(delivery=delivery, text="Петро їде.", at=later)
    send_due(clock=lambda: later)
    redact_words(event=issue.events.get(kind="answered"), user=marta, at=later)
    assert "Петро їде." in last_letter("olia@example.org")["text"]


def test_author_does_not_read_why_a_moderator_hid_the_report(
    client: Client, issue: Issue, marta: User, later: datetime
) -> None:
    set_visibility(issue=issue, visibility=Visibility.HIDDEN, reason="Скарга сусіда Романа", user=marta, at=later)
    assert "Романа" not in client.get(author_page(issue)).content.decode()


# What pages and letters claim ---------------------------------------------------------------------------------
def test_words_sent_by_a_link_that_was_replaced_come_back(
    client: Client, issue: Issue, delivery: Delivery, later: datetime
) -> None:
    revoke_token(link_of(delivery), at=later)
    add_by_reporter(issue=issue, text="Стало більше.", at=later)
    page = client.post(answer_page(delivery), {"do": "reply", "text": "Уже їдемо."})
    assert page.status_code == 410
    assert "Уже їдемо." in page.content.decode()


def test_question_stands_above_the_answer_whatever_was_said_after_it(
    client: Client, issue: Issue, delivery: Delivery, later: datetime
) -> None:
    move_by_organisation(delivery=delivery, to=State.WAITING, text="Де саме?", at=later)
    reply_by_organisation(delivery=delivery, text="Чекаємо до вечора.", at=later + MINUTE)
    assert client.get(author_page(issue)).context["question"] == "Де саме?"


@pytest.mark.parametrize("which", ["issue", "unheard"])
def test_nobody_is_said_to_be_told_when_nobody_was(client: Client, which: str, request: pytest.FixtureRequest) -> None:
    page = client.post(
        author_page(request.getfixturevalue(which)), {"do": "reply", "text": "Стало більше."}, follow=True
    )
    assert ("Усіх, кого це стосується" in page.content.decode()) is (which == "issue")


def test_duplicate_names_its_original_on_the_page_and_in_letters(
    client: Client, issue: Issue, another: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    move_by_staff(issue=issue, to=State.DUPLICATE, user=marta, duplicate_of=another, at=later)
    assert f'href="{another.get_absolute_url()}"' in client.get(issue.get_absolute_url()).content.decode()
    for recipient in ("olia@example.org", "roads@example.org"):
        assert another.get_absolute_url() in last_letter(recipient)["text"]


def test_duplicate_of_a_hidden_report_does_not_name_it(
    client: Client, issue: Issue, another: Issue, marta: User, later: datetime
) -> None:
    set_visibility(issue=another, visibility=Visibility.HIDDEN, reason="Перевіряємо.", user=marta, at=later)
    original = Issue.objects.get(pk=another.pk)
    move_by_staff(issue=issue, to=State.DUPLICATE, user=marta, duplicate_of=original, at=later)
    assert another.get_absolute_url() not in client.get(issue.get_absolute_url()).content.decode()
    assert another.get_absolute_url() not in last_letter("olia@example.org")["text"]


def test_letter_about_a_closed_report_asks_for_nothing(issue: Issue, delivery: Delivery, later: datetime) -> None:
    assert "Обіцяна відповідь" in last_letter("roads@example.org")["text"]
    move_by_reporter(issue=issue, to=State.WITHDRAWN, at=later)
    letter = last_letter("roads@example.org")["text"]
    assert "Відкрити й відповісти" not in letter
    assert "Обіцяна відповідь" not in letter


def test_what_the_staff_took_back_is_not_said_of_the_reporter(
    issue: Issue, delivery: Delivery, marta: User, later: datetime
) -> None:
    move_by_staff(issue=issue, to=State.WITHDRAWN, user=marta, text="Помилка.", at=later)
    assert "Заявник" not in last_letter("roads@example.org")["text"]


def test_done_on_the_day_off_after_the_promise_is_a_day_late(client: Client, issue: Issue, delivery: Delivery) -> None:
    Issue.objects.filter(pk=issue.pk).update(due_on="2026-11-20")
    saturday = NOW.replace(day=21)
    move_by_organisation(delivery=delivery, to=State.DONE, text="Готово.", at=saturday)
    with time_machine.travel(saturday, tick=False):
        assert client.get(issue.get_absolute_url()).context["promise"]["days_late"] == 1


def test_line_break_counts_as_one_character_as_in_the_browser() -> None:
    words = "а\r\n" * (MAX_TEXT // 2)
    assert WordsForm({"do": "reply", "text": words}).is_valid()
    assert not WordsForm({"do": "reply", "text": words + "б" * 3}).is_valid()


def test_report_of_dots_has_a_title() -> None:
    assert headline("...") == "..."
