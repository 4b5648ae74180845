"""Bringing a register in through the administration: a file, its fields, a preview on a map, and the word to do it."""

from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.jobs import enqueue_job
from core.models import Job
from geodata.models import Community
from geodata.reading import MAX_BYTES
from media.uploads import allow_larger
from openmap import register_jobs
from openmap.admin_jobs import error_in_words, show_jobs, waiting_page
from openmap.admin_kept_files import asked_with_file, chosen_community, discard_file
from openmap.admin_maps import MAP_MEDIA
from openmap.admin_registers import RegisterAdmin, more_register_pages
from openmap.area_forms import UploadForm
from openmap.area_jobs import PREVIEW, file_unread
from openmap.area_preview_words import problem_in_words
from openmap.register_forms import RegisterAnswersForm, guesses
from openmap.register_preview_words import in_words, preview_map
from routing.models import Register

UPLOAD, SHOW, ANSWER, CONFIRM, DISCARD = (
    f"routing_register_import{step}" for step in ("", "_job", "_answers", "_confirm", "_discard")
)
FOLDER = "admin/routing/register"
KINDS = (register_jobs.CHECK, register_jobs.IMPORT)
STANDING = (Job.State.QUEUED, Job.State.RUNNING, Job.State.DONE)
NOTHING_READ: dict[str, Any] = {"crs": "", "layer": "", "lon": "", "lat": ""}


class RegisterImportPages:
    """The pages of an import, for the communities in which this person may bring registers in."""

    def __init__(self, page: RegisterAdmin) -> None:
        self.page = page

    def addresses(self) -> list[Any]:
        """Below the address of registers."""
        view = self.page.admin_site.admin_view
        return [
            path("import/", view(self.upload), name=UPLOAD),
            path("import/<int:pk>/", view(self.show), name=SHOW),
            path("import/<int:pk>/answers/", view(self.answer), name=ANSWER),
            path("import/<int:pk>/confirm/", view(self.confirm), name=CONFIRM),
            path("import/<int:pk>/discard/", view(self.discard), name=DISCARD),
        ]

    def upload(self, request: HttpRequest) -> HttpResponse:
        """Takes the file; what it holds is asked when it was read."""
        communities = self._communities(request)
        community = chosen_community(request, communities)
        about: dict[str, Any] = {"title": _("Import a register"), "communities": communities, "community": community}
        if community is None:
            return _page(request, "import.html", **about)
        sent = request.method == "POST"
        form = UploadForm(request.POST, request.FILES) if sent else UploadForm()
        if sent and form.is_valid():
            parameters = {"typed": {}, "read": NOTHING_READ, "answers": None}
            job = asked_with_file(form, lambda file: _ask(request, community, parameters, file=file))
            if job is not None:
                return HttpResponseRedirect(address_of(job))
        return _page(request, "import.html", status=422 if sent else 200, upload=form, **about)

    def show(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Whatever comes next: waiting, questions, the preview, the outcome."""
        job = self._job(request, pk)
        if not job.is_over:
            is_check = job.kind == register_jobs.CHECK
            return waiting_page(
                request, job, title=str(_("Checking a file of a register") if is_check else _("Importing a register"))
            )
        if job.state == Job.State.DONE and job.result and job.result["step"] == PREVIEW:
            return _preview(request, job)
        return _outcome(request, job) if job.kind == register_jobs.IMPORT else _questions(request, job)

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The questions about a file that is kept; new answers make a new check of it."""
        job = self._job(request, pk)
        if request.method != "POST":
            return _questions(request, job)
        if not job.input:
            messages.error(request, _("The file is no longer kept: upload it again."))
            return HttpResponseRedirect(_upload_address(job.community))
        form = RegisterAnswersForm(request.POST, community=job.community, file=_file_of(job))
        if not form.is_valid():
            return _questions(request, job, form=form)
        return HttpResponseRedirect(address_of(_ask(request, job.community, form.parameters(), file_of=job)))

    def confirm(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks a worker to write what the preview shows; a second press leads to the same job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk)
        with transaction.atomic():
            Job.objects.select_for_update().get(pk=job.pk)
            asked = _imports_of(job).filter(state__in=STANDING).first()
            if asked is None:
                if not _may_be_written(job):
                    messages.error(request, _("This cannot be imported: check the file again."))
                    return HttpResponseRedirect(address_of(job))
                parameters = job.parameters | {"check": job.pk, "digest": (job.result or {})["digest"]}
                asked = _ask(request, job.community, parameters, kind=register_jobs.IMPORT, file_of=job)
        return HttpResponseRedirect(address_of(asked))

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Deletes the kept file; nothing else was ever changed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk)
        if discard_file(request, job, kinds=KINDS) is None:
            return HttpResponseRedirect(address_of(job))
        messages.success(request, _("The file was discarded. Nothing was changed."))
        return HttpResponseRedirect(reverse("admin:routing_register_changelist"))

    def _communities(self, request: HttpRequest) -> list[Community]:
        """Where this person may bring registers in. Raises Http404 for nobody's."""
        mine = self.page.mine(request)
        every = Community.objects.defer("boundary").order_by("name")
        found = list(every if mine is None else every.filter(pk__in=mine))
        if not found:
            raise Http404
        return found

    def _job(self, request: HttpRequest, pk: int) -> Job:
        mine = self.page.mine(request)
        jobs = Job.objects.filter(kind__in=KINDS).select_related("community")
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
    kind: str = register_jobs.CHECK,
    **file: Any,
) -> Job:
    return enqueue_job(
        community=community, kind=kind, at=timezone.now(), parameters=parameters, by=request.user, **file
    )


