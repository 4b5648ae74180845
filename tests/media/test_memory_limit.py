"""A decoder that wants all memory does not get it."""

import resource

import pytest

from media.decoders import decoding
from media.limits import memory_bounded
from media.refusals import PhotoRefused

MB = 1024**2


def test_a_decoder_that_wants_too_much_makes_its_photo_a_broken_one() -> None:
    with memory_bounded(64 * MB), pytest.raises(PhotoRefused) as refused, decoding():
        bytearray(256 * MB)
    assert refused.value.code == "broken"


def test_the_limit_ends_with_the_task() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with memory_bounded(64 * MB):
        assert resource.getrlimit(resource.RLIMIT_AS) != before
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(256 * MB)) == 256 * MB
