"""“Add what you wrote”: whoever joined a report from the form adds their words and photos to it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from geodata.community import community_of
from issues.forms import WordsForm
from issues.join_words import refusal_in_words
from issues.joining import add_as
from issues.support import JoinRefusedError
from issues.support_views import joined_page, joiner_of, visible_issue
from issues.uploads import kept_photos
from issues.warnings import warnings_of


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
        added = add_as(joiner_of(request), issue, text=form.cleaned_data["text"], photos=photos, at=at)
    except JoinRefusedError as refusal:
        words = refusal_in_words(refusal.code)
        return joined_page(request, issue, photos, status=422, trouble=words, warnings=warnings)
    said = _("Added. Those who must answer have it, and everybody reads it on the page of the report.")
    messages.success(request, said if added else _("This was added before."))
    return HttpResponseRedirect(issue.get_absolute_url())
