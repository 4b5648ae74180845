"""Joining a report: from the form, as one of its look-alikes, and from its public page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.devices import device_of
from accounts.networks import network_of
from core.models import ON_THE_MAP, STRANGER
from geodata.community import community_of
from issues import joining
from issues.additions import takes_additions
from issues.follow_views import address_in, what_comes
from issues.forms import PlaceForm
from issues.join_words import refusal_in_words
from issues.joining import Joiner
from issues.models import MAX_TEXT, Issue
from issues.similar import similar_to
from issues.support import JoinRefusedError, Voice, has_joined, is_author, leave, supporters_of, supports
from media.drafts import key_for
from media.models import Photo
from notifications.known import is_known
from notifications.models import Follow

LONGEST_NUMBER = 9  # digits
OWN = frozenset({"csrfmiddlewaretoken", "do", "photo_key", "text"})  # not carried over as they came


class Trouble(NamedTuple):
    """An address as it was typed, and what is wrong with it."""

    email: str
    words: str


@never_cache
@require_POST
def similar(request: HttpRequest) -> HttpResponse:
    """The look-alikes of what stands in the form, as a fragment of HTML. POST, because addresses end up in logs."""
    community, at = community_of(request), timezone.now()
    form = PlaceForm(request.POST, community=community, on=community.day_of(at))
    form.is_valid()
    found = similar_to(form, request.POST, community=community, at=at, voice=voice_of(request))
    return render(request, "issues/similar.html", {"similar": found})


def supported(request: HttpRequest, issue: Issue) -> Trouble | None:
    """Does what was pressed under “Does this concern you too?”: join (with an address, news follow), hear the news, or
    `leave`. None when that is done and said; else what is wrong with the address."""
    at, voice = timezone.now(), voice_of(request)
    if request.POST.get("do") == "leave":
        if leave(issue=issue, voice=voice, at=at):
            messages.success(request, _("Your support is taken back."))
        return None
    try:
        email = address_in(request)
    except ValidationError:
        words = _("This is no e-mail address. Example: olena@example.com")
        return Trouble(request.POST.get("email", ""), words)
    try:
        if join_as(request, issue, at=at):
            messages.success(request, _("Thank you: those who must answer see that it concerns you too."))
        if email:
            row = hear_as(request, issue, email, at=at)
            messages.success(request, what_comes(row, known=is_known(request, email)))
    except JoinRefusedError as refusal:
        messages.error(request, refusal_in_words(refusal.code))
    return None


def joined(request: HttpRequest, number: str, *, email: str, photos: Sequence[Photo], at: datetime) -> HttpResponse:
    """Joins the report of that number from the form of another, and follows it when there is an address: the page that
    says so holds all that was typed and uploaded. Raises Http404 and JoinRefusedError."""
    if not number.isdecimal() or len(number) > LONGEST_NUMBER:
        raise Http404
    issue = visible_issue(request, int(number))
    is_new = join_as(request, issue, at=at)
    letters_said = _letters_said(request, issue, email, at=at) if email else ""
    return joined_page(request, issue, photos, is_new=is_new, letters_said=letters_said)


def joined_page(
    request: HttpRequest, issue: Issue | None, photos: Sequence[Photo], *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page after joining, with all that was typed and uploaded: to be added to the report, or to go back with.

    `issue`: None when strangers do not see it any more. `more`: what issues/joined.html tells besides.
    """
    keys = [("photo_key", key_for(photo)) for photo in photos]
    context = {
        "issue": issue,
        "support_said": said(issue) if issue else "",
        "typed": request.POST.get("text", "").strip(),
        "photos": photos,
        "kept": [(name, text) for name, texts in request.POST.lists() if name not in OWN for text in texts] + keys,
        "can_add": issue is not None and takes_additions(issue.community) and supports(issue, voice_of(request)),
        "most_text": MAX_TEXT,
    }
    return render(request, "issues/joined.html", context | more, status=status)


def _letters_said(request: HttpRequest, issue: Issue, email: str, *, at: datetime) -> str:
    """Where news will go, or why they will not: the voice is counted in any case."""
    try:
        return what_comes(hear_as(request, issue, email, at=at), known=is_known(request, email))
    except JoinRefusedError as refusal:
        return refusal_in_words(refusal.code)


def join_as(request: HttpRequest, issue: Issue, *, at: datetime) -> bool:
    """The voice of whoever asks; False when it was counted before. Raises JoinRefusedError."""
    return joining.join_as(joiner_of(request), issue, at=at)


def hear_as(request: HttpRequest, issue: Issue, email: str, *, at: datetime) -> Follow:
    """News of the report go to that address, as soon as it is confirmed. Raises JoinRefusedError when very many were
    asked from here."""
    language, known = (get_language() or "uk")[:2], is_known(request, email)
    return joining.hear_as(joiner_of(request), issue, email=email, language=language, known=known, at=at)


def visible_issue(request: HttpRequest, number: int) -> Issue:
    """The report of that number if strangers see it: staff join nothing that others do not see. Raises Http404."""
    rows = Issue.objects.visible_to(STRANGER).select_related("subject", "community", "category")
    return get_object_or_404(rows, community=community_of(request), number=number)


def voice_of(request: HttpRequest) -> Voice:
    """Whose voice a press of the button is: the account's, or else the browser's."""
    user = request.user
    return Voice.of(user=user if user.is_authenticated else None, device=device_of(request))


def joiner_of(request: HttpRequest) -> Joiner:
    """The same, with what limits count."""
    return Joiner(voice_of(request), device_of(request), network_of(request))


def support_context(request: HttpRequest, issue: Issue, trouble: Trouble | None = None) -> dict[str, Any]:
    """What issues/page/support.html shows to whoever asks; `trouble`: an address that is none."""
    voice = voice_of(request)
    mine = has_joined(issue, voice)
    wrote = mine and is_author(issue, voice)
    return {
        "count": supporters_of(issue),
        "said": said(issue),
        "is_author": wrote,
        "has_joined": mine and not wrote,
        "trouble": trouble,
        "can_join": issue.is_open and issue.subject.visibility in ON_THE_MAP,
    }


def said(issue: Issue) -> str:
    """How many people joined, for a page."""
    count = supporters_of(issue)
    return ngettext("Supported by %(count)s person", "Supported by %(count)s people", count) % {"count": count}
