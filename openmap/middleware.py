"""What every answer carries: compression, the chosen language, and the headers that Django itself does not set."""

import re
from collections.abc import Callable

from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils import translation

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
    """Ukrainian opens, whatever the browser asks; another language only after somebody chose it (a cookie)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = asked if asked in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


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
