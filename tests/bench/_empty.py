"""A Django application of one empty view with no middleware: the least that an answer of a server like ours costs."""

import django
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing, as JSON."""
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = (path("empty/", empty),)

django.setup()
override_settings(MIDDLEWARE=[], ROOT_URLCONF=__name__).enable()
application = WSGIHandler()
