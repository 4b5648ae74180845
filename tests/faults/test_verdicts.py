"""The campaign's judge sees each way in which a promise may be broken."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.campaign.ledger import Entry, Ledger, read
from tests.faults.campaign.reading import Message
from tests.faults.campaign.reporters import Told, text_of
from tests.faults.campaign.verdicts import (
    Verdict,
    after_each,
    all_delivered,
    each_once,
    first_moments,
    in_order,
    no_report_lost,
    soon,
)


def written(number: int, **changes: object) -> Message:
    """The message with that number, written at that second to organisation a."""
    given = {
        "id": number,
        "key": f"key-{number}",
        "subject": 1,
        "channel": "email",
        "recipient": "a@example.org",
        "written_at": float(number),
        "is_sent": True,
        "is_dead": False,
        "attempts": 1,
        "last_error": "",
    }
    return Message(**(given | changes))  # type: ignore[arg-type]


def came(number: int, at: float, *, again: bool = False) -> Entry:
    return Entry(f"key-{number}", "a@example.org", at, again)


def accepted(resident: int, number: int) -> Told:
    return Told(resident, 0.0, 1, 1.0, number)


MESSAGES = [written(1), written(2)]
CAME = [came(1, 10.0), came(2, 11.0)]
MOMENTS = first_moments(CAME)


def test_everything_as_promised_is_kept() -> None:
    rows = [(7, text_of(0)), (8, text_of(1))]
    verdicts = [
        no_report_lost([accepted(0, 7), accepted(1, 8)], rows),
        all_delivered(MESSAGES, MOMENTS),
        each_once(MESSAGES, CAME),
        in_order(MESSAGES, MOMENTS),
        soon(MESSAGES, MOMENTS, last_recovery=5.0),
    ]
    assert all(verdict.is_kept for verdict in verdicts), verdicts


def test_a_promise_that_was_asked_of_nothing_is_not_kept() -> None:
    assert not in_order([written(1)], MOMENTS).is_kept


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(8, text_of(0))],
        [(7, text_of(1))],
        [(7, text_of(0)), (8, text_of(0))],
    ],
)
def test_report_that_is_missing_changed_or_doubled_is_seen(rows: Sequence[tuple[int, str]]) -> None:
    assert not no_report_lost([accepted(0, 7)], rows).is_kept


@pytest.mark.parametrize("changes", [{"is_sent": False}, {"is_dead": True}, {"key": "key-3"}])
def test_message_that_waits_died_or_never_came_is_seen(changes: dict[str, object]) -> None:
    assert not all_delivered([written(1), written(2, **changes)], MOMENTS).is_kept


def test_a_second_delivery_is_seen_unless_the_receiver_knew_the_key() -> None:
    assert each_once(MESSAGES, [*CAME, came(2, 12.0, again=True)]).is_kept
    assert not each_once(MESSAGES, [*CAME, came(2, 12.0)]).is_kept
    assert not each_once(MESSAGES, [*CAME, came(3, 12.0)]).is_kept


def test_what_overtook_an_earlier_message_about_the_same_thing_is_seen() -> None:
    swapped = first_moments([came(2, 10.0), came(1, 11.0)])
    assert not in_order(MESSAGES, swapped).is_kept
    assert not in_order(MESSAGES, first_moments([came(2, 10.0)])).is_kept, "the first has not come at all"
    assert in_order(MESSAGES, first_moments([came(1, 10.0)])).is_kept, "that the second has not come is another promise"
    others = [written(1), written(2, subject=2), written(3, recipient="b@example.org")]
    assert in_order(others, swapped).of == 0


def test_what_comes_later_than_two_minutes_after_recovery_is_seen() -> None:
    late = first_moments([came(1, 10.0), came(2, 126.0)])
    verdicts: list[Verdict] = [soon(MESSAGES, late, last_recovery=recovery) for recovery in (5.0, 6.0)]
    assert [verdict.is_kept for verdict in verdicts] == [False, True]
    assert after_each(MESSAGES, late, whole_at=1.5) == 8.5
    assert after_each(MESSAGES, late, whole_at=6.0) == 120.0


def test_ledger_knows_after_a_kill_what_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "mail.jsonl"
    Ledger(path).note("key-1", "a@example.org")
    with path.open("a") as file:
        file.write('{"key": "key-2", "reci')  # killed here: it was not acknowledged
    after = Ledger(path)
    after.note("key-1", "a@example.org")
    after.note("key-2", "a@example.org")
    assert [(entry.key, entry.again) for entry in read(path)] == [("key-1", False), ("key-1", True), ("key-2", False)]
