"""What hardly ever changes is read every two seconds, and a mistake is not kept."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import override_settings

from geodata.lately import lately


@pytest.fixture
def keeping() -> Iterator[None]:
    """As the service keeps answers; tests keep none."""
    kept = {**settings.CACHES, "answers": {**settings.CACHES["answers"], "BACKEND": settings.LOCAL}}
    with override_settings(CACHES=kept):
        caches["answers"].clear()
        yield
        caches["answers"].clear()


def test_it_is_read_once_also_when_there_is_nothing(keeping: None) -> None:
    read: list[int] = []
    for _turn in range(3):
        assert lately("nothing", lambda: read.append(1)) is None
    assert read == [1]


def test_everybody_gets_a_copy_of_their_own(keeping: None) -> None:
    lately("list", lambda: [1]).append(2)
    assert lately("list", lambda: [3]) == [1]


def test_an_error_is_not_kept(keeping: None) -> None:
    with pytest.raises(ZeroDivisionError):
        lately("error", lambda: 1 // 0)
    assert lately("error", lambda: 5) == 5


def test_tests_never_see_what_was() -> None:
    told = iter([1, 2])
    assert [lately("anything", lambda: next(told)) for _turn in range(2)] == [1, 2]
