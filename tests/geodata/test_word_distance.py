"""Words are as alike as the fingers that typed them: a slip costs the same wherever it happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.word_distance import closeness

WORDS = st.text("абвгдежзикл", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("typed", "slip"),
    [
        ("соборна", 0.0),
        ("сборна", 1.0),  # missing
        ("сокорна", 1.0),  # another
        ("сроборна", 1.0),  # too many
        ("собонра", 1.0),  # changed places
        ("соборрна", 0.6),  # twice
        ("союорна", 0.8),  # the key beside
    ],
)
def test_each_slip_has_its_price(typed: str, slip: float) -> None:
    assert closeness(typed, "соборна") == pytest.approx(1 - slip / max(len(typed), 7))


def test_words_with_little_in_common_are_not_alike_at_all() -> None:
    assert closeness("мир", "космонавтив") == 0
    assert closeness("шкилна", "перемога") == 0


@given(WORDS, WORDS)
def test_order_does_not_matter_and_only_the_same_word_is_the_same(one: str, other: str) -> None:
    assert closeness(one, other) == closeness(other, one)
    assert (closeness(one, other) == 1) == (one == other)


@given(WORDS, st.data())
def test_one_missing_letter_is_never_more_than_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    if len(word) > 2:
        assert closeness(word[:at] + word[at + 1 :], word) >= 1 - 1 / len(word) - 1e-9
