"""The jobs of an import of history: “issues.import_check” tells what a file would do, “issues.import” does it.

Parameters: `mapping` is the object of JSON that issues.import_mapping reads, None while nobody has described the file;
`wish` is how to import; `check` is the job whose result was confirmed. Each batch is written in one transaction with
how far the job is: another try goes on from there, and no row is there twice or lost.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override
from django_scopes import scopes_disabled

from core.jobs import KEEP_INPUT, JobRefusedError, Running, enqueue_job, job_kind
from core.models import Job
from geodata.area_preview import problem_as_json, storable
from geodata.models import Community
from geodata.problems import RefusedError
from issues.import_forgetting import forget
from issues.import_mapping import JOINED, FileMapping, MappingError, mapping_of
from issues.import_models import RejectedRow
from issues.import_reasons import reason_of
from issues.import_rejects import bounded_row, encoder, rejects_of
from issues.import_sources import CSV, Source, open_source
from issues.import_suggest import LOOKED_AT, suggest
from issues.import_tracking import TOO_LONG, Tracker
from issues.importing import Import, Rejected, Summary, Wish

CHECK, IMPORT = "issues.import_check", "issues.import"
CHOOSE, PREVIEW, UNDER_WAY, WRITTEN = "choose", "preview", "under_way", "written"
MOST_KEPT = 100_000  # rejected rows of one job; all are counted
MOST_KEPT_BYTES = 128 * 2**20  # of them
THOUSAND = 1000  # progress is told in so many parts of the file
CHUNK = 500
MOST_WORDS = 60  # of each kind whose meaning is asked


def ask_for_import(
    community: Community, *, mapping: dict[str, Any], wish: Wish, at: datetime, by: Any = None, **file: Any
) -> Job:
    """Asks a worker to bring a file in, in the caller's transaction. `file` or `file_of` as core.jobs takes them."""
    asked = {"mapping": mapping, "wish": asdict(wish)}
    return enqueue_job(community=community, kind=IMPORT, at=at, parameters=asked, by=by, **file)


@job_kind(CHECK)
def check(running: Running) -> dict[str, Any]:
    """What an import would do; of a file that nobody has described, by the mapping that suggests itself."""
    found: dict[str, Any] = _storable(_checked(running))
    return found


def _checked(running: Running) -> dict[str, Any]:
    running.progress(0, THOUSAND)
    raw, zone = running.parameters["mapping"], running.community.time_zone
    known: dict[str, Any] = {"mapping": raw or {}, "suggested": {}, "file": {}, "words": {}}
    RejectedRow.objects.filter(job=running.job).delete()  # those of a try that broke off
    with running.input_file() as path:
        try:
            reading = mapping_of(raw or {}, default_zone=zone)
            with open_source(path, mapping=reading, rows=LOOKED_AT) as source:
                suggested = suggest(source, community=running.community)
            raw = raw if raw and raw.get("columns") else over(suggested, raw or {})
            known = {"mapping": raw, "suggested": suggested, "file": {}, "words": _words(suggested, {})}
            mapping = mapping_of(known["mapping"], default_zone=zone)
            with open_source(path, mapping=mapping) as source:
                known["file"] = about(source)
                tried = _tried(running, source, mapping)
            return known | tried | {"words": _words(suggested, tried["report"])}
        except RefusedError as refusal:
            layers = [storable(name) for name in getattr(refusal, "layers", ())]
            return known | {"step": CHOOSE, "problem": problem_as_json(refusal.problem), "layers": layers}
        except MappingError as mistake:
            return known | {"step": CHOOSE, "mistake": str(mistake)}


