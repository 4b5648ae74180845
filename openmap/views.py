"""Pages of the whole service: the country, the language, health, errors."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from geodata.models import Community
from stats.platform import platform


@require_safe
def country(request: HttpRequest) -> HttpResponse:
    """All communities of this installation."""
    communities = Community.objects.only("slug", "name", "name_en", "accent_hue")
    return render(request, "country.html", {"communities": communities, "platform": platform()})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembers an explicit choice of language and goes back to where it was made."""
    chosen = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers, else 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"database": "ok"})


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke: the page reads nothing that may be what broke, and tells what the operator finds it by."""
    words = {"request_id": getattr(request, "request_id", "")}
    return HttpResponse(loader.render_to_string("500.html", words), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came back too late or from elsewhere: what was typed is still in the browser's form."""
    return render(request, "403_csrf.html", status=403)
