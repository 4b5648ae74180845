"""Keys by which a sender says that it is the same thing again."""

from uuid import UUID

import pytest

from core.idempotency import BadKeyError, key_in


def test_no_header_is_no_key() -> None:
    assert key_in("") is None
    assert key_in('""') is None


def test_a_uuid_is_taken_as_it_is_with_quotes_and_without() -> None:
    key = UUID("7d1c1b1e-5a51-4a57-9df0-0c6b1c7d2a11")
    assert key_in(str(key)) == key
    assert key_in(f'"{key}"') == key


def test_any_other_word_becomes_a_key_that_is_always_the_same() -> None:
    assert key_in("order-17") == key_in("order-17") != key_in("order-18")


@pytest.mark.parametrize("text", ["x" * 256, "ключ", "a\tb"])
def test_what_no_key_holds_is_refused(text: str) -> None:
    with pytest.raises(BadKeyError):
        key_in(text)
