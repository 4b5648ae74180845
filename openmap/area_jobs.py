"""The jobs that bring areas in: “areas.check” reads a file and shows what it would do, “areas.import” does it.

A job's parameters: `typed` is what stands in the form; `crs` and `layer` say how the file is read; `answers` are all
answers of the form (None while some are missing or wrong). The file is uploaded once and kept for all of them.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.jobs import JobRefusedError, Running, input_of, job_kind
from core.models import Job
from geodata.actions import MOST_ATTEMPTS, plan_import, write_import
from geodata.area_plan import AreaPlan
from geodata.area_preview import counts_of, digest_of, preview_of, problem_as_json, storable
from geodata.candidates import IDENTITY, NUMBER, Candidate, candidates_of, surroundings_of
from geodata.features import ChooseLayerError, FeatureFile
from geodata.problems import Problem, RefusedError
from geodata.reading import read_features

CHECK, IMPORT = "areas.check", "areas.import"
# What a job found out: the form has to be answered, what would happen, that it happened.
CHOOSE, PREVIEW, WRITTEN = "choose", "preview", "written"
EXAMPLES = 3  # values shown beside the name of a field
STEPS = 3
Found = tuple[list[Candidate], list[Problem]]


@job_kind(CHECK)
def check(running: Running) -> dict[str, Any]:
    """Reads the file; when everything is answered, tells what an import would do. What is wrong is a result too."""
    job = running.job
    data = input_of(job)
    running.progress(0, STEPS)
    try:
        source = _read(job, data)
    except RefusedError as refusal:
        layers = refusal.layers if isinstance(refusal, ChooseLayerError) else ()
        problem = problem_as_json(refusal.problem)
        return {"step": CHOOSE, "problem": problem, "file": file_unread(layers=[storable(name) for name in layers])}
    running.progress(1, STEPS)
    file = about(source)
    if not _is_answered(job, file):
        return {"step": CHOOSE, "problem": None, "file": file}
    found = _candidates(job, source)
    running.progress(2, STEPS)
    return {"step": PREVIEW, "file": file, **preview_of(_plan(job, found, today=_today(running)))}


@job_kind(IMPORT)
def bring(running: Running) -> dict[str, Any]:
    """Writes what was previewed, all of it or nothing; what changed meanwhile is shown as a new preview."""
    job = running.job
    running.progress(0, STEPS)
    source = _opened(job)
    running.progress(1, STEPS)
    found = _candidates(job, source)
    for _attempt in range(MOST_ATTEMPTS):
        plan = _plan(job, found, today=_today(running))
        running.progress(2, STEPS)
        if digest_of(plan) != job.parameters["digest"]:
            return {"step": PREVIEW, "file": about(source), "differs": True, **preview_of(plan)}
        with transaction.atomic():
            if _is_written(job, plan):
                result = {"step": WRITTEN, "counts": counts_of(plan)}
                running.complete(result)
                return result
    raise JobRefusedError(Problem("stored_meanwhile").text)


def bring_in(job: Job, *, today: date) -> Callable[[], None]:
    """Plans what a job previewed; the function that it returns writes the areas, as often as it is called.

    Both inside the scope of the job's community, and both raise JobRefusedError.
    """
    if not job.parameters.get("answers"):
        raise JobRefusedError(_("There is no preview of these areas: check the file first."))
    plan = _plan(job, _candidates(job, _opened(job)), today=today)

    def write() -> None:
        if not _is_written(job, plan):
            raise JobRefusedError(Problem("stored_meanwhile").text)

    return write


def _opened(job: Job) -> FeatureFile:
    """The kept file. Raises JobRefusedError."""
    try:
        return _read(job, input_of(job))
    except RefusedError as refusal:
        raise JobRefusedError(refusal.problem.text) from refusal


def _read(job: Job, data: bytes) -> FeatureFile:
    asked = job.parameters
    return read_features(data, name=job.input_name, crs=asked["crs"], layer=asked["layer"])


def _today(running: Running) -> date:
    return running.community.day_of(running.now())


def _candidates(job: Job, source: FeatureFile) -> Found:
    answers = job.parameters["answers"]
    return candidates_of(
        source,
        code=answers["code"],
        name=answers["name"],
        around=surroundings_of(job.community),
        only_polygons=answers["only_polygons"],
    )


def _plan(job: Job, found: Found, *, today: date) -> AreaPlan:
    answers = job.parameters["answers"]
    candidates, problems = found
    return plan_import(
        job.community,
        answers["division"],
        candidates=candidates,
        problems=problems,
        valid_from=date.fromisoformat(answers["valid_from"]),
        today=today,
        close_missing=answers["close_missing"],
        set_boundary=answers["set_boundary"],
    )


def _is_written(job: Job, plan: AreaPlan) -> bool:
    """False when what is stored has changed since the plan was made. Raises JobRefusedError with the first refusal."""
    if plan.refusals:
        raise JobRefusedError(plan.refusals[0].text)
    answers = job.parameters["answers"]
    return write_import(plan, job.community, answers["division"], name=answers["division_name"])


def _is_answered(job: Job, file: dict[str, Any]) -> bool:
    """True when everything is answered, with fields that this file has: another layer has others."""
    answers = job.parameters["answers"]
    known = {IDENTITY, NUMBER, *(field["name"] for field in file["fields"])}
    return answers is not None and {answers["code"], answers["name"]} <= known


def about(source: FeatureFile) -> dict[str, Any]:
    """What the form offers to choose from. Names that no JSON keeps cannot be chosen."""
    fields = [
        {"name": field, "examples": _examples(source, field), "tells_apart": _tells_apart(source, field)}
        for field in source.fields
        if storable(field) == field
    ]
    layers = [layer for layer in source.layers if storable(layer) == layer]
    return file_unread(
        layers=layers, fields=fields, format=source.format, layer=storable(source.layer), count=len(source.features)
    )


def file_unread(**known: Any) -> dict[str, Any]:
    """What is told of a file before anything is known, but for what is."""
    return {"format": "", "layers": [], "layer": "", "fields": [], "count": 0} | known


def _examples(source: FeatureFile, field: str) -> str:
    """The first different values, so that a person recognises the field."""
    values: dict[str, None] = {}
    for feature in source.features[:200]:
        value = feature.properties.get(field)
        if isinstance(value, str | int | float) and value != "":
            values[storable(str(value))[:40]] = None
        if len(values) == EXAMPLES:
            break
    return ", ".join(values)


def _tells_apart(source: FeatureFile, field: str) -> bool:
    """True when every feature has a value there, and no two the same."""
    values = [feature.properties.get(field) for feature in source.features]
    told = {str(value).strip() for value in values if isinstance(value, str | int | float)} - {""}
    return len(told) == len(values)
