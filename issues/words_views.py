"""What the words of a report bring while it is written: warnings of danger, and guesses what it is about."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from geodata.community import community_of
from issues.forms import PlaceForm
from issues.guessing import guesses_for
from issues.warnings import warnings_for


@never_cache
@require_POST
def words(request: HttpRequest) -> HttpResponse:
    """Warnings and guesses for the text and the category in the form, as a fragment of HTML. POST, because addresses
    end up in logs."""
    community = community_of(request)
    form = PlaceForm(request.POST, community=community, on=community.day_of(timezone.now()))
    context = {
        "warnings": warnings_for(form, request.POST, community=community),
        "guesses": guesses_for(form, request.POST, community=community),
    }
    return render(request, "issues/words.html", context)
