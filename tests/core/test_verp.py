"""Addresses to which letters come back: they survive mail servers, name one thing, and cannot be made up."""

import uuid

import pytest
from pytest_django import Settings

from core.verp import LONGEST, Kind, ReturnAddress, addresses_in, bounce_address, reply_address

KEY = uuid.UUID("11111111-2222-4333-8444-555555555555")


@pytest.fixture(autouse=True)
def _city_reads_answers(settings: Settings) -> None:
    settings.REPLY_ADDRESS = "misto+{}@city.example"


def test_an_address_names_what_it_was_made_for() -> None:
    assert addresses_in(bounce_address(KEY)) == [ReturnAddress(Kind.BOUNCE, KEY)]
    assert addresses_in(reply_address(KEY)) == [ReturnAddress(Kind.REPLY, KEY)]


def test_it_fits_before_the_at_of_an_address_and_has_no_letters_that_servers_change() -> None:
    for address in (bounce_address(KEY), reply_address(KEY)):
        name = address.partition("@")[0]
        assert len(name) <= 64
        assert name == name.lower()
        assert len(name) - len("misto+") <= LONGEST


def test_a_server_may_write_it_in_capitals_and_with_a_name_around_it() -> None:
    header = f"Хтось <{reply_address(KEY).upper()}>, other@example.org"
    assert addresses_in(header) == [ReturnAddress(Kind.REPLY, KEY)]


def test_one_that_was_made_up_or_changed_is_none() -> None:
    good = reply_address(KEY)
    name, domain = good.split("@")
    for at in range(len("misto+"), len(name)):
        other = "2" if name[at] != "2" else "3"
        changed = addresses_in(f"{name[:at]}{other}{name[at + 1 :]}@{domain}")
        # The last character holds spare bits; whatever it says, nothing else than the same thing is named.
        assert changed in ([], [ReturnAddress(Kind.REPLY, KEY)])
        assert changed == [] or at == len(name) - 1
    for strange in (good.replace("city", "town"), "misto+@city.example", "misto+r@city.example", "", "\x00+r"):
        assert addresses_in(strange) == []


def test_a_right_to_answer_is_not_made_of_a_bounce_address() -> None:
    moved = bounce_address(KEY).replace("misto+b", "misto+r")
    assert addresses_in(moved) == []


def test_addresses_of_a_former_key_still_work(settings: Settings) -> None:
    before = reply_address(KEY)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "y" * 60, [settings.SECRET_KEY]
    assert addresses_in(before) == [ReturnAddress(Kind.REPLY, KEY)]
    settings.SECRET_KEY_FALLBACKS = []
    assert addresses_in(before) == []


def test_without_the_setting_there_are_none(settings: Settings) -> None:
    address = reply_address(KEY)
    settings.REPLY_ADDRESS = ""
    assert (bounce_address(KEY), reply_address(KEY), addresses_in(address)) == ("", "", [])
