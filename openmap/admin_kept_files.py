"""Files that people bring in through the administration and that jobs read: kept, or discarded, or a word why not;
and for which community."""

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from core.files import NOT_NOW, StorageAwayError
from core.models import Job
from geodata.models import Community


def asked_with_file(form: Form, ask: Callable[[Any], Job]) -> Job | None:
    """The job that `ask` asks for with the form's file; None, with a word at its field, when it cannot be kept now."""
    try:
        return ask(form.cleaned_data["file"])
    except StorageAwayError:
        form.add_error("file", NOT_NOW)
        return None


def discard_file(request: HttpRequest, job: Job, *, kinds: Collection[str]) -> list[int] | None:
    """Deletes the file that the job reads. Returns the keys of all jobs of these kinds that read it, this one too.

    None, with a word for the next page, when nothing was done: one of them still works, or the storage is away.
    """
    if not job.input:
        return [job.pk]
    using = Job.objects.filter(community=job.community, kind__in=kinds, input=job.input.name)
    if using.filter(finished_at=None).exists():
        messages.error(request, _("A job still works with this file: stop it first."))
        return None
    keys = list(using.values_list("pk", flat=True))
    try:
        job.input.delete(save=False)
    except StorageAwayError:
        messages.error(request, _("The file cannot be deleted right now. Try again a few minutes later."))
        return None
    Job.objects.filter(pk__in=keys).update(input="")
    return keys


def chosen_community(request: HttpRequest, communities: list[Community]) -> Community | None:
    """The community that the address names, or the only one. Raises Http404 for one of other people."""
    named = request.GET.get("community", "")
    if not named:
        return communities[0] if len(communities) == 1 else None
    chosen = next((one for one in communities if str(one.pk) == named), None)
    if chosen is None:
        raise Http404
    return chosen
