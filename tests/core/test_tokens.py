"""Secret links: the database keeps only a digest; what was stolen from it opens nothing."""

import hashlib
import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django_scopes import scope, scopes_disabled
from pytest_django import Settings

from core.models import Subject, Token
from core.tokens import (
    UnknownTokenError,
    defuse,
    fill_secrets,
    find_token,
    issue_token,
    placeholder_for,
    revoke_token,
    secret_of,
)
from geodata.models import Community

OLD_KEY, NEW_KEY = "old" * 20, "new" * 20


@pytest.fixture
def token(subject: Subject, now: datetime, settings: Settings) -> Token:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD_KEY, []
    return issue_token(subject=subject, purpose="answer", at=now, expires_at=now + timedelta(days=1))


def test_database_keeps_only_a_digest_of_the_secret(token: Token) -> None:
    secret = secret_of(token)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t)::text, digest FROM core_token t")
        row, digest = cursor.fetchone()
    assert secret not in row
    assert bytes(digest) == hashlib.sha256(secret.encode()).digest()


def test_two_tokens_have_two_secrets_of_43_characters(token: Token, subject: Subject, now: datetime) -> None:
    other = issue_token(subject=subject, purpose="answer", at=now, expires_at=now + timedelta(days=1))
    assert secret_of(token) != secret_of(other)
    assert len(secret_of(token)) == 43


def test_secret_finds_its_token(token: Token) -> None:
    assert find_token(secret=secret_of(token), purpose="answer") == token


def test_secret_of_another_purpose_opens_nothing(token: Token) -> None:
    with pytest.raises(UnknownTokenError):
        find_token(secret=secret_of(token), purpose="mine")


def test_secret_opens_nothing_in_another_community(token: Token, elsewhere: Community) -> None:
    with scope(community=elsewhere), pytest.raises(UnknownTokenError):
        find_token(secret=secret_of(token), purpose="answer")


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "я" * 43, "x" * 42 + "\n", "' OR 1=1 --"])
def test_unknown_secret_opens_nothing(token: Token, secret: str) -> None:
    with pytest.raises(UnknownTokenError):
        find_token(secret=secret, purpose="answer")


def test_digest_is_not_a_secret(token: Token) -> None:
    with pytest.raises(UnknownTokenError):
        find_token(secret=bytes(token.digest).hex()[:43], purpose="answer")


def test_secret_survives_a_new_key_while_the_old_one_is_a_fallback(token: Token, settings: Settings) -> None:
    secret = secret_of(token)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW_KEY, [OLD_KEY]
    assert find_token(secret=secret, purpose="answer") == token
    assert secret_of(token) == secret


def test_sent_link_opens_even_when_its_key_is_gone(token: Token, settings: Settings) -> None:
    secret = secret_of(token)
    settings.SECRET_KEY = NEW_KEY
    assert find_token(secret=secret, purpose="answer") == token
    with pytest.raises(UnknownTokenError):
        secret_of(token)


def test_link_is_good_until_it_expires(token: Token, now: datetime) -> None:
    assert token.is_good(now)
    assert token.is_good(token.expires_at - timedelta(microseconds=1))
    assert not token.is_good(token.expires_at)


def test_revoked_link_is_not_good_and_keeps_its_first_moment(token: Token, now: datetime) -> None:
    revoke_token(token, at=now)
    revoke_token(token, at=now + timedelta(hours=1))
    token.refresh_from_db()
    assert token.revoked_at == now
    assert not token.is_good(now)


def test_placeholder_is_filled_at_sending_outside_of_any_scope(token: Token) -> None:
    letter = f"https://example.org/{placeholder_for(token)}/ і ще раз {placeholder_for(token)}"
    secret = secret_of(token)
    assert secret not in letter
    with scopes_disabled():
        assert fill_secrets(letter) == f"https://example.org/{secret}/ і ще раз {secret}"


def test_placeholder_of_a_token_that_is_gone_is_refused(db: None) -> None:
    with pytest.raises(UnknownTokenError):
        fill_secrets(f"[[secret:{uuid.uuid4()}]]")


@pytest.mark.parametrize("words", ["[[secret:{}]]", "[[[secret:{}]]]", "[[secret:[[secret:{}]]]]"])
def test_words_of_people_never_become_a_secret(token: Token, words: str) -> None:
    written = defuse(words.format(token.pk))
    assert fill_secrets(written) == written
    assert secret_of(token) not in written


def test_token_cannot_expire_before_it_begins(subject: Subject, now: datetime) -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="token_expires_after_it_begins"):
        issue_token(subject=subject, purpose="answer", at=now, expires_at=now)
