"""Keys by which programs act: made once, shown once, kept as a digest; what one may do is written in it."""

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import ApiClient, ApiKey, User
from core import limits
from core.limits import Counted, Limit
from geodata.models import Community

SECRET = re.compile(r"misto_[A-Za-z0-9_-]{43}")
SHOWN = 12  # characters of the secret by which its owner knows it again
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class KeyRefusedError(Exception):
    """`code`: “missing”, “unknown” (also ended or revoked), or “scope” (it may not do this)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooManyError(Exception):
    """The organisation's keys have asked too often; `seconds` until they may again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def make_key(
    *,
    client: ApiClient,
    name: str,
    scopes: Collection[str],
    by: User | None,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is told now and never again."""
    secret = f"misto_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        community_id=client.community_id,
        client=client,
        name=name,
        prefix=secret[:SHOWN],
        digest=_digest(secret),
        scopes=sorted(scopes),
        created_by=by,
        created_at=at,
        expires_at=expires_at,
    )
    return key, secret


def key_for(secret: str, *, scope: str, at: datetime) -> ApiKey:
    """The key with this secret, inside the open scope, when it may do that. Raises KeyRefusedError."""
    found = known_key(secret, at=at)
    if scope not in found.scopes:
        raise KeyRefusedError("scope")
    return found


def known_key(secret: str, *, at: datetime) -> ApiKey:
    """The key with this secret, inside the open scope, whatever it may do. Raises KeyRefusedError."""
    if not secret:
        raise KeyRefusedError("missing")
    if not SECRET.fullmatch(secret):
        raise KeyRefusedError("unknown")
    good = Q(revoked_at=None, client__is_active=True) & (Q(expires_at=None) | Q(expires_at__gt=at))
    found = ApiKey.objects.filter(good, digest=_digest(secret)).select_related("client__organisation").first()
    if found is None:
        raise KeyRefusedError("unknown")
    return found


def count_use(key: ApiKey, *, community: Community, at: datetime) -> list[Counted]:
    """One more request of the key's organisation, and the day on which the key was used; returns how much of each limit
    is used. Raises TooManyError, after which the caller rolls back."""
    client = key.client
    allowed = [
        Limit("api", f"organisation {client.organisation_id}", client.per_minute, MINUTE),
        Limit("api", f"organisation {client.organisation_id}", client.per_day, DAY),
    ]
    counted = limits.count(allowed, community=community, at=at)
    if passed := [one.until for one in counted if one.is_passed]:
        raise TooManyError(max(int((max(passed) - at).total_seconds()) + 1, 1))
    today = community.day_of(at)
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
    return counted


def revoke_key(key: ApiKey, *, at: datetime) -> None:
    """The key stops working; the first moment stays."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
