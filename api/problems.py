"""Errors of the API as RFC 9457 says: `application/problem+json`, with words in the reader's language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response

PROBLEM_JSON: Final = "application/problem+json"
DOCS: Final = "/api/v1/docs/"  # where each type of problem is explained


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: the HTTP status that goes with it, and what a program's author may do about it."""

    status: int
    title: Any  # a lazily translated string
    about: Any


KINDS: Final[Mapping[str, Kind]] = {
    "invalid": Kind(
        400,
        gettext_lazy("Something in the request is not right"),
        gettext_lazy("Each of `errors` names a parameter of the address or a place in the body, and what is wrong."),
    ),
    "malformed": Kind(
        400,
        gettext_lazy("The request cannot be read"),
        gettext_lazy("The body is no JSON in UTF-8, or the address or a header holds what cannot stand there."),
    ),
    "key-missing": Kind(
        401, gettext_lazy("A key is needed"), gettext_lazy("Send it in the header Authorization: Bearer misto_….")
    ),
    "key-refused": Kind(
        401,
        gettext_lazy("This key opens nothing here"),
        gettext_lazy(
            "The key is unknown, revoked or over, or belongs to another community; also where none is needed."
        ),
    ),
    "forbidden": Kind(
        403,
        gettext_lazy("This is not allowed"),
        gettext_lazy("The key lacks the scope, or its organisation has no part in this."),
    ),
    "not-found": Kind(
        404,
        gettext_lazy("There is no such thing"),
        gettext_lazy("The address leads nowhere, or to what strangers may not see; the two are told apart by nobody."),
    ),
    "method": Kind(
        405, gettext_lazy("This is not done here"), gettext_lazy("The header Allow names the methods of the address.")
    ),
    "not-acceptable": Kind(
        406, gettext_lazy("Answers are JSON"), gettext_lazy("The header Accept allows nothing that can be sent.")
    ),
    "conflict": Kind(
        409,
        gettext_lazy("Not in this state"),
        gettext_lazy("The thing has moved on, or a request with the same Idempotency-Key is being done: ask again."),
    ),
    "gone": Kind(
        410,
        gettext_lazy("This community is no longer here"),
        gettext_lazy("It was removed from this service for good."),
    ),
    "changed": Kind(
        412,
        gettext_lazy("It has changed meanwhile"),
        gettext_lazy("The condition of the header If-Match does not hold: read it again."),
    ),
    "too-large": Kind(413, gettext_lazy("This is too much at once"), gettext_lazy("The body is longer than allowed.")),
    "unsupported": Kind(
        415,
        gettext_lazy("The body is of another type"),
        gettext_lazy("The header Content-Type names a type that this address does not read."),
    ),
    "refused": Kind(
        422,
        gettext_lazy("This cannot be done"),
        gettext_lazy("The request can be read, but what it asks for is impossible; `detail` says why."),
    ),
    "key-reused": Kind(
        422,
        gettext_lazy("The Idempotency-Key stands for another request"),
        gettext_lazy("The same key came with another body within 24 hours. A new request takes a new key."),
    ),
    "too-many": Kind(
        429,
        gettext_lazy("Too many requests"),
        gettext_lazy("Wait as many seconds as the header Retry-After says; RateLimit-Policy tells what is allowed."),
    ),
    "error": Kind(
        500,
        gettext_lazy("Something broke here"),
        gettext_lazy("This is a fault of the service. What was sent with an Idempotency-Key can be sent again."),
    ),
    "unavailable": Kind(
        503, gettext_lazy("Not now"), gettext_lazy("The service or a part of it does not answer. Ask again later.")
    ),
}
_BY_STATUS: Final = {kind.status: code for code, kind in reversed(list(KINDS.items()))}
_BY_ERROR: Final[tuple[tuple[type[Exception], str], ...]] = (
    (exceptions.ValidationError, "invalid"),
    (exceptions.ParseError, "malformed"),
    (exceptions.NotAuthenticated, "key-missing"),
    (exceptions.AuthenticationFailed, "key-refused"),
    (exceptions.PermissionDenied, "forbidden"),
    (exceptions.NotFound, "not-found"),
    (exceptions.MethodNotAllowed, "method"),
    (exceptions.NotAcceptable, "not-acceptable"),
    (exceptions.UnsupportedMediaType, "unsupported"),
    (exceptions.Throttled, "too-many"),
    (Http404, "not-found"),
    (PermissionDenied, "forbidden"),
    (RequestDataTooBig, "too-large"),
    (SuspiciousOperation, "malformed"),
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong. `where`: a parameter of the address (“bbox”), or a pointer into the body (“/text”)."""

    where: str
    code: str
    detail: str

    def told(self) -> dict[str, str]:
        """As `errors` holds it."""
        name = "pointer" if self.where.startswith("/") else "parameter"
        return {name: self.where, "code": self.code, "detail": self.detail}


class ProblemError(exceptions.APIException):
    """To raise from a view: a problem of that kind. `more`: members beside the usual ones."""

    def __init__(
        self, kind: str, detail: str, *, errors: Sequence[Wrong] = (), more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail, kind)
        self.kind, self.errors, self.more = kind, errors, more or {}
        self.status_code = KINDS[kind].status


def kind_of_status(status: int) -> str:
    """The usual type of problem with that HTTP status."""
    return _BY_STATUS.get(status, "error" if status >= 500 else "invalid")


def problem(
    kind: str,
    *,
    detail: str,
    instance: str,
    request_id: str = "",
    status: int | None = None,
    errors: Sequence[Wrong] = (),
    **more: Any,
) -> dict[str, Any]:
    """The body of an answer. `instance`: path of the request; `request_id`: what the operator finds it by."""
    told: dict[str, Any] = {
        "type": f"{settings.SITE_URL}{DOCS}#problem-{kind}",
        "title": str(KINDS[kind].title),
        "status": status or KINDS[kind].status,
        "detail": detail,
        "instance": instance,
    }
    if errors:
        told["errors"] = [one.told() for one in errors]
    if request_id:
        told["request_id"] = request_id
    return told | more


def problem_of(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None for what is a fault of ours: openmap.middleware answers that."""
    if isinstance(error, ProblemError):
        kind = error.kind
    else:
        kind = next((code for known, code in _BY_ERROR if isinstance(error, known)), "")
        if not kind and isinstance(error, exceptions.APIException):
            kind = kind_of_status(error.status_code)
    if not kind:
        return None
    told = problem(
        kind,
        detail=_detail(error, kind),
        instance=context["request"].path,
        request_id=getattr(context["request"], "request_id", ""),
        status=error.status_code if isinstance(error, exceptions.APIException) else None,
        errors=_errors(error, is_query=context["request"].method in {"GET", "HEAD"}),
        **(error.more if isinstance(error, ProblemError) else {}),
    )
    return Response(told, status=told["status"], headers=_headers(error), content_type=PROBLEM_JSON)


def plain_problem(request: HttpRequest, status: int) -> JsonResponse:
    """For answers that no view of the API made: unknown addresses, what middleware refused, faults."""
    kind = kind_of_status(status)
    request_id = getattr(request, "request_id", "")
    told = problem(kind, detail=str(KINDS[kind].about), instance=request.path, status=status, request_id=request_id)
    return JsonResponse(told, status=status, content_type=PROBLEM_JSON, json_dumps_params={"ensure_ascii": False})


def _detail(error: Exception, kind: str) -> str:
    if isinstance(error, ProblemError):
        return str(error.detail)
    if isinstance(error, exceptions.ValidationError):
        found = next(_walk(error.detail, ""), None)
        return found.detail if found and not found.where.strip("/") else str(_("See “errors”."))
    if isinstance(error, exceptions.Throttled):
        return _("Ask again in %(seconds)s s.") % {"seconds": _wait(error)}
    if isinstance(error, exceptions.ParseError) and str(error.detail):
        return str(error.detail)
    return str(KINDS[kind].about)


def _errors(error: Exception, *, is_query: bool) -> list[Wrong]:
    if isinstance(error, ProblemError):
        return list(error.errors)
    if not isinstance(error, exceptions.ValidationError):
        return []
    found = [one for one in _walk(error.detail, "") if one.where]
    if is_query:  # “bbox”, whatever is wrong inside it
        return [Wrong(one.where.split("/")[1], one.code, one.detail) for one in found]
    return found


def _walk(detail: Any, where: str) -> Iterator[Wrong]:
    """Every single error of DRF's tree, with a JSON pointer."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else f"/{str(name).replace('~', '~0').replace('/', '~1')}"
            yield from _walk(inner, where + step)
    elif isinstance(detail, list | tuple):
        for position, inner in enumerate(detail):
            is_leaf = isinstance(inner, exceptions.ErrorDetail)
            yield from _walk(inner, where if is_leaf else f"{where}/{position}")
    else:
        yield Wrong(where, str(getattr(detail, "code", "invalid")), str(detail))


def _wait(error: exceptions.Throttled) -> int:
    """Seconds until one may ask again."""
    return int(getattr(error, "wait", None) or 60)


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if auth := getattr(error, "auth_header", ""):
        headers["WWW-Authenticate"] = auth
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(_wait(error))
    return headers
