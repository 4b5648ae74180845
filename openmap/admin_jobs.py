"""Jobs in the administration: how far they are, how they ended, and a way to stop them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.jobs import DISK_FULL, cancel_job, run_again
from core.models import Job
from openmap.admin_site import ReadOnly

# What each kind is called, and the page that shows its result (a function of the job), "" for none.
_names: dict[str, Any] = {}
_pages: dict[str, Callable[[Job], str]] = {}
_more: "list[Callable[[JobAdmin], list[Any]]]" = []

# What core.jobs writes by itself; other errors are words for whoever asked.
ERRORS = {
    DISK_FULL: _("The disk of the server is full. When there is room again, start this once more: the file is kept."),
    "its workers died": _("It stopped the worker again and again and was given up. The log of the service says more."),
}


def show_jobs(kind: str, *, name: Any, page: Callable[[Job], str]) -> None:
    """Says how jobs of a kind are called, and where their result is shown."""
    _names[kind], _pages[kind] = name, page


def more_pages(addresses: "Callable[[JobAdmin], list[Any]]") -> None:
    """Adds pages under the address of jobs: asking for jobs of a kind, and their results."""
    _more.append(addresses)


def page_of(job: Job) -> str:
    """Address of the page that shows the result; "" when there is none."""
    return _pages[job.kind](job) if job.kind in _pages else ""


def error_in_words(job: Job) -> str:
    """Why it failed; the kind of an error that nobody foresaw goes with a hint where to look."""
    if not job.error or " " in job.error:
        return str(ERRORS.get(job.error, job.error))
    if job.result:
        words = _("It broke off (%(error)s). What it had done by then stays; the log of the service says more.")
    else:
        words = _("It broke off (%(error)s). Nothing was changed; the log of the service says more.")
    return str(words) % {"error": job.error}


def state_in_words(job: Job) -> str:
    """The state, and that somebody asked to stop."""
    if job.cancel_asked_at and not job.is_over:
        return str(_("is being stopped"))
    return str(job.get_state_display())


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("what", "community", "how_far", "created_by", "created_at", "finished_at")
    list_filter = ("community", "state")
    list_select_related = ("community", "created_by")
    ordering = ("-created_at", "-id")
    change_form_template = "admin/core/job/change_form.html"
    fields = ("what", "community", "how_far", "input_name", "created_by", "created_at", "started_at", "finished_at")
    readonly_fields = ("what", "how_far")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Without what was asked and found: the checks of a city's rules fill pages, and a list shows none of it."""
        rows: QuerySet[Job] = super().get_queryset(request)
        return rows.defer("parameters", "result")

    @admin.display(description=_("job"))
    def what(self, job: Job) -> str:
        return str(_names.get(job.kind, job.kind))

    @admin.display(description=_("state"))
    def how_far(self, job: Job) -> str:
        words = state_in_words(job)
        return f"{words}, {job.percent} %" if job.state == Job.State.RUNNING else words

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/progress/", view(self.progress_view), name="core_job_progress"),
            path("<int:pk>/cancel/", view(self.cancel_view), name="core_job_cancel"),
            path("<int:pk>/again/", view(self.again_view), name="core_job_again"),
            *(address for addresses in _more for address in addresses(self)),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if job:
            title = {"title": _("Job"), "subtitle": f"{self.what(job)} № {job.pk}"}
            more = {**title, "job": job, "job_error": error_in_words(job), "job_page": page_of(job)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far the job is, as JSON; asked again and again by job.js."""
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        told = {"state": state_in_words(job), "percent": job.percent, "over": job.is_over}
        return JsonResponse(told, headers={"Cache-Control": "no-store"})

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks the job to stop."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        if cancel_job(job, at=timezone.now()):
            self.message_user(request, _("The job is being stopped."), messages.SUCCESS)
        else:
            self.message_user(request, _("The job had ended before."), messages.WARNING)
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks for the same once more, and leads to the new job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = get_object_or_404(self.get_queryset(request), pk=pk)
        again = run_again(job, at=timezone.now(), by=request.user)
        if again is None:
            self.message_user(
                request,
                _("This job cannot be run again: ask anew on the page where it was asked for."),
                messages.WARNING,
            )
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[(again or job).pk]))


def waiting_page(request: HttpRequest, job: Job, *, title: str) -> TemplateResponse:
    """The page of a job that is not over yet, in place of its result."""
    context = {**admin.site.each_context(request), "job": job, "title": title, "job_error": error_in_words(job)}
    return TemplateResponse(request, "admin/core/job/waiting.html", context)
