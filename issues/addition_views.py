"""“Add what you wrote”: whoever joined a report from the form adds their words and photos to it."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.devices import device_of
from accounts.networks import network_of
from geodata.community import community_of
from issues.additions import add_by_supporter
from issues.forms import WordsForm
from issues.join_limits import may_add
from issues.models import Issue
from issues.support import JoinRefusedError
from issues.support_views import joined_page, refusal_in_words, visible_issue, voice_of
from issues.uploads import kept_photos
from issues.warnings import warnings_of
from media.models import Photo


@never_cache
@require_POST
def add(request: HttpRequest, number: int) -> HttpResponse:
    """The page of the report with the addition on it; otherwise what was typed and uploaded comes back, and why."""
    at = timezone.now()
    photos, refused = kept_photos(request.POST.getlist("photo_key"), request, at=at)
    try:
        issue = visible_issue(request, number)
    except Http404:
        return joined_page(request, None, photos, status=404, trouble=refusal_in_words("unseen"))
    form = WordsForm({"do": "add", "text": request.POST.get("text", "")})
    warnings = warnings_of(request.POST, None, community=community_of(request))  # danger first here too
    if not form.is_valid():
        refused += map(str, form.errors["text"])
    if refused or not all(one.is_passed for one in warnings):
        return joined_page(request, issue, photos, status=422, trouble=" ".join(refused), warnings=warnings)
    try:
        added = _add(request, issue, form.cleaned_data["text"], photos, at=at)
    except JoinRefusedError as refusal:
        words = refusal_in_words(refusal.code)
        return joined_page(request, issue, photos, status=422, trouble=words, warnings=warnings)
    said = _("Added. Those who must answer have it, and everybody reads it on the page of the report.")
    messages.success(request, said if added else _("This was added before."))
    return HttpResponseRedirect(issue.get_absolute_url())


def _add(request: HttpRequest, issue: Issue, text: str, photos: Sequence[Photo], *, at: datetime) -> bool:
    """Within the limits of a device and a network. Raises JoinRefusedError."""
    with transaction.atomic():
        added = add_by_supporter(issue=issue, voice=voice_of(request), text=text, photos=photos, at=at)
        device, network = device_of(request), network_of(request)
        if added and not may_add(community=issue.community, device=device, network=network, at=at):
            raise JoinRefusedError("too_many_words")
    return added
