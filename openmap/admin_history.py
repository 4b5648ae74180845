"""Bringing the history of another system in through the administration: a file, what it says, a report of what would
happen, the word to do it, and the rows that were left out to take home."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.jobs import enqueue_job
from core.models import Job
from geodata.models import Community
from issues import import_jobs
from issues.import_models import RejectedRow
from issues.import_rejects import ending
from issues.import_words import lines_of
from issues.importing import Summary
from media.uploads import allow_larger
from openmap.admin_jobs import JobAdmin, error_in_words, more_pages, show_jobs, waiting_page
from openmap.admin_kept_files import asked_with_file, chosen_community, discard_file
from openmap.area_preview_words import problem_in_words
from openmap.history_forms import MOST_BYTES, HistoryUploadForm, MappingForm

UPLOAD, SHOW, ANSWER, CONFIRM, DISCARD, REJECTED, MAPPING = (
    f"issues_history{step}" for step in ("", "_job", "_answers", "_confirm", "_discard", "_rejected", "_mapping")
)
FOLDER = "admin/issues/history"
KINDS = (import_jobs.CHECK, import_jobs.IMPORT)
STANDING = (Job.State.QUEUED, Job.State.RUNNING, Job.State.DONE)


class HistoryPages:
    """The pages of an import, for administrators of communities."""

    def __init__(self, page: JobAdmin) -> None:
        self.page = page

    def addresses(self) -> list[Any]:
        """Below the address of jobs."""
        view = self.page.admin_site.admin_view
        steps = (
            ("", self.show, SHOW),
            ("answers/", self.answer, ANSWER),
            ("confirm/", self.confirm, CONFIRM),
            ("discard/", self.discard, DISCARD),
            ("rejected/", self.rejected, REJECTED),
            ("mapping.json", self.mapping, MAPPING),
        )
        return [
            path("history/", view(self.upload), name=UPLOAD),
            *(path(f"history/<int:pk>/{step}", view(does), name=name) for step, does, name in steps),
        ]

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Takes the file; a worker reads it and suggests what it says."""
        communities = self._communities(request)
        community = chosen_community(request, communities)
        about: dict[str, Any] = {"title": _("Import history"), "communities": communities, "community": community}
        if community is None:
            return _page(request, "upload.html", **about)
        sent = request.method == "POST"
        form = HistoryUploadForm(request.POST, request.FILES) if sent else HistoryUploadForm()
        if sent and form.is_valid():
            parameters = {"mapping": form.cleaned_data["mapping"], "wish": {}}
            job = asked_with_file(form, lambda file: _ask(request, community, parameters, file=file))
            if job is not None:
                return HttpResponseRedirect(address_of(job))
        return _page(request, "upload.html", status=422 if sent else 200, upload=form, **about)

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Whatever comes next: waiting, the report with the questions, the outcome."""
        job = self._job(request, pk)
        is_check = job.kind == import_jobs.CHECK
        if not job.is_over:
            title = _("Checking a file of history") if is_check else _("Importing history")
            return waiting_page(request, job, title=str(title))
        return _checked(request, job) if is_check else _outcome(request, job)

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Other answers make a new check of the file that is kept."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk, kind=import_jobs.CHECK)
        if not job.input:
            messages.error(request, _("The file is no longer kept: upload it again."))
            return HttpResponseRedirect(_upload_address(job.community))
        if not job.result:
            messages.error(request, _("This check broke off: start it again. The file is kept."))
            return HttpResponseRedirect(address_of(job))
        form = MappingForm(request.POST, community=job.community, found=job.result)
        if not form.is_valid():
            return _checked(request, job, form=form)
        parameters = {"mapping": form.mapping(), "wish": form.wish()}
        return HttpResponseRedirect(address_of(_ask(request, job.community, parameters, file_of=job)))

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks a worker to bring in what the report told; a second press leads to the same job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk, kind=import_jobs.CHECK)
        with transaction.atomic():
            Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
            asked = _imports_of(job).filter(state__in=STANDING).first()
            if asked is None:
                if not _may_be_imported(job):
                    messages.error(request, _("This cannot be imported: check the file again."))
                    return HttpResponseRedirect(address_of(job))
                parameters = {
                    "mapping": (job.result or {})["mapping"], "wish": job.parameters["wish"], "check": job.pk,
                }  # fmt: skip
                asked = _ask(request, job.community, parameters, kind=import_jobs.IMPORT, file_of=job)
        return HttpResponseRedirect(address_of(asked))

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Deletes the kept file and the rows that were left out; what was brought in stays."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk)
        jobs = discard_file(request, job, kinds=KINDS)
        if jobs is None:
            return HttpResponseRedirect(address_of(job))
        import_jobs.forget_rejected(jobs)
        messages.success(request, _("The file was discarded, with the rows that were left out."))
        return HttpResponseRedirect(reverse("admin:issues_issue_changelist"))

    def rejected(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """The rows that were left out, as a file that can be corrected and imported again."""
        job = self._job(request, pk)
        file = (job.result or {}).get("file")
        if not file or not RejectedRow.objects.filter(job=job).exists():
            raise Http404
        kind = "text/csv" if ending(file["format"]) == ".csv" else "application/geo+json"
        name = f"rejected-{job.pk}{ending(file['format'])}"
        return StreamingHttpResponse(
            import_jobs.rejected_pieces(job),
            content_type=f"{kind}; charset={file['encoding']}" if kind == "text/csv" else kind,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )

    def mapping(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The mapping that was used, as a file for the next time or for the command."""
        job = self._job(request, pk)
        raw = (job.result or {}).get("mapping") or job.parameters.get("mapping")
        if not raw:
            raise Http404
        return HttpResponse(
            json.dumps(raw, ensure_ascii=False, indent=2),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="mapping-{job.pk}.json"'},
        )

    def _communities(self, request: HttpRequest) -> list[Community]:
        """Where this person may bring history in. Raises Http404 for nobody's."""
        mine = self.page.mine(request)
        every = Community.objects.defer("boundary").order_by("name")
        found = list(every if mine is None else every.filter(pk__in=mine))
        if not found:
            raise Http404
        return found

    def _job(self, request: HttpRequest, pk: int, *, kind: str = "") -> Job:
        mine = self.page.mine(request)
        jobs = Job.objects.filter(kind__in=[kind] if kind else KINDS).select_related("community")
        found: Job = get_object_or_404(jobs if mine is None else jobs.filter(community__in=mine), pk=pk)
        return found


