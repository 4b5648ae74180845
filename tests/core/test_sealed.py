"""Secrets of others open only with the installation's key."""

import pytest
from pytest_django import Settings

from core.sealed import BrokenSealError, seal, unseal


def test_sealed_secret_is_not_readable_and_opens_again() -> None:
    sealed = seal("ключ-до-системи")
    assert "ключ" not in sealed
    assert unseal(sealed) == "ключ-до-системи"
    assert seal("ключ-до-системи") != sealed


def test_nothing_stays_nothing() -> None:
    assert (seal(""), unseal("")) == ("", "")


def test_older_key_still_opens_and_a_lost_one_does_not(settings: Settings) -> None:
    was, sealed = settings.SECRET_KEY, seal("пароль")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [was]
    assert unseal(sealed) == "пароль"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BrokenSealError):
        unseal(sealed)
