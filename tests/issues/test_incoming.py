"""Answers of organisations' systems become events once, in whatever order and however often they arrive."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from issues.models import Issue, IssueEvent
from issues.moves import move_by_organisation, move_by_reporter, not_ours, redact_words
from issues.states import State
from routing.answers import (
    BadAnswerError,
    Incoming,
    OtherWordsError,
    UnknownReportError,
    delivery_named,
    receive,
    receive_named,
)
from routing.models import Answer, Channel, Delivery
from tests.conftest import NOW, City
from tests.examples import rolled_back
from tests.issues.conftest import holder
from tests.parallel import at_once

pytestmark = pytest.mark.django_db
Say = Callable[..., Answer]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def say(delivery: Delivery, later: datetime) -> Say:
    """Their system says it; `minute`: by its clock, after the report was sent."""

    def say(do: str, text: str = "", *, minute: int = 1, number: str = "") -> Answer:
        incoming = Incoming(number or f"{do}-{minute}", do, text, NOW + minute * MINUTE)
        return receive(delivery=delivery, via="webhook", incoming=incoming, at=later)

    return say


def state_of(issue: Issue) -> str:
    return Issue.objects.get(pk=issue.pk).state


def told(issue: Issue) -> list[str]:
    """Words of the organisation, in the order in which they were shown."""
    events = IssueEvent.objects.filter(issue=issue, by="organisation", words__isnull=False).order_by("id")
    return list(events.values_list("words__text", flat=True))


def test_answers_move_the_report_and_tell_its_author(issue: Issue, say: Say) -> None:
    assert say("accept").outcome == "applied"
    done = say("finish", "Залатали.", minute=2)
    assert (state_of(issue), told(issue), done.outcome, done.code) == (State.DONE, ["Залатали."], "applied", "")
    assert IssueEvent.objects.get(pk__in=done.became).now == State.DONE


def test_repetition_does_nothing_and_gets_the_first_row(issue: Issue, say: Say) -> None:
    first = say("reply", "Виїхала бригада.", number="a")
    assert say("reject", "Інші слова.", number="a") == first
    assert (state_of(issue), told(issue)) == (State.NEW, ["Виїхала бригада."])


def test_same_number_by_another_way_or_for_another_delivery_is_another_answer(
    issue: Issue, delivery: Delivery, say: Say, later: datetime
) -> None:
    say("reply", "Раз.", number="a")
    receive(delivery=delivery, via="email", incoming=Incoming("a", "reply", "Два.", NOW), at=later)
    assert told(issue) == ["Раз.", "Два."]


def test_older_answer_never_moves_the_report_back_but_its_words_are_shown(issue: Issue, say: Say) -> None:
    say("start", "Працюємо.", minute=5)
    late = say("accept", "Прийняли.", minute=2)
    assert (late.outcome, late.code) == ("words_only", "older")
    assert (state_of(issue), told(issue)) == (State.IN_PROGRESS, ["Працюємо.", "Прийняли."])
    assert say("accept", minute=3).outcome == "late"


def test_final_answer_wins_whatever_the_order(issue: Issue, say: Say) -> None:
    say("start", "Ще працюємо.", minute=9)
    assert say("finish", "Готово.", minute=5).outcome == "applied"
    assert state_of(issue) == State.DONE
    assert say("ask", "Де саме?", minute=7).outcome == "words_only"
    assert state_of(issue) == State.DONE


def test_of_two_final_answers_the_first_to_arrive_stands_and_the_words_of_both_are_shown(
    issue: Issue, say: Say
) -> None:
    say("reject", "Не можна.", minute=5)
    assert say("finish", "Готово.", minute=3).outcome == "words_only"
    assert (state_of(issue), told(issue)) == (State.REJECTED, ["Не можна.", "Готово."])


def test_question_that_comes_after_the_later_answer_is_told_and_passed(issue: Issue, say: Say) -> None:
    say("start", minute=1)
    assert say("accept", "Дякуємо, зрозуміло.", minute=5).outcome == "words_only"
    assert say("ask", "Де саме?", minute=3).outcome == "applied"
    assert state_of(issue) == State.ACCEPTED
    moves = IssueEvent.objects.filter(issue=issue, kind="moved").order_by("id").values_list("was", "now")
    assert list(moves)[-2:] == [("in_progress", "waiting"), ("waiting", "accepted")]


def test_what_happened_before_the_author_reopened_closes_nothing(issue: Issue, say: Say, later: datetime) -> None:
    say("finish", "Готово.", minute=1)
    with override("uk"):
        move_by_reporter(issue=issue, to=State.REOPENED, text="Яма на місці.", at=NOW + 10 * MINUTE)
    assert say("reject", "Не можна.", minute=5).outcome == "words_only"
    assert state_of(issue) == State.REOPENED
    assert say("finish", "Тепер готово.", minute=15).outcome == "applied"
    assert state_of(issue) == State.DONE


def test_what_the_organisation_did_on_its_page_counts(issue: Issue, delivery: Delivery, say: Say) -> None:
    move_by_organisation(delivery=delivery, to=State.IN_PROGRESS, at=NOW + 10 * MINUTE)
    assert say("accept", minute=5).code == "older"
    assert say("finish", "Готово.", minute=11).outcome == "applied"


def test_move_without_its_words_is_refused_and_told_why(issue: Issue, say: Say) -> None:
    for do in ("finish", "reject", "ask", "refuse", "reply"):
        answer = say(do)
        assert (answer.outcome, answer.code) == ("refused", "needs_text")
    assert state_of(issue) == State.NEW


def test_not_ours_hands_the_report_on_and_nothing_is_taken_after_it(issue: Issue, say: Say, city: City) -> None:
    assert say("refuse", "Не наша вулиця.").outcome == "applied"
    assert holder(issue).organisation == city.council
    late = say("finish", "Готово.", minute=2)
    assert (late.outcome, late.code, late.text) == ("refused", "too_late", "Готово.")
    assert state_of(issue) == State.NEW


def test_not_ours_that_is_older_than_their_work_is_words_only(issue: Issue, say: Say, city: City) -> None:
    say("start", minute=5)
    assert say("refuse", "Не наша вулиця.", minute=3).outcome == "words_only"
    assert holder(issue).organisation == city.road_service


def test_duty_queue_cannot_hand_back(issue: Issue, delivery: Delivery, later: datetime) -> None:
    not_ours(delivery=delivery, reason="Не наше.", at=later)
    queue = holder(issue)
    answer = receive(delivery=queue, via="webhook", incoming=Incoming("1", "refuse", "Теж ні.", later), at=later)
    assert (answer.outcome, answer.code) == ("refused", "pass_on")


def test_withdrawn_report_keeps_the_words_for_the_staff(issue: Issue, say: Say) -> None:
    with override("uk"):
        move_by_reporter(issue=issue, to=State.WITHDRAWN, at=NOW + 2 * MINUTE)
    answer = say("reply", "Виїхали.", minute=5)
    assert (answer.outcome, answer.text, told(issue)) == ("late", "Виїхали.", [])


def test_whoever_is_only_informed_has_no_say(issue: Issue, delivery: Delivery, city: City, later: datetime) -> None:
    informed = Delivery.objects.create(
        community=city.community, subject=issue.subject, organisation=city.vodokanal, role="informed", created_at=later
    )
    answer = receive(delivery=informed, via="webhook", incoming=Incoming("1", "finish", "Готово.", later), at=later)
    assert (answer.outcome, answer.code) == ("refused", "not_asked")


def test_answer_is_about_the_delivery_that_stands(issue: Issue, delivery: Delivery, city: City) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    assert delivery_named(channel=channel, number=issue.number) == delivery
    not_ours(delivery=delivery, reason="Не наше.", at=NOW)
    assert delivery_named(channel=channel, number=issue.number) == delivery
    assert delivery_named(channel=channel, number=issue.number + 1) is None
    stranger = Channel.objects.get(organisation=city.vodokanal)
    assert delivery_named(channel=stranger, number=issue.number) is None


def test_answer_that_names_the_report_by_its_number(issue: Issue, city: City, later: datetime) -> None:
    channel = Channel.objects.get(organisation=city.road_service)
    said = Incoming("1", "start", "Працюємо.", later)
    given: dict[str, Any] = {"channel": channel, "number": issue.number, "at": later}
    assert receive_named(incoming=said, **given).outcome == "applied"
    assert receive_named(incoming=said, **given).outcome == "applied"
    with pytest.raises(OtherWordsError):
        receive_named(incoming=Incoming("1", "finish", "Готово.", later), **given)
    with pytest.raises(UnknownReportError):
        receive_named(incoming=said, **(given | {"number": 99}))
    assert state_of(issue) == State.IN_PROGRESS


def test_words_that_a_moderator_removed_are_not_kept_in_the_answer_either(
    issue: Issue, say: Say, city: City, marta: User, later: datetime
) -> None:
    answer = say("reply", "Лайка.", number="1")
    event = IssueEvent.objects.select_related("issue", "words", "organisation").get(pk__in=answer.became)
    redact_words(event=event, user=marta, at=later)
    answer.refresh_from_db()
    assert answer.text == "…"
    channel = Channel.objects.get(organisation=city.road_service)
    Channel.objects.filter(pk=channel.pk).update(kind="webhook")
    channel.refresh_from_db()
    again = Incoming("1", "reply", "Лайка.", answer.happened_at)
    assert receive_named(channel=channel, number=issue.number, incoming=again, at=later) == answer
    assert Answer.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"external_id": ""}, "id"),
        ({"external_id": "a" * 201}, "id"),
        ({"external_id": "a\n"}, "id"),
        ({"do": "explode"}, "do"),
        ({"text": "a" * 4001}, "text"),
        ({"text": "\0"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"happened_at": datetime(2026, 1, 1)}, "happened_at"),  # noqa: DTZ001  that is the mistake
    ],
)
def test_what_says_nothing_is_not_kept(delivery: Delivery, wrong: dict[str, object], code: str) -> None:
    given: dict[str, object] = {"external_id": "1", "do": "reply", "text": "Так.", "happened_at": NOW}
    with pytest.raises(BadAnswerError) as refused:
        receive(delivery=delivery, via="webhook", incoming=Incoming(**(given | wrong)), at=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"external_id": ""}, {"do": "explode"}, {"outcome": "maybe"}, {"outcome": "refused", "code": ""}]
)
def test_database_knows_what_an_answer_is(say: Say, wrong: dict[str, str]) -> None:
    answer = say("accept")
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.filter(pk=answer.pk).update(**wrong)


NOT_FINAL = ["accept", "start", "ask", "reply"]
FINAL = ["finish", "reject"]
Step = tuple[int, str]


@st.composite
def arrivals(draw: st.DrawFn, *, not_ours: bool = False) -> tuple[list[Step], list[Step]]:
    """A history with at most one final answer, anywhere in it, and an order of arrival with repetitions; `not_ours`:
    they hand the report back at some time too."""
    said = draw(st.lists(st.sampled_from(NOT_FINAL), max_size=6))
    if draw(st.booleans()):
        said.insert(draw(st.integers(0, len(said))), draw(st.sampled_from(FINAL)))
    if not_ours:
        said.insert(draw(st.integers(0, len(said))), "refuse")
    history = list(enumerate(said))
    repeated = draw(st.lists(st.sampled_from(history), max_size=4)) if history else []
    return history, draw(st.permutations([*history, *repeated]))


class Ended(NamedTuple):
    """Where the answers led: state, words that are shown, who has the report, and why answers moved nothing."""

    state: str
    words: list[str]
    organisation: str
    codes: dict[Step, str]


def outcome_of(delivery: Delivery, steps: Sequence[Step], later: datetime) -> Ended:
    codes = {}
    with rolled_back(), override("uk"):
        for order, (minute, do) in enumerate(steps):
            incoming = Incoming(str(minute), do, words_of((minute, do)), NOW + minute * MINUTE)
            codes[minute, do] = receive(
                delivery=delivery, via="webhook", incoming=incoming, at=later + order * MINUTE
            ).code
        issue = Issue.objects.get(subject=delivery.subject_id)
        assert Answer.objects.count() == len(set(steps)), "each is kept once"
        assert Delivery.objects.count() == 1 + (holder(issue) != delivery), "and handed on once"
        return Ended(issue.state, sorted(told(issue)), holder(issue).organisation.name, codes)


def words_of(step: Step) -> str:
    minute, do = step
    return "" if do == "start" else f"Слова {minute}."


def shown(steps: Iterable[Step]) -> list[str]:
    return sorted(filter(None, map(words_of, steps)))


@settings(max_examples=20)
@given(arrivals=arrivals())
def test_any_order_with_any_repetitions_ends_as_the_right_order(
    delivery: Delivery, later: datetime, arrivals: tuple[list[Step], list[Step]]
) -> None:
    history, arrived = arrivals
    ended, straight = outcome_of(delivery, arrived, later), outcome_of(delivery, history, later)
    assert (ended.state, ended.words) == (straight.state, straight.words)
    assert ended.words == shown(history)


@settings(max_examples=30)
@given(arrivals=arrivals(not_ours=True))
def test_not_ours_hands_on_unless_they_went_on_with_it_and_nothing_moves_after_it(
    delivery: Delivery, city: City, later: datetime, arrivals: tuple[list[Step], list[Step]]
) -> None:
    """“Not ours” counts when it comes: before anything that they did later by their own clock, and before the end."""
    history, arrived = arrivals
    order = list(dict.fromkeys(arrived))
    refusal = next(step for step in order if step[1] == "refuse")
    before, after = order[: order.index(refusal)], order[order.index(refusal) + 1 :]
    went_on = any(step > refusal and step[1] != "reply" for step in before)
    had_ended = any(do in FINAL for _minute, do in before)
    ended = outcome_of(delivery, arrived, later)
    if not went_on and not had_ended:
        assert (ended.state, ended.organisation) == (State.NEW, city.council.name)
        assert ended.words == shown([*before, refusal])
        assert {ended.codes[step] for step in after} <= {"too_late"}
        return
    straight = outcome_of(delivery, [step for step in history if step != refusal], later)
    assert (ended.state, ended.organisation) == (straight.state, city.road_service.name)
    assert ended.words == shown(history if went_on else set(history) - {refusal})


@pytest.mark.django_db(transaction=True)
def test_same_answer_at_once_by_eight_connections_is_one_event(
    issue: Issue, delivery: Delivery, city: City, later: datetime
) -> None:
    incoming = Incoming("7", "finish", "Залатали.", later)

    def bring() -> Answer:
        with override("uk"):
            return receive(delivery=delivery, via="webhook", incoming=incoming, at=later)

    brought = at_once([bring] * 8, community=city.community)
    assert {answer.pk for answer in brought} == {Answer.objects.get().pk}
    assert IssueEvent.objects.filter(issue=issue, kind="moved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_different_answers_at_once_end_as_in_the_right_order(
    issue: Issue, delivery: Delivery, city: City, later: datetime
) -> None:
    history = [(1, "accept"), (2, "ask"), (3, "start"), (4, "finish"), (5, "reply"), (6, "accept")]

    def bring(minute: int, do: str) -> Callable[[], Answer]:
        incoming = Incoming(str(minute), do, f"Слова {minute}.", NOW + minute * MINUTE)

        def run() -> Answer:
            with override("uk"):
                return receive(delivery=delivery, via="webhook", incoming=incoming, at=later)

        return run

    brought = at_once([bring(*step) for step in reversed(history)], community=city.community)
    assert all(isinstance(answer, Answer) for answer in brought), brought
    assert (state_of(issue), len(told(issue))) == (State.DONE, 6)