def _imports_of(job: Job) -> Any:
    """The jobs that were asked to write this preview; one that found another state of things has its own preview."""
    asked = Job.objects.filter(community=job.community, kind=register_jobs.IMPORT, parameters__check=job.pk)
    return asked.exclude(state=Job.State.DONE, result__step=PREVIEW)


def _may_be_written(job: Job) -> bool:
    found = job.result or {}
    return bool(job.input) and found.get("step") == PREVIEW and not found["refusals"]


def _file_of(job: Job) -> dict[str, Any]:
    """What was read of the file when it was checked."""
    found: dict[str, Any] = (job.result or {}).get("file") or file_unread()
    return found


def _questions(request: HttpRequest, job: Job, *, form: RegisterAnswersForm | None = None) -> HttpResponse:
    """The answers as they were typed, beside what is wrong with them or with the file."""
    file, result = _file_of(job), job.result or {}
    typed = job.parameters["typed"]
    known = guesses(file) | {name: given for name, given in typed.items() if given}
    status = 200 if form is None else 422
    return _page(
        request,
        "import_choose.html",
        status=status,
        title=_("Import a register: what the file holds"),
        job=job,
        job_error=error_in_words(job),
        problem=problem_in_words(result["problem"]) if result.get("problem") else "",
        file=file,
        form=form or RegisterAnswersForm(initial=known, community=job.community, file=file),
        upload_address=_upload_address(job.community),
    )


def _preview(request: HttpRequest, job: Job) -> HttpResponse:
    found, answers = job.result or {}, job.parameters["answers"]
    standing = _imports_of(job).filter(state__in=STANDING).first()
    stored = Register.objects.filter(community=job.community, code=answers["register"]).first()
    return _page(
        request,
        "import_preview.html",
        title=_("Import a register: preview"),
        job=job,
        preview=found,
        words=in_words(found),
        register=answers["register_name"] or (stored.name if stored else answers["register"]),
        first_day=date.fromisoformat(answers["valid_from"]),
        kept=answers.get("kept", ()),
        may_confirm=_may_be_written(job) and standing is None,
        standing=address_of(standing) if standing else "",
        geo_map=preview_map(job.community, found),
        upload_address=_upload_address(job.community),
        media=MAP_MEDIA,
    )


def _outcome(request: HttpRequest, job: Job) -> HttpResponse:
    """How an import ended."""
    code = job.parameters["answers"]["register"]
    register = Register.objects.filter(community=job.community, code=code).first()
    return _page(
        request,
        "import_result.html",
        title=_("Import of a register"),
        job=job,
        job_error=error_in_words(job),
        words=in_words(job.result) if job.result else None,
        preview_address=reverse(f"admin:{SHOW}", args=[job.parameters["check"]]),
        register_address=reverse("admin:routing_register_change", args=[register.pk]) if register else "",
    )


def _page(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> TemplateResponse:
    shared = admin.site.each_context(request)
    return TemplateResponse(request, f"{FOLDER}/{template}", {**shared, **context}, status=status)


more_register_pages(lambda page: RegisterImportPages(page).addresses())
allow_larger(f"admin:{UPLOAD}", limit=MAX_BYTES)
show_jobs(register_jobs.CHECK, name=_("Check of a file of a register"), page=address_of)
show_jobs(register_jobs.IMPORT, name=_("Import of a register"), page=address_of)
