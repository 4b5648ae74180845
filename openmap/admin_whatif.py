"""“What if”: asking for a trial on the history, and its result as a table and on a map."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Organisation
from core.models import Job
from geodata.import_report import place_text
from issues.models import Issue
from openmap import whatif_jobs
from openmap.admin_jobs import JobAdmin, more_pages, page_of, show_jobs, waiting_page
from openmap.admin_maps import GeoMap, collection, feature
from openmap.area_jobs import CHECK, PREVIEW
from openmap.whatif_jobs import Stale
from routing.models import Category, RuleSet
from routing.rulesets import SetState, set_before, state_of
from routing.whatif import OUTSIDE, Side

MOST_LISTED = 100  # reports in the list beside the map, the latest first
STALE = {
    Stale.PUBLISHED: _("The draft was published since. Below is what it was expected to change."),
    Stale.DISCARDED: _("The draft was discarded since."),
    Stale.CHANGED: _("The draft was changed since: try it again."),
    Stale.OTHER_SET: _("Another set of rules was published since, or taken back: try it again."),
    Stale.AROUND: _(
        "Areas, registers, questions or organisations were changed since: the numbers may be wrong now. Try it again."
    ),
}


def _months(count: int) -> str:
    return ngettext("%(count)s month", "%(count)s months", count) % {"count": count}


class TrialForm(forms.Form):
    """How far back the trial looks."""

    months = forms.TypedChoiceField(label=_("History of the last"), coerce=int, initial=3, choices=[])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["months"].choices = [  # type: ignore[attr-defined]
            (months, _months(months)) for months in whatif_jobs.MONTHS
        ]


class RulesTrialForm(TrialForm):
    """And the day as of which a draft is tried: `first_day`, the first on which it could come into force, or later."""

    on = forms.DateField(
        label=_("The draft comes into force on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
        help_text=_(
            "Areas, registers and dates of rules are asked as of this day; hours and days of the week are those of "
            "each report."
        ),
    )

    def __init__(self, *args: Any, first_day: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"on": first_day}, **kwargs)
        self.first_day = first_day

    def clean_on(self) -> date:
        """Raises ValidationError for a day that is too early."""
        day: date = self.cleaned_data["on"] or self.first_day
        if day < self.first_day:
            told = {"day": date_format(self.first_day, "j E Y")}
            raise forms.ValidationError(_("The draft cannot come into force before %(day)s."), params=told)
        return day


def try_rules_page(request: HttpRequest, draft: RuleSet) -> HttpResponse:
    """Asks for how many months and as of which day; below, the earlier trials of this draft."""
    at = timezone.now()
    first_day = whatif_jobs.first_day_of(draft, at=at)
    form = RulesTrialForm(request.POST if request.method == "POST" else None, first_day=first_day)
    earlier = Job.objects.filter(kind=whatif_jobs.RULES, parameters__ruleset=draft.pk)
    before = set_before(draft)
    context: dict[str, Any] = {"title": _("What if: %(draft)s") % {"draft": draft}, "draft": draft, "against": before}
    if not draft.is_draft or before is None:
        context["refusal"] = _("Only a draft is tried, against a set that was published.")
        return _asking(request, earlier, form, context, status=409 if request.method == "POST" else 200)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        job = whatif_jobs.ask_for_rules(draft, months=given["months"], on=given["on"], by=request.user, at=at)
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
    at, found = timezone.now(), job.result or {}
    stale = whatif_jobs.why_stale(job, at=at)
    draft = RuleSet.objects.filter(pk=job.parameters.get("ruleset")).first()
    checked = Job.objects.filter(pk=job.parameters.get("checked")).first()
    against = RuleSet.objects.filter(pk=found.get("reads", {}).get("against")).select_related("community").first()
    waits = against is not None and state_of(against, at=at) == SetState.WAITING
    name = str(_("Reports that would be decided otherwise"))
    shapes = reverse("admin:core_job_whatif_shapes", args=[job.pk])
    context = {
        **admin.site.each_context(request),
        "title": title,
        "job": job,
        "draft": draft,
        "checked": checked,
        "checked_page": page_of(checked) if checked else "",
        "found": found,
        "on": date.fromisoformat(found["on"]) if "on" in found else None,
        "against": against,
        "before_words": against if waits else _("Now"),
        "after_words": _("With the draft") if draft else _("With the new boundaries"),
        "rows": _rows(found["table"], job),
        "listed": _with_reports(found["places"][:MOST_LISTED], job),
        "not_listed": max(found["changes"] - MOST_LISTED, 0),
        "on_the_map": len(found["places"]),
        "stale": STALE[stale] if stale else "",
        "geo_map": GeoMap("whatif-map", name, job.community, url=shapes),
    }
    return TemplateResponse(request, "admin/routing/whatif/result.html", context)


def shapes_of(job: Job) -> JsonResponse:
    """The reports that would be decided otherwise, as GeoJSON for the map."""
    places = _with_reports((job.result or {}).get("places", []), job)
    return JsonResponse(_shapes(places), headers={"Cache-Control": "no-store"})


def _rows(table: list[dict[str, Any]], job: Job) -> list[dict[str, Any]]:
    """From whom to whom, with the names of categories."""
    names = dict(Category.objects.filter(community=job.community).values_list("code", "name"))
    return [
        {
            "before": _who(row["before"], row["before_name"]),
            "after": _who(row["after"], row["after_name"]),
            "count": row["count"],
            "categories": [(names.get(code, code), count) for code, count in row["categories"].items()],
        }
        for row in table
    ]


def _with_reports(places: list[dict[str, Any]], job: Job) -> list[dict[str, Any]]:
    """Each place with the number and title of its report and the names of both organisations."""
    issues = Issue.objects.filter(community=job.community, subject__in=[place["subject"] for place in places])
    known = {issue.subject_id: issue for issue in issues.only("subject", "number", "title")}
    asked = {place[side] for place in places for side in ("before", "after") if isinstance(place[side], int)}
    names: dict[Side, str] = dict(Organisation.objects.filter(pk__in=asked).values_list("pk", "name"))
    found = []
    for place in places:
        issue = known.get(place["subject"])
        sides = {side: _who(place[side], names.get(place[side], "")) for side in ("before", "after")}
        spot = {"text": place_text((place["lon"], place["lat"])), "fly": f"{place['lon']:.6f},{place['lat']:.6f}"}
        found.append(place | sides | spot | {"issue": issue, "url": _report(issue)})
    return found


def _who(side: Side, name: str) -> str:
    """The organisation's name, or that there is none."""
    return str(_("outside the community")) if side == OUTSIDE else name or str(_("nobody"))


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
        checked = get_object_or_404(checks, pk=pk, kind=CHECK, state=Job.State.DONE, result__step=PREVIEW)
        return try_areas_page(request, checked)

    def trial(request: HttpRequest, pk: int) -> Job:
        trials = page.get_queryset(request).select_related("community")
        found: Job = get_object_or_404(trials, pk=pk, kind__in=[whatif_jobs.RULES, whatif_jobs.AREAS])
        return found

    def result(request: HttpRequest, pk: int) -> HttpResponse:
        return result_page(request, trial(request, pk))

    def shapes(request: HttpRequest, pk: int) -> HttpResponse:
        return shapes_of(trial(request, pk))

    view = page.admin_site.admin_view
    return [
        path("try/<int:pk>/", view(asking), name="routing_ruleset_try"),
        path("try-areas/<int:pk>/", view(asking_of_areas), name="geodata_area_try"),
        path("<int:pk>/whatif/", view(result), name="core_job_whatif"),
        path("<int:pk>/whatif/shapes/", view(shapes), name="core_job_whatif_shapes"),
    ]


more_pages(addresses)
show_jobs(whatif_jobs.RULES, name=_("What if: rules"), page=address_of)
show_jobs(whatif_jobs.AREAS, name=_("What if: boundaries"), page=address_of)
