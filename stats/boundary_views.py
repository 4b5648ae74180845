"""Old and new boundaries of a division, side by side."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.counters import all_counters
from geodata.models import Division
from stats.boundaries import change, days_of_change, usual_days
from stats.views import today_of


@never_cache
@require_safe
def boundaries(request: HttpRequest, division: str) -> HttpResponse:
    """Where the areas of the day `old` lie among those of the day `new`; without them: of the last change."""
    found = get_object_or_404(Division, code=division.replace("\0", ""))
    days = days_of_change(found)
    usual = usual_days(days, today=today_of(request))
    typed = [request.GET.get(name, "").replace("\0", "") for name in ("old", "new")]
    read = [_day(text) for text in typed]
    mistake = _("This is no date; write it as 2026-01-31.")
    problems = [mistake if text and not day else "" for text, day in zip(typed, read, strict=True)]
    old, new = (day or fallback for day, fallback in zip(read, usual, strict=True))
    context = {
        "division": found,
        "days": days,
        "change": change(found, all_counters()[0], old_day=old, new_day=new) if days else None,
        "typed": [text or day.isoformat() for text, day in zip(typed, (old, new), strict=True)],
        "problems": problems,
        "here": "stats_boundaries",
    }
    return render(request, "stats/boundaries.html", context, status=400 if any(problems) else 200)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
