"""`Idempotency-Key`: a request that comes again gets the answer that it got, and is done once.

The answer is written in the transaction of what it tells, so there is never one without the other; what went wrong is
not kept, for nothing was done. Its words may hold secret links, so they are sealed, and forgotten after a day.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.api import key_of
from accounts.kept_answers import LIFE
from accounts.models import ApiClient, KeptAnswer
from accounts.networks import network_of
from api.problems import ProblemError, Wrong
from core.idempotency import BadKeyError, key_in
from core.sealed import seal, unseal
from geodata.community import community_of
from geodata.models import Community

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_HEADERS: Final = ("Location",)
Handler = Callable[..., Response]


def done_once(handler: Handler) -> Handler:
    """For `post` of a view of the API: everything in one transaction, and once for each key of whoever asks.

    The handler returns a Response that is not rendered; what it raises rolls everything back. A problem of kind
    “key-reused” for another request with the same key, “conflict” while the first one is being done.
    """

    @wraps(handler)
    def inner(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = _key(request)
        with transaction.atomic():
            if key is None:
                return _or_nothing(handler(view, request, *args, **kwargs))
            mark = _Mark.of(request, key)
            if not mark.is_alone():
                words = _("A request with the same Idempotency-Key is being done.")
                raise ProblemError("conflict", words)
            if known := mark.found(at=timezone.now()):
                return _again(known, mark)
            response = _or_nothing(handler(view, request, *args, **kwargs))
            if response.status_code < 300:
                mark.keep(response, at=timezone.now())
            return response

    inner.takes_idempotency_key = True  # type: ignore[attr-defined]  # for api.schema
    return inner


class _Mark:
    """One key of one client, or of one network without a key of the API, and the request that came with it."""

    def __init__(
        self, community: Community, client: ApiClient | None, network: str, key: UUID, fingerprint: bytes
    ) -> None:
        self.community, self.client, self.network = community, client, network
        self.key, self.fingerprint = key, fingerprint

    @classmethod
    def of(cls, request: Request, key: UUID) -> "_Mark":
        api_key = key_of(request)
        plain = request._request
        network = "" if api_key else salted_hmac("accounts.api_once", network_of(plain), algorithm="sha256").hexdigest()
        return cls(community_of(plain), api_key.client if api_key else None, network, key, fingerprint_of(request))

    def is_alone(self) -> bool:
        """Whether nobody is doing the same at this moment; until the transaction ends nobody else will."""
        name = f"{self.community.pk} {self.client and self.client.pk} {self.network} {self.key}"
        number = int.from_bytes(hashlib.sha256(f"accounts.api_once {name}".encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            return bool(cursor.fetchone()[0])

    def found(self, *, at: datetime) -> KeptAnswer | None:
        """The answer that is kept. One that is over is deleted."""
        rows = KeptAnswer.objects.filter(
            community=self.community, client=self.client, network=self.network, key=self.key
        )
        known: KeptAnswer | None = rows.first()
        if known and known.created_at <= at - LIFE:
            known.delete()
            return None
        return known

    def keep(self, response: Response, *, at: datetime) -> None:
        told = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        KeptAnswer.objects.create(
            community=self.community,
            client=self.client,
            network=self.network,
            key=self.key,
            fingerprint=self.fingerprint,
            status=response.status_code,
            headers=told,
            body=seal(json.dumps(response.data, cls=JSONEncoder, ensure_ascii=False)),
            created_at=at,
        )


def fingerprint_of(request: Request) -> bytes:
    """SHA-256 of the method, the path and the body, whatever the order of names in it."""
    data = request.data
    if hasattr(data, "lists"):  # a form, perhaps with files
        told: Any = sorted((name, [_of_file(one) for one in values]) for name, values in data.lists())
    else:
        told = data
    text = json.dumps([request.method, request.path, told], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def _of_file(value: Any) -> str:
    if isinstance(value, str):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.hexdigest()


def _key(request: Request) -> UUID | None:
    try:
        return key_in(request.headers.get(HEADER, ""))
    except BadKeyError:
        words = _("At most 255 printable ASCII characters.")
        raise ProblemError("invalid", words, errors=[Wrong(HEADER, "invalid", words)]) from None


def _again(known: KeptAnswer, mark: _Mark) -> Response:
    if bytes(known.fingerprint) != mark.fingerprint:
        raise ProblemError("key-reused", _("This key came before, with another request."))
    headers: Mapping[str, str] = {**known.headers, REPLAYED: "true"}
    return Response(json.loads(unseal(known.body)), status=known.status, headers=dict(headers))


def _or_nothing(response: Response) -> Response:
    if response.status_code >= 400:
        transaction.set_rollback(True)
    return response
