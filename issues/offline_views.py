"""What lets the report form open without a network, and be sent when there is one: the
service worker, a token, a key."""

from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from core.idempotency import BadKeyError, key_in

NO_TOKEN: Final = "offline"  # noqa: S105  where a page has its token; scripts ask for one before they send


@cache_control(no_cache=True)
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of all pages: a few words that name the version, so that a browser sees when it changed.

    Where the installation wants none, the same address takes away the one that a browser has.
    """
    action = f'serve("{version()}")' if settings.SERVICE_WORKER else "leave()"
    name = action.partition("(")[0]
    script = f'import {{ {name} }} from "{static("issues/worker.js")}";\n{action};\n'
    return HttpResponse(script, content_type="text/javascript", headers={"Service-Worker-Allowed": "/"})


def version() -> str:
    """Changes with every static file. Without hashed names (while developing) the worker asks the network first."""
    return getattr(staticfiles_storage, "manifest_hash", "") or "unhashed"


def reachable(request: HttpRequest) -> HttpResponse:
    """The answer to HEAD of the form: somebody is there, and `X-CSRFToken` holds a token of this session as it is now.

    A form that was open for long, or came out of a cache, sends with it. Another site cannot read the header.
    """
    return HttpResponse(headers={"X-CSRFToken": get_token(request)})


def with_key(request: HttpRequest) -> QueryDict:
    """What was sent, with the key of the header as that of the form: they are one thing."""
    data = request.POST.copy()
    try:
        key = key_in(request.headers.get("Idempotency-Key", ""))
        if key and data.get("key") and key_in(str(data["key"])) != key:
            raise BadKeyError
    except BadKeyError as bad:
        raise BadRequest("Idempotency-Key") from bad
    if key:
        data["key"] = str(key)
    return data
