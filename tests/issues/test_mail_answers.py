"""Answers by e-mail, end to end: the answer to a letter of ours becomes an event once, or its writer hears why not."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from django_scopes import scopes_disabled
from pytest_django import Settings

from core.incoming import keep, read_waiting
from core.incoming_models import IncomingLetter
from core.models import OutboxMessage, Visibility
from core.outbox import send_due
from core.outbox_ends import bounce
from core.tokens import revoke_token
from core.verp import bounce_address, reply_address
from issues.answering import by_organisation
from issues.models import Issue
from issues.states import State
from media.models import Photo
from notifications.models import Follow
from routing.models import Answer, Delivery
from tests.core.test_bounces import report
from tests.parallel import at_once
from tests.photos import jpeg

Outcome = IncomingLetter.Outcome


@pytest.fixture(autouse=True)
def _reads_answers(settings: Settings) -> None:
    settings.REPLY_ADDRESS = "misto+{}@city.example"


@pytest.fixture
def delivery(issue: Issue) -> Delivery:
    """Яворинавтодор has Оля's report."""
    found: Delivery = Delivery.objects.select_related("token", "message").get(subject=issue.subject)
    return found


@pytest.fixture
def later(now: datetime) -> datetime:
    return now + timedelta(hours=2)


def answer_to(
    address: str, words: str, at: datetime, *, number: int = 1, sender: str = "bohdan@example.org"
) -> EmailMessage:
    """What a person writes there."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Богдан <{sender}>", address, "Re: Заявка № 1"
    made["Message-ID"], made["Date"] = f"<{number}@example.org>", format_datetime(at)
    made.set_content(
        f"{words}\n\n19.11.2026 10:15, Відкрите місто пише:\n> ── Пишіть відповідь над цією лінією ──\n> Яма"
    )
    return made


def bring(letter: EmailMessage, at: datetime) -> IncomingLetter:
    keep(letter.as_bytes(), at=at)
    read_waiting(clock=lambda: at)
    return last()


def last() -> IncomingLetter:
    with scopes_disabled():
        found: IncomingLetter = IncomingLetter.objects.latest("id")
        return found


def address_of(delivery: Delivery) -> str:
    assert delivery.token
    return reply_address(delivery.token.pk)


def author_address(issue: Issue) -> str:
    return reply_address(Follow.objects.get(subject=issue.subject).token_id)


def notices() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(payload__has_key="answers").order_by("id"))


def test_words_of_the_organisation_are_its_answer(issue: Issue, delivery: Delivery, later: datetime) -> None:
    kept = bring(answer_to(address_of(delivery), "Бригада виїде завтра.", later), later)
    assert (kept.outcome, kept.raw, kept.community) == (Outcome.APPLIED, None, issue.community)
    event = issue.events.latest("id")
    assert (event.by, event.organisation, event.words and event.words.text) == (
        "organisation",
        delivery.organisation,
        "Бригада виїде завтра.",
    )
    answer = Answer.objects.get()
    assert (answer.via, answer.external_id, answer.do) == ("email", "<1@example.org>", "reply")
    assert notices() == []


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Прийнято", State.ACCEPTED),
        ("В роботі. Бригада на місці.", State.IN_PROGRESS),
        ("Done\n\nFilled with asphalt.", State.DONE),
        ("Відхилено: дорога державна.", State.REJECTED),
        ("Запитання\nЯка це сторона вулиці?", State.WAITING),
    ],
)
def test_first_line_moves_the_report(
    issue: Issue, delivery: Delivery, later: datetime, words: str, state: State
) -> None:
    assert bring(answer_to(address_of(delivery), words, later), later).outcome == Outcome.APPLIED
    issue.refresh_from_db()
    assert issue.state == state


def test_not_ours_gives_the_report_to_the_next(issue: Issue, delivery: Delivery, later: datetime) -> None:
    bring(answer_to(address_of(delivery), "Не наше\nЦе дорога державна.", later), later)
    delivery.refresh_from_db()
    assert (delivery.refused_at is not None, delivery.refusal) == (True, "Це дорога державна.")
    assert Delivery.objects.standing().filter(subject=issue.subject).count() == 1


def test_the_same_letter_again_and_again_is_one_event(issue: Issue, delivery: Delivery, later: datetime) -> None:
    letter = answer_to(address_of(delivery), "Виїжджаємо.", later)
    before = issue.events.count()
    bring(letter, later)
    bring(letter, later + timedelta(minutes=1))
    changed = answer_to(address_of(delivery), "Виїжджаємо.\n\nЛист перевірено.", later)  # a gateway wrote below it
    assert bring(changed, later + timedelta(hours=1)).outcome == Outcome.REPEATED
    assert issue.events.count() == before + 1


def test_letters_that_overtook_each_other_end_where_they_should(
    issue: Issue, delivery: Delivery, later: datetime
) -> None:
    done = answer_to(address_of(delivery), "Виконано. Яму засипали.", later + timedelta(hours=2), number=2)
    begun = answer_to(address_of(delivery), "В роботі", later + timedelta(hours=1), number=1)
    bring(done, later + timedelta(hours=3))
    bring(begun, later + timedelta(hours=4))
    issue.refresh_from_db()
    assert issue.state == State.DONE


def test_photo_of_the_answer_is_the_answers(issue: Issue, delivery: Delivery, later: datetime) -> None:
    letter = answer_to(address_of(delivery), "Виконано. Фото додаю.", later)
    letter.add_attachment(jpeg(), maintype="image", subtype="jpeg", filename="після.jpg")
    letter.add_attachment(b"MZ", maintype="image", subtype="png", filename="virus.png")
    letter.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="акт.pdf")
    assert bring(letter, later).note == "left out: 2"
    photo = Photo.objects.get(subject=issue.subject)
    assert (photo.role, photo.name) == (Photo.Role.ANSWER, "після.jpg")


def test_author_adds_words_and_answers_a_question(issue: Issue, delivery: Delivery, later: datetime) -> None:
    by_organisation(delivery=delivery, do="ask", text="Яка сторона?", photos=[], at=later)
    letter = answer_to(author_address(issue), "Ліва, біля школи.", later, sender="olia@example.org")
    assert bring(letter, later + timedelta(hours=1)).outcome == Outcome.APPLIED
    issue.refresh_from_db()
    event = issue.events.latest("id")
    assert (issue.state, event.by, event.words and event.words.text) == (
        State.ACCEPTED,
        "reporter",
        "Ліва, біля школи.",
    )


def test_author_confirms_or_reopens_by_the_first_line(issue: Issue, delivery: Delivery, later: datetime) -> None:
    by_organisation(delivery=delivery, do="finish", text="Засипали.", photos=[], at=later)
    vague = answer_to(author_address(issue), "Дякую!", later, sender="olia@example.org")
    assert (bring(vague, later).outcome, last().note) == (Outcome.REFUSED, "closed")
    (notice,) = notices()
    assert "відкрити знову" in notice.payload["text"]
    assert (notice.recipient, notice.audience) == ("olia@example.org", "author")
    again = answer_to(author_address(issue), "Не виконано\nЯма та сама.", later, number=2, sender="olia@example.org")
    bring(again, later + timedelta(minutes=5))
    issue.refresh_from_db()
    assert issue.state == State.REOPENED


def test_right_that_was_revoked_is_none_any_more(issue: Issue, delivery: Delivery, later: datetime) -> None:
    assert delivery.token
    revoke_token(delivery.token, at=later)
    kept = bring(answer_to(address_of(delivery), "Прийнято", later), later)
    assert (kept.outcome, kept.note) == (Outcome.REFUSED, "ended")
    assert Answer.objects.count() == 0
    (notice,) = notices()
    assert notice.recipient == "bohdan@example.org"
    assert "Прийнято" not in notice.payload["text"]


def test_made_up_address_does_nothing(issue: Issue, delivery: Delivery, later: datetime) -> None:
    good = address_of(delivery)
    for forged in (good[:20] + "aaaa" + good[24:], good.replace("city", "town"), "misto@city.example"):
        kept = bring(answer_to(forged, "Прийнято", later), later)
        assert (kept.outcome, kept.community) == (Outcome.UNKNOWN, None)
    assert (Answer.objects.count(), notices()) == (0, [])


def test_stopped_author_has_no_right_any_more(issue: Issue, later: datetime) -> None:
    address = author_address(issue)
    Follow.objects.filter(subject=issue.subject).update(ended_at=later, email="")
    before = issue.events.count()
    assert bring(answer_to(address, "Ще слово", later), later).outcome == Outcome.UNKNOWN
    assert issue.events.count() == before


def test_hidden_report_takes_no_answer_of_an_organisation(issue: Issue, delivery: Delivery, later: datetime) -> None:
    issue.subject.visibility, issue.subject.hidden_reason = Visibility.HIDDEN, "чужі дані"
    issue.subject.save()
    assert bring(answer_to(address_of(delivery), "Прийнято", later), later).outcome == Outcome.REFUSED


@pytest.mark.parametrize(
    "header",
    [
        ("Auto-Submitted", "auto-replied"),
        ("Precedence", "bulk"),
        ("X-Autoreply", "yes"),
        ("Return-Path", "<>"),
        ("X-Idempotency-Key", "11111111-2222-4333-8444-555555555555"),
    ],
)
def test_programs_are_neither_heard_nor_answered(
    issue: Issue, delivery: Delivery, later: datetime, header: tuple[str, str]
) -> None:
    letter = answer_to(address_of(delivery), "Мене немає до понеділка.", later)
    letter[header[0]] = header[1]
    before = issue.events.count()
    assert bring(letter, later).outcome == Outcome.AUTOMATIC
    assert (issue.events.count(), notices()) == (before, [])


def test_senders_are_told_once_an_hour(delivery: Delivery, later: datetime) -> None:
    for number in range(5):
        bring(answer_to(address_of(delivery), "", later, number=number), later + timedelta(minutes=number))
    assert len(notices()) == 1
    bring(answer_to(address_of(delivery), "", later, number=9), later + timedelta(hours=2))
    assert len(notices()) == 2


def test_notice_says_that_a_program_wrote_it_and_answers_the_letter(delivery: Delivery, later: datetime) -> None:
    bring(answer_to(address_of(delivery), "", later), later)
    (notice,) = notices()
    assert notice.payload["answers"] == "<1@example.org>"
    assert "reply_to" not in notice.payload


def test_two_programs_that_do_not_say_so_do_not_go_on_for_ever(
    issue: Issue, delivery: Delivery, later: datetime
) -> None:
    before = issue.events.count()
    for number in range(30):
        bring(answer_to(address_of(delivery), f"Ваше звернення № {number}", later, number=number), later)
    assert issue.events.count() == before + 20
    assert last().note == "too many in an hour"


def test_address_that_does_not_exist_gets_no_more_letters(issue: Issue, now: datetime, later: datetime) -> None:
    message = OutboxMessage.objects.get(audience="author")
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=now)
    keep(report("failed", "5.1.1"), recipient=bounce_address(message.key), at=later)
    read_waiting(clock=lambda: later)
    follow = Follow.objects.get(subject=issue.subject)
    assert (follow.came_back_at, follow.ended_at, follow.email) == (later, later, "")
    message.refresh_from_db()
    assert (message.bounced_at, message.recipient) == (later, "")


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.3.4"])
def test_full_mailbox_is_no_reason_to_stop(issue: Issue, now: datetime, later: datetime, status: str) -> None:
    message = OutboxMessage.objects.get(audience="author")
    OutboxMessage.objects.filter(pk=message.pk).update(sent_at=now)
    keep(report("failed", status), recipient=bounce_address(message.key), at=later)
    read_waiting(clock=lambda: later)
    assert Follow.objects.get(subject=issue.subject).ended_at is None
    assert OutboxMessage.objects.get(pk=message.pk).bounced_at == later


@pytest.mark.django_db(transaction=True)
def test_many_readers_at_once_make_one_event_of_one_letter(issue: Issue, delivery: Delivery, later: datetime) -> None:
    before = issue.events.count()
    for number in range(3):
        keep(answer_to(address_of(delivery), f"Слово {number}", later, number=number).as_bytes(), at=later)
    read = at_once([lambda: read_waiting(clock=lambda: later) for _each in range(4)], community=issue.community)
    assert all(isinstance(count, int) for count in read), read
    assert issue.events.count() == before + 3
    assert set(IncomingLetter.objects.values_list("outcome", flat=True)) == {"applied"}


def test_what_died_half_way_is_done_again_and_once(
    issue: Issue, delivery: Delivery, later: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = issue.events.count()
    keep(answer_to(address_of(delivery), "Виїжджаємо.", later).as_bytes(), at=later)

    def die(*_args: object, **_fields: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(IncomingLetter, "save", die)
        with pytest.raises(KeyboardInterrupt):
            read_waiting(clock=lambda: later)
    assert issue.events.count() == before
    read_waiting(clock=lambda: later + timedelta(minutes=6))
    assert issue.events.count() == before + 1


def test_fallback_of_a_notice_is_nobody(delivery: Delivery, later: datetime) -> None:
    bring(answer_to(address_of(delivery), "", later), later)
    (notice,) = notices()
    before = OutboxMessage.objects.count()
    OutboxMessage.objects.filter(pk=notice.pk).update(sent_at=later)
    bounce(notice, why="came back 5.1.1", at=later)
    assert OutboxMessage.objects.count() == before


def test_who_answers_the_letter_that_lies_in_the_folder_is_heard(
    issue: Issue, now: datetime, later: datetime, settings: Settings, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "core.mail.LetterFolder", str(tmp_path / "mail")
    send_due(clock=lambda: now)
    files = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in (tmp_path / "mail").iterdir()]
    ours = next(letter for letter in files if letter["To"] == "roads@example.org")
    body = ours.get_body(("plain",))
    assert body is not None
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Message-ID"] = "bohdan@example.org", ours["Reply-To"], "<1@example.org>"
    quoted = "".join(f"> {line}\n" for line in body.get_content().splitlines())
    answer.set_content(f"Прийнято\n\nОглянемо завтра.\n\n-- \nБогдан\n\n{quoted}")
    assert bring(answer, later).outcome == Outcome.APPLIED
    event = issue.events.latest("id")
    assert (event.now, event.words and event.words.text) == (State.ACCEPTED, "Оглянемо завтра.")
