"""Secret links: the database keeps only a digest, so a stolen copy of it opens nothing.

The secret is derived from the installation's key and the token's id, so that a letter waiting in the outbox needs to
hold only a placeholder; the link is written into it at the moment of sending.
"""

import base64
import hashlib
import hmac
import re
import uuid
from datetime import datetime

from django.conf import settings
from django_scopes import scopes_disabled

from core.models import Subject, Token
from core.together import AT_ONCE, Writer

PLACEHOLDER = re.compile(r"\[\[secret:([0-9a-f-]{36})\]\]")
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class UnknownTokenError(LookupError):
    """No token has this secret."""


def issue_token(
    *, subject: Subject, purpose: str, at: datetime, expires_at: datetime, write: Writer = AT_ONCE
) -> Token:
    """A new right for whoever holds its secret; `secret_of` and `placeholder_for` write the link."""
    token_id = uuid.uuid4()
    return write.create(
        Token,
        id=token_id,
        community_id=subject.community_id,
        subject=subject,
        purpose=purpose,
        digest=_digest(_derive(token_id, settings.SECRET_KEY)),
        created_at=at,
        expires_at=expires_at,
    )


def secret_of(token: Token) -> str:
    """The secret of this token, 43 URL-safe characters. Raises UnknownTokenError when its key is gone for good."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        secret = _derive(token.pk, key)
        if hmac.compare_digest(_digest(secret), bytes(token.digest)):
            return secret
    raise UnknownTokenError(str(token.pk))


def placeholder_for(token: Token) -> str:
    """What a letter holds in place of the secret until it is sent."""
    return f"[[secret:{token.pk}]]"


def token_in(placeholder: str) -> uuid.UUID | None:
    """The id of the token whose placeholder this is; None for anything else."""
    match = PLACEHOLDER.fullmatch(placeholder)
    return uuid.UUID(match[1]) if match else None


def defuse(text: str) -> str:
    """Words that people wrote, fit for a letter: nothing in them is taken for a placeholder."""
    return text.replace("[[secret:", "[ [secret:")


def fill_secrets(text: str) -> str:
    """`text` with every placeholder replaced by its secret. Raises UnknownTokenError for a token that is gone."""

    def secret(match: re.Match[str]) -> str:
        with scopes_disabled():
            token = Token.objects.filter(pk=match[1]).first()
        if token is None:
            raise UnknownTokenError(match[1])
        return secret_of(token)

    return PLACEHOLDER.sub(secret, text)


def find_token(*, secret: str, purpose: str) -> Token:
    """The token with this secret, good or not, inside the open scope. Raises UnknownTokenError for none."""
    if SECRET.fullmatch(secret):
        found = Token.objects.filter(digest=_digest(secret), purpose=purpose).select_related("subject").first()
        if found is not None:
            return found
    raise UnknownTokenError("no such link")


def extend_token(token: Token, *, until: datetime) -> None:
    """The link works until then, when it would have ended earlier; a revoked one stays revoked."""
    Token.objects.filter(pk=token.pk, revoked_at=None, expires_at__lt=until).update(expires_at=until)


def revoke_token(token: Token, *, at: datetime) -> None:
    """The link stops working; the first moment stays."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)


def _derive(token_id: uuid.UUID, key: str) -> str:
    mac = hmac.new(b"misto secret link" + key.encode(), token_id.bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
