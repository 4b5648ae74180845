"""Limits: exact however many ask at once, told to nobody, and forgotten when their window has ended."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from core import limits
from core.limits import Limit, use, used
from core.models import Usage
from core.tasks import forget_ended_limits
from geodata.models import Community
from tests.parallel import at_once

HOUR = timedelta(hours=1)


def of(whose: str, *, most: int = 3, window: timedelta = HOUR, kind: str = "device") -> Limit:
    return Limit(kind, whose, most, window)


def test_so_many_uses_are_taken_and_the_next_is_refused(inside: Community, now: datetime) -> None:
    taken = [use([of("one")], community=inside, at=now) for _time in range(4)]
    assert [bool(exceeded) for exceeded in taken] == [False, False, False, True]
    (exceeded,) = taken[-1]
    assert exceeded.until == now + HOUR


def test_window_opens_with_the_first_use_and_then_anew(inside: Community, now: datetime) -> None:
    use([of("one", most=1)], community=inside, at=now)
    late = now + HOUR - timedelta(seconds=1)
    assert use([of("one", most=1)], community=inside, at=late)
    assert not use([of("one", most=1)], community=inside, at=now + HOUR)
    (exceeded,) = use([of("one", most=1)], community=inside, at=now + HOUR)
    assert exceeded.until == now + 2 * HOUR


def test_others_kinds_windows_and_communities_are_counted_apart(
    inside: Community, elsewhere: Community, now: datetime
) -> None:
    assert not use([of("one", most=1)], community=inside, at=now)
    others = [of("two", most=1), of("one", most=1, kind="network"), of("one", most=1, window=timedelta(days=1))]
    assert not use(others, community=inside, at=now)
    assert not use([of("one", most=1)], community=elsewhere, at=now)


def test_what_is_refused_and_rolled_back_costs_nothing(inside: Community, now: datetime) -> None:
    use([of("one", most=1)], community=inside, at=now)
    with transaction.atomic():
        assert use([of("one", most=1), of("two")], community=inside, at=now)
        transaction.set_rollback(True)
    assert used(of("one"), community=inside, at=now) == 1
    assert used(of("two"), community=inside, at=now) == 0
    assert used(of("one"), community=inside, at=now + HOUR) == 0


def test_nothing_to_count_asks_nothing(inside: Community, now: datetime) -> None:
    assert use([], community=inside, at=now) == []


def test_row_leads_to_nobody(inside: Community, now: datetime) -> None:
    use([of("192.0.2.7", kind="network")], community=inside, at=now)
    row = Usage.objects.get()
    assert len(row.key) == 64
    assert "192" not in str(row)


def test_ended_windows_are_forgotten_and_open_ones_are_not(inside: Community, now: datetime) -> None:
    use([of("one"), of("one", window=timedelta(days=1))], community=inside, at=now)
    assert limits.forget_ended(at=now + HOUR - timedelta(seconds=1)) == 0
    assert limits.forget_ended(at=now + HOUR) == 1
    assert Usage.objects.get().ends_at == now + timedelta(days=1)
    assert forget_ended_limits() in {0, 1}


@pytest.mark.django_db(transaction=True)
def test_as_many_as_allowed_are_taken_when_more_ask_at_once(inside: Community, now: datetime) -> None:
    """In two orders, so that a lock taken the other way round would end in a deadlock."""
    both = [of("one", most=5), of("net", most=50, kind="network")]

    def one_use(order: list[Limit]) -> bool:
        with transaction.atomic():
            if use(order, community=inside, at=now):
                transaction.set_rollback(True)
                return False
            return True

    taken = at_once([lambda n=n: one_use(both[:: 1 if n % 2 else -1]) for n in range(10)], community=inside)  # type: ignore[misc]
    assert sorted(taken) == [False] * 5 + [True] * 5
    assert used(both[1], community=inside, at=now) == 5
