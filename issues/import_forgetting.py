"""What jobs of an import know of the words of their file is forgotten with it: words may name people."""

from typing import Any

from django.db.models import QuerySet

from core.models import Job
from issues.import_mapping import JOINED

FORGOTTEN = "forgotten"  # in the parameters of a job whose words are gone
_WORDS = tuple(part for part in JOINED if part != "columns")


def forget(jobs: "QuerySet[Job]") -> None:
    """Takes the words out of parameters and results. What was counted, and the names of columns, stay."""
    for job in jobs.exclude(parameters__has_key=FORGOTTEN).only("pk", "parameters", "result").iterator(chunk_size=50):
        job.parameters = {**job.parameters, "mapping": _silent(job.parameters.get("mapping")), FORGOTTEN: True}
        if job.result:
            job.result = _without_words(job.result)
        job.save(update_fields=["parameters", "result"])


def _without_words(result: dict[str, Any]) -> dict[str, Any]:
    found = {name: part for name, part in result.items() if name not in ("suggested", "words")}
    if "mapping" in found:
        found["mapping"] = _silent(found["mapping"])
    if "report" in found:
        found["report"] = {**found["report"], "unknown": {}, "unknown_count": {}}
    return found


def _silent(mapping: Any) -> Any:
    if not isinstance(mapping, dict):
        return mapping
    return {part: said for part, said in mapping.items() if part not in _WORDS}
