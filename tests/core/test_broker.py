"""Asking workers to hurry: nobody waits for the broker, and the same wish twice is one question."""

from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from core import broker
from core.broker import Nudges


class Asked:
    """Stands where the broker is asked. Holds the first question until it is told to go on."""

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.threads: set[str] = set()
        self.came, self.goes_on = Event(), Event()

    def __call__(self, task: str) -> bool:
        self.tasks.append(task)
        self.threads.add(current_thread().name)
        self.came.set()
        self.goes_on.wait(10)
        if task == "breaks":
            raise ZeroDivisionError
        return True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    found = Asked()
    monkeypatch.setattr(broker, "ask", found)
    yield found
    found.goes_on.set()


def test_whoever_nudges_does_not_wait_for_the_broker(asked: Asked) -> None:
    nudges = Nudges()
    nudges.want("urgent")
    assert asked.came.wait(10)
    assert not nudges.drain(0.01)
    asked.goes_on.set()
    assert nudges.drain(10)
    assert asked.threads == {"nudges"}


def test_what_is_wanted_again_while_the_broker_is_asked_is_asked_once_more(asked: Asked) -> None:
    nudges = Nudges()
    nudges.want("urgent")
    assert asked.came.wait(10)
    for _turn in range(5):
        nudges.want("urgent")
        nudges.want("bulk")
    asked.goes_on.set()
    assert nudges.drain(10)
    assert asked.tasks == ["urgent", "urgent", "bulk"]


def test_a_question_that_breaks_does_not_end_the_others(asked: Asked) -> None:
    nudges = Nudges()
    asked.goes_on.set()
    nudges.want("breaks")
    nudges.want("urgent")
    assert nudges.drain(10)
    nudges.want("bulk")
    assert nudges.drain(10)
    assert asked.tasks == ["breaks", "urgent", "bulk"]


def test_a_process_that_was_forked_has_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = broker.nudges
    monkeypatch.setattr(broker, "nudges", before)  # put back after the test
    broker._begin_anew()
    assert broker.nudges is not before