def address_of(job: Job) -> str:
    """The page of a job of an import."""
    return reverse(f"admin:{SHOW}", args=[job.pk])


def _upload_address(community: Community) -> str:
    return f"{reverse(f'admin:{UPLOAD}')}?community={community.pk}"


def _ask(
    request: HttpRequest,
    community: Community,
    parameters: dict[str, Any],
    *,
    kind: str = import_jobs.CHECK,
    **file: Any,
) -> Job:
    return enqueue_job(
        community=community, kind=kind, at=timezone.now(), parameters=parameters, by=request.user, **file
    )


def _imports_of(job: Job) -> Any:
    return Job.objects.filter(community=job.community, kind=import_jobs.IMPORT, parameters__check=job.pk)


def _may_be_imported(job: Job) -> bool:
    found = job.result or {}
    return bool(job.input) and found.get("step") == import_jobs.PREVIEW and found["summary"]["imported"] > 0


def _checked(request: HttpRequest, job: Job, *, form: MappingForm | None = None) -> HttpResponse:
    """The report of a check, and the answers that led to it."""
    found = job.result or {}
    standing = _imports_of(job).filter(state__in=STANDING).first()
    return _page(
        request,
        "check.html",
        status=200 if form is None else 422,
        title=_("Import history: what the file holds"),
        job=job,
        job_error=error_in_words(job),
        problem=problem_in_words(found["problem"]) if found.get("problem") else found.get("mistake", ""),
        lines=_lines(found),
        file=found.get("file"),
        form=form or (_answers(job) if job.input and found else None),
        may_confirm=_may_be_imported(job) and standing is None,
        standing=address_of(standing) if standing else "",
        **_kept_rows(job),
        upload_address=_upload_address(job.community),
    )


def _kept_rows(job: Job) -> dict[str, int]:
    """How many rows were left out, and how many of them are kept."""
    rejected = ((job.result or {}).get("summary") or {}).get("rejected", {})
    return {"has_rejected": RejectedRow.objects.filter(job=job).count(), "all_rejected": sum(rejected.values())}


def _answers(job: Job) -> MappingForm:
    return MappingForm(community=job.community, found=job.result or {}, initial=dict(job.parameters["wish"]))


def _outcome(request: HttpRequest, job: Job) -> HttpResponse:
    """How an import ended, or how far it came."""
    return _page(
        request,
        "result.html",
        title=_("Import of history"),
        job=job,
        job_error=error_in_words(job),
        lines=_lines(job.result or {}),
        **_kept_rows(job),
        check_address=reverse(f"admin:{SHOW}", args=[job.parameters["check"]]) if "check" in job.parameters else "",
        upload_address=_upload_address(job.community),
    )


def _lines(found: dict[str, Any]) -> Any:
    if "summary" not in found:
        return []
    report = found.get("report", {}) | {"notes": [problem_in_words(note) for note in found.get("notes", ())]}
    return lines_of(Summary.from_json(found["summary"]), report)


def _page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
    shared = admin.site.each_context(request)
    return TemplateResponse(request, f"{FOLDER}/{template}", {**shared, **context}, status=status)


more_pages(lambda page: HistoryPages(page).addresses())
allow_larger(f"admin:{UPLOAD}", limit=MOST_BYTES)
show_jobs(import_jobs.CHECK, name=_("Check of a file of history"), page=address_of)
show_jobs(import_jobs.IMPORT, name=_("Import of history"), page=address_of)
