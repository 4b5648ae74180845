"""Asking another Open311 server: each call as the specification has it, through the one door to other servers."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from core.mail import SendingFailedError
from core.models import Failure
from core.outward import OutwardFailedError, OutwardRefusedError, Reply, fetch
from core.sealed import BrokenSealError, unseal
from routing.models import Channel
from routing.open311_reading import (
    Receipt,
    Service,
    State,
    UnreadableError,
    Update,
    errors_of,
    receipt_of,
    services_of,
    states_of,
    update_id_of,
    updates_of,
)

SECONDS: Final = 30.0
PATIENCE: Final = 10.0  # seconds, of a person who waits for the answer
MOST: Final = 4 * 1024 * 1024  # bytes of an answer
GOOD = range(200, 300)
TRY_AGAIN: Final = frozenset({408, 425, 429})
FORM: Final = "application/x-www-form-urlencoded"
Fields = Sequence[tuple[str, str]]


class NotThereError(SendingFailedError):
    """The server says for good that it does not answer such a call."""


@dataclass(frozen=True, slots=True)
class Remote:
    """One endpoint, as a channel names it."""

    base: str
    zone: str  # clock of moments that name none
    jurisdiction: str = ""
    form: str = "xml"
    key: str = field(default="", repr=False)


def remote_of(channel: Channel) -> Remote:
    """The endpoint behind a channel. Raises SendingFailedError when its key does not open."""
    try:
        key = unseal(channel.secret)
    except BrokenSealError as error:
        raise SendingFailedError("the key of the channel does not open") from error
    given: Mapping[str, Any] = channel.settings
    form = "json" if given.get("format") == "json" else "xml"
    return Remote(
        base=channel.address.rstrip("/"),
        zone=channel.community.time_zone,
        jurisdiction=str(given.get("jurisdiction_id", "")),
        form=form,
        key=key,
    )


def post_request(remote: Remote, fields: Fields, *, key: uuid.UUID) -> Receipt:
    """Sends a service request. Raises SendingFailedError; an answer that nobody can read is one that may have come."""
    reply = _post(remote, "requests", fields, key=key)
    try:
        return receipt_of(reply.body)
    except UnreadableError as error:
        raise SendingFailedError(f"taken, but {error}", failure=Failure.UNREACHABLE) from error


def post_update(remote: Remote, fields: Fields, *, key: uuid.UUID) -> str:
    """Sends an update; returns the number that it got there, "" for none. Raises SendingFailedError."""
    reply = _post(remote, "servicerequestupdates", fields, key=key)
    try:
        return update_id_of(reply.body)
    except UnreadableError:
        return ""


def id_behind(remote: Remote, token: str) -> str:
    """The number of the request behind a token; "" while there is none. Raises SendingFailedError."""
    try:
        return receipt_of(_get(remote, f"tokens/{token}", ()).body).request_id
    except UnreadableError as error:
        raise SendingFailedError(str(error), failure=Failure.UNREACHABLE) from error


def states_with(remote: Remote, ids: Sequence[str]) -> list[State]:
    """How these requests stand. Raises SendingFailedError."""
    return _states(remote, [("service_request_id", ",".join(ids))])


def states_between(remote: Remote, service: str, since: datetime, until: datetime) -> list[State]:
    """Requests of a service that were sent in that time. Raises SendingFailedError, NotThereError among them."""
    return _states(remote, [("service_code", service), ("start_date", _said(since)), ("end_date", _said(until))])


def updates_between(remote: Remote, since: datetime, until: datetime) -> list[Update]:
    """What happened there in that time. Raises SendingFailedError."""
    given = [("start_date", _said(since)), ("end_date", _said(until))]
    given += [("api_key", remote.key)] if remote.key else []
    reply = _get(remote, "servicerequestupdates", given)
    try:
        return updates_of(reply.body, zone=remote.zone)
    except UnreadableError as error:
        raise SendingFailedError(str(error), failure=Failure.UNREACHABLE) from error


def their_services(remote: Remote) -> list[Service]:
    """What can be asked there; somebody waits for it. Raises SendingFailedError."""
    reply = _get(remote, "services", (), seconds=PATIENCE)
    try:
        return services_of(reply.body)
    except UnreadableError as error:
        raise SendingFailedError(str(error), failure=Failure.UNREACHABLE) from error


def _states(remote: Remote, given: Fields) -> list[State]:
    reply = _get(remote, "requests", given)
    try:
        return states_of(reply.body, zone=remote.zone)
    except UnreadableError as error:
        raise SendingFailedError(str(error), failure=Failure.UNREACHABLE) from error


def _said(at: datetime) -> str:
    return (
        f"{at.replace(microsecond=0).isoformat().removesuffix('+00:00')}Z"
        if at.utcoffset() == timedelta(0)
        else (at.isoformat(timespec="seconds"))
    )


def _get(remote: Remote, call: str, given: Fields, *, seconds: float = SECONDS) -> Reply:
    query = urlencode([*_jurisdiction(remote), *given])
    return _asked("GET", f"{remote.base}/{call}.{remote.form}" + (f"?{query}" if query else ""), seconds=seconds)


def _post(remote: Remote, call: str, fields: Fields, *, key: uuid.UUID) -> Reply:
    given = [*_jurisdiction(remote), *([("api_key", remote.key)] if remote.key else []), *fields]
    headers = {"Content-Type": f"{FORM}; charset=utf-8", "Idempotency-Key": str(key)}
    return _asked("POST", f"{remote.base}/{call}.{remote.form}", body=urlencode(given).encode(), headers=headers)


def _jurisdiction(remote: Remote) -> list[tuple[str, str]]:
    return [("jurisdiction_id", remote.jurisdiction)] if remote.jurisdiction else []


def _asked(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Reply:
    """A good answer. Raises SendingFailedError: for good when the status speaks of what was asked."""
    try:
        reply = fetch(method, url, body=body, headers=headers, seconds=seconds, most=MOST)
    except OutwardRefusedError as refused:
        unknown = refused.code == "unknown"  # a name that nobody resolves now may be back in an hour
        failure = Failure.UNREACHABLE if unknown else Failure.OURS
        raise SendingFailedError(f"not asked: {refused.code}", failure=failure, permanent=not unknown) from refused
    except OutwardFailedError as failed:
        raise SendingFailedError(str(failed), failure=Failure.UNREACHABLE) from failed
    if reply.status in GOOD:
        return reply
    words = f"HTTP {reply.status} {errors_of(reply.body)}".strip()
    if reply.status >= 500 or reply.status in TRY_AGAIN:
        raise SendingFailedError(words, failure=Failure.UNREACHABLE)
    raise NotThereError(words, failure=Failure.REFUSED, permanent=True)
