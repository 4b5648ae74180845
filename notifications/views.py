"""The page behind the link of a letter: confirm the address, or stop the letters. Opening it changes nothing."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.models import ON_THE_MAP
from core.tokens import UnknownTokenError, find_token
from notifications.actions import PURPOSE, confirm, end
from notifications.kinds import kind_of
from notifications.known import remember_known
from notifications.models import Follow


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def follow_page(request: HttpRequest, token: str) -> HttpResponse:
    """One button for what can be done. Mail servers open links by themselves, so every change is a POST."""
    follow, at = _follow(token), timezone.now()
    if request.method == "POST" and follow.ended_at is None:
        response: HttpResponse = HttpResponseRedirect(request.path)
        if request.POST.get("do") == "stop":
            end(follow, at=at)
        else:
            confirm(follow, at=at)
            remember_known(request, response, follow.email)
        return response
    kind, subject = kind_of(follow.subject), follow.subject
    context = {
        "follow": follow,
        "called": kind.called(subject),
        "url": kind.path(subject) if subject.visibility in ON_THE_MAP else "",
    }
    response = render(request, "notifications/follow.html", context, status=410 if follow.ended_at else 200)
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@csrf_exempt  # the mail program presses it, with the secret of the letter (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """“Unsubscribe” of a mail program. Opened by a person, it leads to the page with the button."""
    follow = _follow(token)
    if request.method != "POST":
        return HttpResponseRedirect(request.path.removesuffix("stop/"))
    end(follow, at=timezone.now())
    return HttpResponse(status=204)


def _follow(secret: str) -> Follow:
    """Raises Http404 for a link that nobody was given, and for one that is over."""
    try:
        right = find_token(secret=secret, purpose=PURPOSE)
    except UnknownTokenError:
        raise Http404 from None
    found: Follow | None = Follow.objects.select_related("subject", "community").filter(token=right).first()
    if found is None or not right.is_good(timezone.now()):
        raise Http404
    return found
