"""Where letters about one report go: on the author's page, and for who joined."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.devices import device_of
from accounts.networks import network_of
from core.tokens import UnknownTokenError, find_token
from issues.actions import AUTHOR_PURPOSE
from issues.author_letters import TooManyLettersError, ask_once_more, send_letters_to
from issues.following import author_follow
from issues.join_words import letters_refused
from issues.models import Issue
from notifications.actions import end
from notifications.known import is_known
from notifications.models import Follow

LONGEST = 254  # characters of an address


@never_cache
@require_POST
def letters_to_author(request: HttpRequest, token: str) -> HttpResponse:
    """The author asks for the confirming letter once more, stops the letters (`do`), or gives an address."""
    issue = _issue_of_author(token)
    row = author_follow(issue)
    if row is None or request.POST.get("do") == "change":
        _begin(request, issue)
    elif request.POST.get("do") == "stop":
        end(row, at=timezone.now())
        messages.success(request, _("No more letters come about this report, and your address is erased."))
    else:
        _once_more(request, row)
    return HttpResponseRedirect(f"{request.path.removesuffix('letters/')}#letters")


def what_comes(row: Follow, *, known: bool) -> str:
    """What to tell whoever gave an address. Unless it is `known` to be theirs, they do not learn whether it was
    confirmed before."""
    if known:
        words = _("News go to %(address)s.")
    else:
        words = _("A letter to %(address)s asks to confirm the address, unless that was done before. Open its link.")
    return words % {"address": row.masked}


def address_in(request: HttpRequest) -> str:
    """The address that was typed; "" for none. Raises ValidationError for what is none."""
    email = request.POST.get("email", "").strip()
    if email:
        if len(email) > LONGEST:
            raise ValidationError(_("This is no e-mail address. Example: olena@example.com"))
        validate_email(email)
    return email


def _begin(request: HttpRequest, issue: Issue) -> None:
    try:
        email = address_in(request)
    except ValidationError:
        email = ""
    if not email:
        messages.error(request, _("This is no e-mail address. Example: olena@example.com"))
        return
    try:
        row = send_letters_to(
            email,
            issue=issue,
            language=(get_language() or "uk")[:2],
            known=is_known(request, email),
            device=device_of(request),
            network=network_of(request),
            at=timezone.now(),
        )
    except TooManyLettersError:
        messages.error(request, letters_refused())
        return
    messages.success(request, what_comes(row, known=row.is_confirmed))


def _once_more(request: HttpRequest, row: Follow) -> None:
    try:
        ask_once_more(row, known=is_known(request, row.email), at=timezone.now())
    except TooManyLettersError:
        words = _("We have written to %(address)s three times today. Look among the spam, or try again tomorrow.")
        messages.error(request, words % {"address": row.masked})
        return
    messages.success(request, what_comes(row, known=row.is_confirmed))


def _issue_of_author(secret: str) -> Issue:
    """Raises Http404 for a link that is none, or works no longer."""
    try:
        right = find_token(secret=secret, purpose=AUTHOR_PURPOSE)
    except UnknownTokenError:
        raise Http404 from None
    if not right.is_good(timezone.now()):
        raise Http404
    rows = Issue.objects.select_related("subject", "community", "category")
    return get_object_or_404(rows, subject=right.subject_id)
