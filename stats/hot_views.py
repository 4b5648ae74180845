"""Pages of where much happens, of seasons and of what is unusual, and the same as files. Anybody may open them."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from geodata.picture import HEIGHT, WIDTH
from stats import hot_pages, hot_tables, hotspots, seasons, unusual
from stats.asked import Asked
from stats.heat import FEWEST
from stats.hot_pages import Chosen
from stats.news import news_of
from stats.periods import month_after
from stats.table_views import as_csv
from stats.views import asked_by


@never_cache
@require_safe
def hot(request: HttpRequest) -> HttpResponse:
    """Heat of the period, and clusters of the last three months."""
    question, by = _asked(request)
    heat = hot_pages.heat(question, by)
    context = {
        "heat": heat,
        "picture": hot_pages.heat_picture(question, by, heat),
        "clusters": hot_pages.clusters(question, by),
        "fewest": FEWEST,
        "scan": hotspots,
        "width": WIDTH,
        "height": HEIGHT,
    }
    return _page(request, "stats/hot.html", question, by, context, here="stats_hot")


@never_cache
@require_safe
def heat_csv(request: HttpRequest) -> HttpResponse:
    """The cells of the surface."""
    question, by = _asked(request)
    return as_csv(question.community.slug, "heat", hot_tables.heat_cells(hot_pages.heat(question, by)))


@never_cache
@require_safe
def heat_geojson(request: HttpRequest) -> HttpResponse:
    """Its shaded cells with the parameters, RFC 7946."""
    question, by = _asked(request)
    response = JsonResponse(hot_tables.heat_features(hot_pages.heat(question, by)), content_type="application/geo+json")
    response["Content-Disposition"] = f'attachment; filename="{question.community.slug}-heat.geojson"'
    return response


@never_cache
@require_safe
def clusters_csv(request: HttpRequest) -> HttpResponse:
    """What the last scan found."""
    question, by = _asked(request)
    return as_csv(question.community.slug, "clusters", hot_tables.cluster_rows(hot_pages.clusters(question, by)))


@never_cache
@require_safe
def seasonal(request: HttpRequest) -> HttpResponse:
    """Months of the year and days of the week."""
    question, by = _asked(request)
    months, of_year = hot_pages.months_of_year(question, by)
    weeks, of_week = hot_pages.days_of_week(question, by)
    context = {
        "months": months,
        "of_year": of_year,
        "weeks": weeks,
        "of_week": of_week,
        "years": len(months) // 12,
        "rules": seasons,
    }
    return _page(request, "stats/seasons.html", question, by, context, here="stats_seasons")


@never_cache
@require_safe
def seasons_csv(request: HttpRequest) -> HttpResponse:
    """Both indices."""
    question, by = _asked(request)
    months, of_year = hot_pages.months_of_year(question, by)
    weeks, of_week = hot_pages.days_of_week(question, by)
    parts = {}
    if of_year:
        last = month_after(months[-1]) - timedelta(days=1)
        parts["month"] = (months[0].isoformat(), last.isoformat(), of_year)
    if of_week:
        parts["weekday"] = (weeks[0].isoformat(), (weeks[-1] + timedelta(days=6)).isoformat(), of_week)
    return as_csv(question.community.slug, "seasons", hot_tables.season_rows(parts))


@never_cache
@require_safe
def unusual_week(request: HttpRequest) -> HttpResponse:
    """What stands out in the last seven full days."""
    question, by = _asked(request)
    news = news_of(question.counters, question.community, today=question.today)
    context = {"news": news, "rules": unusual, "false_share": unusual.FALSE}
    return _page(request, "stats/unusual.html", question, by, context, here="stats_unusual")


@never_cache
@require_safe
def unusual_csv(request: HttpRequest) -> HttpResponse:
    """The same as a table."""
    question, _by = _asked(request)
    news = news_of(question.counters, question.community, today=question.today)
    return as_csv(question.community.slug, "unusual", hot_tables.unusual_rows(news))


def _asked(request: HttpRequest) -> tuple[Asked, Chosen]:
    question = asked_by(request)
    return question, hot_pages.chosen(request.GET, question.community)


def _page(
    request: HttpRequest, template: str, question: Asked, by: Chosen, context: dict[str, Any], *, here: str
) -> HttpResponse:
    return render(request, template, {"asked": question, "by": by, "here": here} | context)
