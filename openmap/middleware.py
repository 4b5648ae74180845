"""What every answer carries: compression, the chosen language, and the headers that Django itself does not set."""

import re
from collections.abc import Callable

from csp.decorators import csp
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from api.problems import DOCS, PROBLEM_JSON, plain_problem

API = "/api/"
_GZIP_IS_REFUSED = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class CompressText(GZipMiddleware):
    """Pages, fragments and JSON travel compressed; photos are so already. Random bytes hide lengths (BREACH)."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if _GZIP_IS_REFUSED.search(request.headers.get("Accept-Encoding", "")):
            return response
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if not (kind.startswith("text/") or kind.endswith(("json", "xml"))):
            return response
        return super().process_response(request, response)


class ChosenLanguage:
    """Ukrainian opens, whatever the browser asks; another language only after somebody chose it (a cookie).

    Programs that ask the API choose by `language` in the address, or by the header Accept-Language; whoever reads its
    page, by all three.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if request.path_info == DOCS:
            asked = _chosen_in_address(request) or chosen or _language_of_program(request)
        else:
            asked = _language_of_program(request) if request.path_info.startswith(API) else chosen
        language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def _language_of_program(request: HttpRequest) -> str:
    """ "" for none of ours."""
    if chosen := _chosen_in_address(request):
        return chosen
    accepted = [name for name, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    return next((name[:2] for name in accepted if name[:2] in dict(settings.LANGUAGES)), "")


def _chosen_in_address(request: HttpRequest) -> str:
    try:
        return request.GET.get("language", "")
    except SuspiciousOperation:  # too many parameters: whoever reads them next refuses
        return ""


class ProblemsOfTheApi:
    """Whatever goes wrong below `/api/` is told as application/problem+json, also what no view of the API has seen."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_told = response.headers.get("Content-Type", "").startswith(PROBLEM_JSON)
        if response.status_code < 400 or is_told or not request.path_info.startswith(API):
            return response
        told = plain_problem(request, response.status_code)
        if "Allow" in response.headers:
            told.headers["Allow"] = response.headers["Allow"]
        return told


class SecurityPolicies:
    """Staff under `/admin/` get a Content-Security-Policy of their own; every answer gets a Permissions-Policy."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith("/admin/") and _is_staff(request):
            response = csp(settings.ADMIN_SECURITY_POLICY)(lambda _request: response)(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        return response


def _is_staff(request: HttpRequest) -> bool:
    """Whether staff asked; False when the request was refused before anybody looked who it was."""
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff
