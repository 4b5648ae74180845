"""“What if”: asking for a trial on the history, and its result as a table and on a map."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Organisation
from core.models import Job
from issues.models import Issue
from openmap import whatif_jobs
from openmap.admin_jobs import JobAdmin, more_pages, page_of, show_jobs, waiting_page
from openmap.admin_maps import GeoMap, collection, feature
from openmap.area_jobs import CHECK
from routing.models import Category, RuleSet
from routing.rulesets import digest_of, set_in_force

MOST_LISTED = 100  # reports in the list beside the map, the latest first


def _months(count: int) -> str:
    return ngettext("%(count)s month", "%(count)s months", count) % {"count": count}


class TrialForm(forms.Form):
    """How far back the trial looks."""

    months = forms.TypedChoiceField(
        label=_("History of the last"),
        coerce=int,
        initial=3,
        choices=[],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["months"].choices = [  # type: ignore[attr-defined]
            (months, _months(months)) for months in whatif_jobs.MONTHS
        ]


def try_rules_page(request: HttpRequest, draft: RuleSet) -> HttpResponse:
    """Asks for how many months; below, the earlier trials of this draft."""
    form = TrialForm(request.POST if request.method == "POST" else None)
    earlier = Job.objects.filter(kind=whatif_jobs.RULES, parameters__ruleset=draft.pk)
    context: dict[str, Any] = {"title": _("What if: %(draft)s") % {"draft": draft}, "draft": draft}
    if not draft.is_draft or set_in_force(draft.community, at=timezone.now()) is None:
        context["refusal"] = _("Only a draft is tried, against a set that is in force.")
        return _asking(request, earlier, form, context, status=409 if request.method == "POST" else 200)
    if request.method == "POST" and form.is_valid():
        months = form.cleaned_data["months"]
        job = whatif_jobs.ask_for_rules(draft, months=months, by=request.user, at=timezone.now())
        return HttpResponseRedirect(address_of(job))
    return _asking(request, earlier, form, context)


def try_areas_page(request: HttpRequest, checked: Job) -> HttpResponse:
    """The same for the boundaries of an import that was checked and not carried out yet."""
    form = TrialForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        months = form.cleaned_data["months"]
        return HttpResponseRedirect(
            address_of(whatif_jobs.ask_for_areas(checked, months=months, by=request.user, at=timezone.now()))
        )
    earlier = Job.objects.filter(kind=whatif_jobs.AREAS, parameters__checked=checked.pk)
    context = {
        "title": _("What if: boundaries from %(file)s") % {"file": checked.input_name},
        "checked": checked,
        "checked_page": page_of(checked),
    }
    return _asking(request, earlier, form, context)


def _asking(
    request: HttpRequest, earlier: "QuerySet[Job]", form: TrialForm, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    listed = [(job, address_of(job)) for job in earlier.select_related("created_by")[:20]]
    page = {**admin.site.each_context(request), **context, "form": form, "earlier": listed}
    return TemplateResponse(request, "admin/routing/whatif/ask.html", page, status=422 if form.errors else status)


def address_of(job: Job) -> str:
    """The page that shows the result of a trial."""
    return reverse("admin:core_job_whatif", args=[job.pk])


def result_page(request: HttpRequest, job: Job) -> HttpResponse:
    """What a trial found; until it is over, how far it is."""
    title = _("What if: the last %(months)s") % {"months": _months(job.parameters["months"])}
    if job.state != Job.State.DONE:
        return waiting_page(request, job, title=str(title))
    found = job.result or {}
    places = _with_reports(found["places"], job)
    draft = RuleSet.objects.filter(pk=job.parameters.get("ruleset")).first()
    name = str(_("Reports that would be decided otherwise"))
    context = {
        **admin.site.each_context(request),
        "title": title,
        "job": job,
        "draft": draft,
        "found": found,
        "rows": _rows(found["table"], job),
        "listed": places[:MOST_LISTED],
        "not_listed": max(found["changes"] - MOST_LISTED, 0),
        "on_the_map": len(places),
        "is_stale": draft is not None and draft.is_draft and digest_of(draft) != job.parameters.get("digest"),
        "geo_map": GeoMap("whatif-map", name, job.community, _shapes(places)),
    }
    return TemplateResponse(request, "admin/routing/whatif/result.html", context)


def _rows(table: list[dict[str, Any]], job: Job) -> list[dict[str, Any]]:
    """From whom to whom, with the names of categories."""
    names = dict(Category.objects.filter(community=job.community).values_list("code", "name"))
    nobody = str(_("nobody"))
    return [
        {
            "before": row["before_name"] or nobody,
            "after": row["after_name"] or nobody,
            "count": row["count"],
            "categories": [(names.get(code, code), count) for code, count in row["categories"].items()],
        }
        for row in table
    ]


def _with_reports(places: list[dict[str, Any]], job: Job) -> list[dict[str, Any]]:
    """Each place with the number and title of its report and the names of both organisations."""
    issues = Issue.objects.filter(community=job.community, subject__in=[place["subject"] for place in places])
    known = {issue.subject_id: issue for issue in issues.only("subject", "number", "title")}
    asked = {place[side] for place in places for side in ("before", "after") if place[side]}
    names = dict(Organisation.objects.filter(pk__in=asked).values_list("pk", "name"))
    nobody = str(_("nobody"))
    found = []
    for place in places:
        issue = known.get(place["subject"])
        sides = {side: names.get(place[side] or 0, nobody) for side in ("before", "after")}
        found.append(place | sides | {"issue": issue, "url": _report(issue)})
    return found


def _report(issue: Issue | None) -> str:
    return reverse("admin:issues_issue_change", args=[issue.pk]) if issue else ""


def _shapes(places: list[dict[str, Any]]) -> dict[str, Any]:
    return collection(
        feature(
            {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
            look="changed",
            label=f"№ {place['issue'].number}" if place["issue"] else place["category"],
            about=f"{place['before']} → {place['after']}",
            url=place["url"],
        )
        for place in places
    )


def addresses(page: JobAdmin) -> list[Any]:
    """The pages of “what if”, for rows that this person may see."""

    def asking(request: HttpRequest, pk: int) -> HttpResponse:
        mine = page.mine(request)
        drafts = RuleSet.objects.select_related("community")
        draft = get_object_or_404(drafts if mine is None else drafts.filter(community__in=mine), pk=pk)
        return try_rules_page(request, draft)

    def asking_of_areas(request: HttpRequest, pk: int) -> HttpResponse:
        checks = page.get_queryset(request).select_related("community")
        checked = get_object_or_404(checks, pk=pk, kind=CHECK, state=Job.State.DONE)
        return try_areas_page(request, checked)

    def result(request: HttpRequest, pk: int) -> HttpResponse:
        trials = (
            page.get_queryset(request)
            .select_related("community")
            .filter(kind__in=[whatif_jobs.RULES, whatif_jobs.AREAS])
        )
        return result_page(request, get_object_or_404(trials, pk=pk))

    view = page.admin_site.admin_view
    return [
        path("try/<int:pk>/", view(asking), name="routing_ruleset_try"),
        path("try-areas/<int:pk>/", view(asking_of_areas), name="geodata_area_try"),
        path("<int:pk>/whatif/", view(result), name="core_job_whatif"),
    ]


more_pages(addresses)
show_jobs(whatif_jobs.RULES, name=_("What if: rules"), page=address_of)
show_jobs(whatif_jobs.AREAS, name=_("What if: boundaries"), page=address_of)
