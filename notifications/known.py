"""A browser in which an address was confirmed need not confirm it again: a signed cookie with digests of addresses."""

from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

COOKIE: Final = "misto_known"
LIFE: Final = 2 * 365 * 24 * 60 * 60  # seconds
MOST: Final = 5  # addresses of one browser; the oldest goes
_signer = Signer(salt="notifications.known")


def is_known(request: HttpRequest, email: str) -> bool:
    """Whether the owner of this address confirmed it in this browser."""
    mine = _digest(email)
    return email != "" and any(constant_time_compare(mine, one) for one in _digests(request))


def remember_known(request: HttpRequest, response: HttpResponseBase, email: str) -> None:
    """The owner of this address has just confirmed it in this browser."""
    digests = list(dict.fromkeys([_digest(email), *_digests(request)]))[:MOST]
    response.set_cookie(
        COOKIE,
        _signer.sign(" ".join(digests)),
        max_age=LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _digests(request: HttpRequest) -> list[str]:
    try:
        return _signer.unsign(request.COOKIES.get(COOKIE, "")).split()
    except BadSignature:
        return []


def _digest(email: str) -> str:
    return salted_hmac("notifications.known", email.strip().lower(), algorithm="sha256").hexdigest()
