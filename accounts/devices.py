"""Tells one browser from another without knowing who uses it: for limits, and for “one supporter, one voice”."""

from secrets import token_urlsafe
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

COOKIE: Final = "misto_device"
LIFE: Final = 2 * 365 * 24 * 60 * 60  # seconds
_signer = Signer(salt="accounts.devices")


def device_of(request: HttpRequest) -> str:
    """A key of this browser, 64 hexadecimal digits, the same at each visit; "" for one that brought no cookie of ours.

    The key is an HMAC: what is kept with it leads to no browser without the secret of the installation.
    """
    try:
        name = _signer.unsign(request.COOKIES.get(COOKIE, ""))
    except BadSignature:
        return ""
    return salted_hmac("accounts.devices", name, algorithm="sha256").hexdigest()


def device_named(name: str, *, by: int) -> str:
    """The same kind of key for a device that a program names by any word of its own; "" without one. `by`: id of the
    program's accounts.models.ApiClient, of whom no other can name the same device."""
    return salted_hmac("accounts.devices", f"client {by} {name}", algorithm="sha256").hexdigest() if name else ""


def remember_device(request: HttpRequest, response: HttpResponseBase) -> None:
    """Gives a browser that has none a name of its own. Only pages with a form do this; they are never cached."""
    if device_of(request):
        return
    response.set_cookie(
        COOKIE,
        _signer.sign(token_urlsafe(16)),
        max_age=LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
