"""What a request says about itself, put right before Django reads it: Django believes every charset."""

from collections.abc import Iterable
from email.utils import quote
from typing import TYPE_CHECKING

from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOT_UNDERSTOOD = b"The Content-Type of this request does not parse.\n"


class InUtf8:
    """A WSGI application whose requests are read as UTF-8, whatever charset they declare.

    A Content-Type that does not parse is answered 400; the application never sees it.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("CONTENT_TYPE"):
            try:
                environ["CONTENT_TYPE"] = without_charset(environ["CONTENT_TYPE"])
            except (LookupError, TypeError, ValueError):  # what the standard library raises for strange parameters
                return _refuse(start_response)
        return self.application(environ, start_response)


def without_charset(content_type: str) -> str:
    """A Content-Type that declares no charset; one that declared none stays letter for letter.

    Of one that did, the boundary stays: Django reads no other parameter.
    """
    media, parameters = parse_header_parameters(content_type)
    if "charset" not in map(str.lower, parameters):
        return content_type
    return f'{media}; boundary="{quote(parameters["boundary"])}"' if "boundary" in parameters else media


def _refuse(start_response: "StartResponse") -> list[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(NOT_UNDERSTOOD)))]
    start_response("400 Bad Request", headers)
    return [NOT_UNDERSTOOD]