def over(suggested: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """What suggests itself, where a mapping says nothing of it: somebody chose a layer before there were columns."""
    found = {**suggested, **{part: said for part, said in raw.items() if said}}
    for part in set(JOINED) & set(suggested) & set(raw):
        if isinstance(raw[part], dict):
            told = {word.strip().casefold() for word in raw[part]}
            found[part] = {word: said for word, said in suggested[part].items() if word.casefold() not in told}
            found[part] |= raw[part]
    return found


def _words(suggested: dict[str, Any], report: dict[str, Any]) -> dict[str, list[str]]:
    """Words of the file whose meaning a person may have to tell."""
    found = {"status": list(suggested.get("statuses", ())), "category": list(suggested.get("categories", ()))}
    for part, counted in report.get("unknown", {}).items():
        asked = found.setdefault("organisation" if part.startswith("organisation") else part, [])
        asked += [said for said, _count in counted if said not in ("", TOO_LONG, *asked)]
    return {part: words[:MOST_WORDS] for part, words in found.items()}


def _tried(running: Running, source: Source, mapping: FileMapping) -> dict[str, Any]:
    """Raises MappingError and RefusedError."""
    fitting = mapping.of_a_file_with(source.fields, has_places=source.has_places)
    wish = Wish(**{**running.parameters["wish"], "dry_run": True})
    with closing(Tracker()) as tracker:
        way = Import(
            source,
            community=running.community,
            mapping=fitting,
            wish=wish,
            at=running.now(),
            watcher=_Watch(running),
            tracker=tracker,
        )
        summary = way.run()
        report = tracker.report(zone=mapping.zone.key)
    notes = [problem_as_json(note) for note in source.notes]
    return {"step": PREVIEW, "summary": summary.as_json(), "report": report, "notes": notes}


@job_kind(IMPORT)
def bring(running: Running) -> dict[str, Any]:
    """Brings the file in, from where an earlier try was stopped."""
    wish = Wish(**{**running.parameters["wish"], "dry_run": False})
    done = Summary.from_json(running.kept["summary"]) if running.kept else None
    with running.input_file() as path:
        try:
            mapping = mapping_of(running.parameters["mapping"], default_zone=running.community.time_zone)
            with open_source(path, mapping=mapping) as source:
                way = Import(
                    source,
                    community=running.community,
                    mapping=mapping.of_a_file_with(source.fields, has_places=source.has_places),
                    wish=wish,
                    at=running.now(),
                    watcher=(watch := _Watch(running, file=about(source))),
                    done=done,
                )
                way.run()
        except RefusedError as refusal:
            raise JobRefusedError(refusal.problem.text) from refusal
        except MappingError as mistake:
            raise JobRefusedError(str(mistake)) from mistake
    return watch.told(way.summary) | {"step": WRITTEN}


class _Watch:
    """Keeps rejected rows, and, where `file` is given, how far the import is, in the transaction of each batch."""

    def __init__(self, running: Running, *, file: dict[str, Any] | None = None) -> None:
        self._running, self._file = running, file

    def keep(self, summary: Summary, rejected: Sequence[Rejected]) -> None:
        """Raises JobStoppedError when the job is another worker's by now."""
        room = MOST_KEPT - (summary.rejected.total() - len(rejected))
        rows = []
        for one in rejected[: max(room, 0)]:
            row = _row(self._running.job, one)
            summary.kept_bytes += len(row.raw)
            if summary.kept_bytes > MOST_KEPT_BYTES:
                break
            rows.append(row)
        RejectedRow.objects.bulk_create(rows, batch_size=CHUNK)
        if self._file is not None:
            self._running.keep(self.told(summary) | {"step": UNDER_WAY})

    def progress(self, summary: Summary, share: float) -> None:
        """Raises JobStoppedError."""
        self._running.progress(min(int(share * THOUSAND), THOUSAND - 1), THOUSAND)

    def told(self, summary: Summary) -> dict[str, Any]:
        """What the job keeps of it."""
        return {"summary": _storable(summary.as_json()), "file": self._file}


def forget_rejected(jobs: Sequence[int]) -> None:
    """Deletes the rejected rows of these jobs, and the words of the file that they know: their file was discarded."""
    RejectedRow.objects.filter(job__in=jobs).delete()
    forget(Job.objects.filter(pk__in=jobs))


def clear_old_rejected(*, at: datetime) -> int:
    """Deletes rejected rows of jobs that ended long ago, as core.jobs does with their files, and the words that they
    know. Returns how many rows."""
    before = at - KEEP_INPUT
    with scopes_disabled():
        count: int = RejectedRow.objects.filter(job__finished_at__lt=before).delete()[0]
        forget(Job.objects.filter(kind__in=(CHECK, IMPORT), finished_at__lt=before))
    return count


def about(source: Source) -> dict[str, Any]:
    """What a page and the file of rejected rows have to know of the file."""
    names = ("format", "encoding", "delimiter", "has_places", "declared")
    return {name: getattr(source, name) for name in names} | {"fields": [storable(name) for name in source.fields]}


def rejected_pieces(job: Job) -> Iterator[bytes]:
    """The rejected rows of a job as a file in the format of what was read, in the language of the moment of the call.
    They are read piece by piece: it may be called in a scope and followed outside it."""
    return _pieces(job, language=get_language() or settings.LANGUAGE_CODE)


def _pieces(job: Job, *, language: str) -> Iterator[bytes]:
    file = (job.result or {})["file"]
    text = rejects_of(file)
    encode = encoder(file["encoding"]) if file["format"] == CSV else str.encode
    yield encode(text.head())
    last = -1
    while rows := _rejected_after(job, last):
        last = rows[-1][0]
        with override(language):  # and never across a yield
            reasons = [reason_of(code, **json.loads(details)) for _line, code, details, _raw in rows]
        told = zip(rows, reasons, strict=True)
        yield b"".join(encode(text.row((line, why, json.loads(raw)))) for (line, _code, _details, raw), why in told)
    yield encode(text.tail())


def _rejected_after(job: Job, line: int) -> list[tuple[int, str, str, str]]:
    with scopes_disabled():
        rows = RejectedRow.objects.filter(job=job, line__gt=line).order_by("line")
        return list(rows.values_list("line", "code", "details", "raw")[:CHUNK])


def _row(job: Job, one: Rejected) -> RejectedRow:
    return RejectedRow(
        community_id=job.community_id,
        job=job,
        line=one.record.line,
        code=one.code,
        details=json.dumps({name: str(value) for name, value in one.details.items()}),
        raw=bounded_row(one.record.raw),
    )


def _storable(found: Any) -> Any:
    """The same, without what PostgreSQL keeps in no JSON."""
    if isinstance(found, str):
        return storable(found)
    if isinstance(found, dict):
        return {storable(str(name)): _storable(value) for name, value in found.items()}
    return [_storable(one) for one in found] if isinstance(found, list | tuple) else found
