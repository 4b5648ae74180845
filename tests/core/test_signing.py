"""A signed message is taken once its time and body are those that were signed, and by nobody else's secret."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signing import SIGNATURE, TIME, SignatureRefusedError, new_secret, sign, verify
from tests.conftest import NOW

BODY = '{"text":"Яма"}'.encode()


def refusal(body: bytes, headers: dict[str, str], *, secrets: list[str], at: datetime = NOW) -> str:
    with pytest.raises(SignatureRefusedError) as refused:
        verify(body, headers, secrets=secrets, at=at)
    return refused.value.code


def test_signature_is_what_everybody_computes() -> None:
    """By openssl: printf '1795075200.{"text":"Яма"}' | openssl dgst -sha256 -hmac key."""
    assert sign(BODY, secrets=["key"], at=NOW) == {
        TIME: "1795075200",
        SIGNATURE: "v1=92ef5f6fdb1b693fa6447ff72296ec2b87bfa01e6ed7fce824da0a6457d89c21",
    }


@given(body=st.binary(max_size=200), secret=st.text(min_size=1, max_size=50))
def test_what_was_signed_is_taken(body: bytes, secret: str) -> None:
    verify(body, sign(body, secrets=[secret], at=NOW), secrets=[secret], at=NOW)


def test_names_of_headers_are_taken_in_any_case() -> None:
    headers = {name.upper(): value for name, value in sign(BODY, secrets=["a"], at=NOW).items()}
    verify(BODY, headers, secrets=["a"], at=NOW)


def test_while_a_secret_is_replaced_either_fits() -> None:
    both = sign(BODY, secrets=["new", "old"], at=NOW)
    verify(BODY, both, secrets=["new"], at=NOW)
    verify(BODY, both, secrets=["old"], at=NOW)
    verify(BODY, sign(BODY, secrets=["old"], at=NOW), secrets=["new", "old"], at=NOW)


def test_other_body_other_moment_and_other_secret_are_refused() -> None:
    headers = sign(BODY, secrets=["a"], at=NOW)
    later = headers | {TIME: str(int(headers[TIME]) + 1)}
    assert refusal(BODY + b" ", headers, secrets=["a"]) == "wrong"
    assert refusal(BODY, later, secrets=["a"]) == "wrong"
    assert refusal(BODY, headers, secrets=["b"]) == "wrong"
    assert refusal(BODY, headers, secrets=[]) == "wrong"
    assert refusal(BODY, sign(BODY, secrets=[""], at=NOW), secrets=[""]) == "wrong"


def test_message_is_taken_for_five_minutes_either_way() -> None:
    headers = sign(BODY, secrets=["a"], at=NOW)
    for minutes in (-5, 5):
        verify(BODY, headers, secrets=["a"], at=NOW + timedelta(minutes=minutes))
    for seconds in (-301, 301):
        assert refusal(BODY, headers, secrets=["a"], at=NOW + timedelta(seconds=seconds)) == "stale"


@pytest.mark.parametrize(
    ("moment", "signature", "code"),
    [
        ("", "v1=" + "0" * 64, "missing"),
        ("1795075200", "", "missing"),
        ("yesterday", "v1=" + "0" * 64, "malformed"),
        ("١٢٣", "v1=" + "0" * 64, "malformed"),
        ("9" * 13, "v1=" + "0" * 64, "malformed"),
        ("1795075200", "v1=00", "malformed"),
        ("1795075200", "v2=" + "0" * 64, "malformed"),
        ("1795075200", "v1=" + "0" * 64, "wrong"),
    ],
)
def test_each_mistake_is_told(moment: str, signature: str, code: str) -> None:
    assert refusal(BODY, {TIME: moment, SIGNATURE: signature}, secrets=["a"]) == code


def test_secrets_are_random_and_long() -> None:
    assert len({new_secret() for _ in range(20)}) == 20
    assert len(new_secret()) == 43
