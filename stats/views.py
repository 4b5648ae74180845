"""Pages of statistics: the community, an area, an organisation, a kind of problem, a comparison of areas."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Organisation
from geodata.community import community_of
from geodata.models import Area
from routing.models import Category
from stats import pages, saying
from stats.areas import changed, version_on, versions_of
from stats.asked import Asked, asked


@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The community as a whole."""
    question = asked_by(request)
    changes = changed(question.community)
    return _page(request, question, pages.community_page(question), here="stats", changes=changes)


@never_cache
@require_safe
def area(request: HttpRequest, area: str) -> HttpResponse:
    """One version of an area: the one in force, or that of `version`, the day it began."""
    versions = versions_of(area)
    found = version_on(versions, request.GET.get("version", ""), today=today_of(request))
    if found is None:
        raise Http404("No such area, or no such version of it.")
    question = asked_by(request, area=found)
    return _page(request, question, pages.area_page(question, found), here="stats_area", area=found, versions=versions)


@never_cache
@require_safe
def organisation(request: HttpRequest, organisation: int) -> HttpResponse:
    """What an organisation has in this community: one that never had anything here has no page here."""
    found = Organisation.objects.filter(pk=organisation).first()
    question = asked_by(request)
    page = pages.organisation_page(question, found) if found else None
    if page is None or page.profile.is_empty:
        raise Http404("No such organisation here.")
    return _page(request, question, page, here="stats_organisation")


@never_cache
@require_safe
def category(request: HttpRequest, category: str) -> HttpResponse:
    """One kind of problem."""
    found = Category.objects.filter(code=category.replace("\0", "")).first()
    if found is None:
        raise Http404("No such kind.")
    question = asked_by(request)
    return _page(request, question, pages.category_page(question, found), here="stats_category", category=found)


@never_cache
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Areas side by side, by name: a share with what is probable, and out of how many."""
    question = asked_by(request)
    chosen = request.GET.getlist("area")
    context = {
        "asked": question,
        "table": pages.comparison(question, chosen),
        "chosen": chosen,
        "kept_pairs": [("area", code) for code in chosen],
        "here": "stats_compare",
    }
    return render(request, "stats/compare.html", context)


def asked_by(request: HttpRequest, area: Area | None = None) -> Asked:
    """What the address asks for."""
    return asked(request.GET, community_of(request), today=today_of(request), area=area)


def today_of(request: HttpRequest) -> Any:
    """The date in the community's time zone."""
    return community_of(request).day_of(timezone.now())


def _page(request: HttpRequest, question: Asked, page: pages.Page, *, here: str, **more: Any) -> HttpResponse:
    context = {
        "asked": question,
        "page": page,
        "how_exact": saying.about(page.profile.fix) if page.profile.fix else "",
        "kept_pairs": [(name, request.GET[name]) for name in ("by", "version") if name in request.GET],
        "here": here,
    }
    return render(request, "stats/profile.html", context | more)
