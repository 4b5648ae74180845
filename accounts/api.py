"""Who asks the API: an organisation by its key, or anybody; and how often they may."""

from contextlib import nullcontext
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope, scopes_disabled
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.api_keys import KeyRefusedError, TooManyError, count_use, known_key
from accounts.models import ApiClient, ApiKey
from accounts.networks import network_of
from api.allowances import Allowance, tell_allowances
from api.problems import ProblemError
from core.limits import Counted

MINUTE: Final = 60  # seconds


class ByKey(BaseAuthentication):
    """`Authorization: Bearer misto_…` or `X-Api-Key: misto_…`; the key becomes `request.auth`.

    Nothing else tells who asks: no session, no cookie, so another site's page can do nothing in somebody's name. A key
    that opens nothing is refused also where none is needed.
    """

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        secret = secret_in(request)
        if secret is None:
            return None
        try:
            # Addresses that belong to no community take the keys of all.
            with nullcontext() if getattr(request, "community", None) else scopes_disabled():
                return None, known_key(secret, at=timezone.now())
        except KeyRefusedError:
            raise AuthenticationFailed from None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def secret_in(request: Any) -> str | None:
    """The key that the headers hold, whatever it is worth; None without one."""
    kind, _space, rest = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return str(rest.strip())
    given: str | None = request.headers.get("X-Api-Key")
    return given if given is None else given.strip()


def key_of(request: Request) -> ApiKey | None:
    """The key by which the program asks; None for anybody."""
    return request.auth if isinstance(request.auth, ApiKey) else None


class Scoped(BasePermission):
    """A view that only keys with one of some scopes may use: `permission_classes = [may(ApiKey.Scope.REPORTS)]`."""

    wanted: tuple[ApiKey.Scope, ...]

    def has_permission(self, request: Request, view: Any) -> bool:
        key = key_of(request)
        if key is None:
            raise NotAuthenticated
        if not set(self.wanted) & set(key.scopes):
            words = _("This key has no scope “%(scope)s”.") % {"scope": self.wanted[0]}
            raise ProblemError("forbidden", words, more={"scope": str(self.wanted[0])})
        return True


def may(*wanted: ApiKey.Scope) -> type[Scoped]:
    """The permission class of those whose key has one of these scopes."""
    name = "_or_".join(scope.name.lower() for scope in wanted)
    return type(f"May_{name}", (Scoped,), {"wanted": wanted})


def client_of(request: Request) -> ApiClient:
    """Whose program asks, where `may` let it in."""
    key = key_of(request)
    assert key  # the permission asked
    return key.client


class Allowed(BaseThrottle):
    """How often an organisation may ask (exact, in the database), and everybody else (roughly, in memory)."""

    seconds: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        key = key_of(request)
        return self._by_key(request, key) if key else self._by_network(request)

    def wait(self) -> float | None:
        return self.seconds

    def _by_key(self, request: Request, key: ApiKey) -> bool:
        at, community = timezone.now(), getattr(request, "community", None) or key.community
        try:
            with scope(community=community), transaction.atomic():
                counted = count_use(key, community=community, at=at)
        except TooManyError as refused:
            self.seconds = refused.seconds
            return False
        shortest_first = sorted(counted, key=lambda one: one.limit.window)
        tell_allowances(request, [_told(one, int((one.until - at).total_seconds()) + 1) for one in shortest_first])
        return True

    def _by_network(self, request: Request) -> bool:
        allowance = anonymous_allowance(request)
        tell_allowances(request, [allowance])
        self.seconds = allowance.reset
        return allowance.left >= 0


def anonymous_allowance(request: Any) -> Allowance:
    """One more request from a network without a key: what is left to it in this minute, below 0 when it was too many.

    Counted in the memory of this process and forgotten with the minute: several processes allow several times as much.
    """
    moment = int(timezone.now().timestamp())
    most, minute = settings.API_READS_PER_MINUTE, moment // MINUTE
    name = f"{network_of(getattr(request, '_request', request))}-{minute}"
    counters = caches["allowances"]
    counters.add(name, 0, timeout=2 * MINUTE)
    try:
        used = counters.incr(name)
    except ValueError:  # dropped in between
        used = 1
    return Allowance("minute", most, MINUTE, most - used, MINUTE - moment % MINUTE)


def _told(one: Counted, reset: int) -> Allowance:
    window = int(one.limit.window.total_seconds())
    return Allowance("minute" if window == MINUTE else "day", one.limit.most, window, one.limit.most - one.used, reset)
