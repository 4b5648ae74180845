"""A client by which no answer of the server goes unread: each is looked at by the schema of its call, in its format."""

import json
import re
from typing import Any, Final

from django.test import Client

from tests.issues.open311 import schemas
from tests.issues.open311.xml_answers import told_in

HOME: Final = re.compile(r"/[-a-zA-Z0-9_]+/open311/(?:v2/)?(?P<call>.*?)(?P<form>\.xml|\.json|)")
TYPES: Final = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
Told = tuple[str, dict[str, Any]]  # root in XML, schema
READ: Final[tuple[tuple[str, Told], ...]] = (
    (r"(discovery|)", ("discovery", schemas.DISCOVERY)),
    (r"services", ("services", schemas.SERVICES)),
    (r"services/[^/]+", ("service_definition", schemas.DEFINITION)),
    (r"requests(/[^/]+)?", ("service_requests", schemas.REQUESTS)),
    (r"tokens/[^/]+", ("service_requests", schemas.TOKEN)),
    (r"servicerequestupdates", ("service_request_updates", schemas.UPDATES)),
)
SENT: Final[tuple[tuple[str, Told], ...]] = (
    (r"requests", ("service_requests", schemas.SENT)),
    (r"servicerequestupdates", ("service_request_updates", schemas.UPDATE_SENT)),
)
ERRORS: Final[Told] = ("errors", schemas.ERRORS)


def look_at(method: str, path: str, *, status: int, content_type: str, body: bytes) -> Any:
    """What an answer of the interface says, when its schema allows it; None for what has no body, or is no call."""
    found = HOME.fullmatch(path)
    known = next((told for call, told in (*READ, *SENT) if found and re.fullmatch(call, found["call"])), None)
    if found is None or known is None or method == "HEAD" or status == 304:
        return None
    form = next((form for form, kind in TYPES.items() if kind == content_type), "")
    assert form, f"{method} {path}: {content_type} is no format of this interface"
    assert found["form"] in ("", f".{form}"), f"{path} is answered as {content_type}"
    root, schema = _expected(method, found["call"], status)
    told = json.loads(body) if form == "json" else told_in(body, root, schema)
    schemas.fits(told, schema)
    if status >= 400:
        assert {one["code"] for one in told} == {status}
    return told


def _expected(method: str, call: str, status: int) -> Told:
    if status >= 400:
        return ERRORS
    assert status == 200, f"{method} {call} is answered with {status}"
    calls = SENT if method == "POST" else READ
    return next(told for known, told in calls if re.fullmatch(known, call))


class CheckedClient(Client):
    """Asks as Django's client does; an answer of Open311 that its schema refuses ends the test."""

    def request(self, **request: Any) -> Any:
        answer: Any = super().request(**request)
        packed = answer.headers.get("Content-Encoding")
        if not packed:
            look_at(
                request["REQUEST_METHOD"],
                request["PATH_INFO"],
                status=answer.status_code,
                content_type=answer.headers.get("Content-Type", ""),
                body=answer.content,
            )
        return answer
