"""The jobs of registers: “register.check” shows what a file would do, “register.import” does it, “register.on_map” puts
a long register on the map or takes it away.

Parameters of the first two: `typed` is what stands in the form; `read` says how the file is read (crs, layer, lon,
lat); `answers` are all answers of the form (None while some are missing or wrong). The file is uploaded once.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.jobs import JobRefusedError, Running, input_of, job_kind
from core.models import Job
from geodata.area_preview import problem_as_json, storable
from geodata.candidates import IDENTITY, NUMBER, surroundings_of
from geodata.features import ChooseLayerError, Feature, FeatureFile
from geodata.problems import Problem, RefusedError
from geodata.reading import read_features
from geodata.reading_tables import LATITUDES, LONGITUDES, Table, is_table, read_table
from openmap.area_jobs import CHOOSE, PREVIEW, WRITTEN, about, file_unread
from routing.models import Register
from routing.register_import import import_register, never
from routing.register_map import show_on_map
from routing.register_plan import RegisterPlan
from routing.register_preview import counts_of, digest_of, keepers_in, preview_of
from routing.register_rows import AssetRow, rows_of
from routing.register_values import Fields

CHECK, IMPORT, ON_MAP = "register.check", "register.import", "register.on_map"
FIELDS = ("name", "number", "keeper", "edrpou", "entrances")  # those that a register may leave out
STEPS = 3


@job_kind(CHECK)
def check(running: Running) -> dict[str, Any]:
    """Reads the file; when everything is answered, tells what an import would do. What is wrong is a result too."""
    job = running.job
    data = input_of(job)
    running.progress(0, STEPS)
    try:
        source, file = _opened(job, data)
    except RefusedError as refusal:
        layers = refusal.layers if isinstance(refusal, ChooseLayerError) else ()
        problem = problem_as_json(refusal.problem)
        return {"step": CHOOSE, "problem": problem, "file": file_unread(layers=[storable(name) for name in layers])}
    running.progress(1, STEPS)
    if source is None or not _is_answered(job, file):
        return {"step": CHOOSE, "problem": None, "file": file}
    rows, problems = _rows(job, source)
    running.progress(2, STEPS)
    return {"step": PREVIEW, "file": file, **preview_of(_import(job, rows, problems, at=running.now(), agrees=never))}


@job_kind(IMPORT)
def bring(running: Running) -> dict[str, Any]:
    """Writes what was previewed, all of it or nothing; what changed meanwhile is shown as a new preview."""
    job = running.job
    running.progress(0, STEPS)
    try:
        source, file = _opened(job, input_of(job))
    except RefusedError as refusal:
        raise JobRefusedError(refusal.problem.text) from refusal
    assert source is not None, "a table whose columns nobody named has no preview"
    rows, problems = _rows(job, source)
    running.progress(1, STEPS)
    shown = job.parameters["digest"]
    with transaction.atomic():
        plan = _import(job, rows, problems, at=running.now(), agrees=lambda plan: digest_of(plan) == shown)
        if plan.written:
            result: dict[str, Any] = {"step": WRITTEN, "counts": counts_of(plan), "keepers": keepers_in(plan)}
        elif plan.is_overtaken:
            raise JobRefusedError(plan.refusals[-1].text)
        else:
            result = {"step": PREVIEW, "file": file, "differs": True, **preview_of(plan)}
        running.complete(result)
    return result


@job_kind(ON_MAP)
def switch(running: Running) -> dict[str, Any]:
    """Puts the register on the map, or takes it away, as `is_on_map` of the parameters says."""
    wanted = running.parameters
    running.progress(0, 1)
    with transaction.atomic():
        register = Register.objects.select_related("community").filter(pk=wanted["register"]).first()
        if register is None:
            raise JobRefusedError(_("The register is no more."))
        show_on_map(register, wanted["is_on_map"], at=running.now())
        result = {"is_on_map": wanted["is_on_map"]}
        running.complete(result)
    return result


def _opened(job: Job, data: bytes) -> tuple[FeatureFile | None, dict[str, Any]]:
    """The file, and what the form has to know of it; of a table nothing more until its columns are named."""
    read = job.parameters["read"]
    if not is_table(job.input_name):
        source = read_features(data, name=job.input_name, crs=read["crs"], layer=read["layer"])
        return source, about(source)
    table = read_table(data)
    lon, lat = read["lon"], read["lat"]
    is_asked = job.parameters["answers"] is not None
    points = table.features(lon=lon, lat=lat, crs=read["crs"]) if is_asked else None
    return points, _about_table(table)


def _about_table(table: Table) -> dict[str, Any]:
    rows = [Feature(number, None, dict(row), None) for number, row in enumerate(table.rows, start=1)]
    told = about(FeatureFile(rows, format="CSV", fields=table.columns))
    return told | {"lon": table.guess(LONGITUDES), "lat": table.guess(LATITUDES), "is_table": True}


def _rows(job: Job, source: FeatureFile) -> tuple[list[AssetRow], list[Problem]]:
    answers = job.parameters["answers"]
    fields = Fields(
        key=answers["key"],
        **{name: answers[name] for name in FIELDS},
        attributes=tuple(answers.get("kept", ())),
    )
    return rows_of(source, kind=answers["kind"], fields=fields, around=surroundings_of(job.community))


def _import(
    job: Job,
    rows: Sequence[AssetRow],
    problems: Sequence[Problem],
    *,
    at: datetime,
    agrees: Callable[[RegisterPlan], bool],
) -> RegisterPlan:
    answers = job.parameters["answers"]
    return import_register(
        job.community,
        answers["register"],
        kind=answers["kind"],
        rows=rows,
        problems=problems,
        valid_from=date.fromisoformat(answers["valid_from"]),
        name=answers["register_name"],
        close_missing=answers["close_missing"],
        at=at,
        agrees=agrees,
    )


def _is_answered(job: Job, file: dict[str, Any]) -> bool:
    """True when everything is answered, with fields that this file has: another layer has others."""
    answers = job.parameters["answers"]
    known = {"", IDENTITY, NUMBER, *(field["name"] for field in file["fields"])}
    if answers is None:
        return False
    return {answers["key"], *(answers[name] for name in FIELDS), *answers.get("kept", ())} <= known
