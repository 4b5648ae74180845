"""The jobs of “what if”: a draft of rules, or boundaries that were checked, tried on the last months.

Their results hold `on`, the day as of which both sides were asked, and `reads`, the fingerprints of what they read.
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.jobs import JobRefusedError, Running, enqueue_job, job_kind
from core.models import Job
from geodata.models import Community
from openmap.area_jobs import bring_in
from routing.models import RuleSet
from routing.rulesets import set_before, set_in_force
from routing.whatif import Outcome, try_areas, try_rules, what_it_reads

RULES, AREAS = "rules.try", "areas.try"
MONTHS = (1, 3, 6, 12, 24)
MONTH = timedelta(days=365.25 / 12)


class Stale(StrEnum):
    """Why the result of a trial is no longer what a new trial would find."""

    PUBLISHED = "published"
    DISCARDED = "discarded"
    CHANGED = "changed"
    OTHER_SET = "other_set"
    AROUND = "around"


def first_day_of(draft: RuleSet, *, at: datetime) -> date:
    """The first day on which the draft could come into force: today, or with the set before it, when that waits."""
    community, before = draft.community, set_before(draft)
    return community.day_of(max(at, before.in_force_from) if before and before.in_force_from else at)


def ask_for_rules(draft: RuleSet, *, months: int, on: date, by: Any, at: datetime) -> Job:
    """Asks a worker to try a draft, as of the day `on`, on what happened in the last months."""
    parameters = {"ruleset": draft.pk, "months": months, "until": at.isoformat(), "on": on.isoformat()}
    return enqueue_job(community=draft.community, kind=RULES, parameters=parameters, by=by, at=at)


@job_kind(RULES)
def run_rules(running: Running) -> dict[str, Any]:
    """The draft against the set that it would follow."""
    draft = RuleSet.objects.filter(pk=running.parameters["ruleset"]).first()
    against = set_before(draft) if draft else None
    since, until = _time(running)
    if draft is None or against is None:
        raise JobRefusedError(_("There are no rules in force to compare with."))
    on = _day_for(draft, running.parameters, at=until)
    reads = what_it_reads(against=against, draft=draft, on=on)
    outcome = try_rules(draft=draft, against=against, on=on, since=since, until=until, progress=running.progress)
    return _result(outcome, on, reads)


def ask_for_areas(checked: Job, *, months: int, by: Any, at: datetime) -> Job:
    """Asks a worker to try the boundaries of a checked import on what happened in the last months."""
    parameters = {"checked": checked.pk, "months": months, "until": at.isoformat()}
    return enqueue_job(community=checked.community, kind=AREAS, parameters=parameters, by=by, at=at)


@job_kind(AREAS)
def run_areas(running: Running) -> dict[str, Any]:
    """The boundaries of a checked import against those without it, on the first day on which it could hold."""
    checked = Job.objects.filter(pk=running.parameters["checked"]).first()
    since, until = _time(running)
    if checked is None or not checked.parameters["answers"]:
        raise JobRefusedError(_("There is no preview of these areas: check the file first."))
    on = _day_of(checked, at=until)
    in_force = _set_on(running.community, on, at=until)
    if in_force is None:
        raise JobRefusedError(_("There are no rules in force to compare with."))
    reads = what_it_reads(against=in_force, draft=None, on=on)
    outcome = try_areas(
        in_force=in_force,
        bring_in=bring_in(checked, today=running.community.day_of(until)),
        on=on,
        since=since,
        until=until,
        progress=running.progress,
    )
    return _result(outcome, on, reads)


def why_stale(job: Job, *, at: datetime) -> Stale | None:
    """Why the result of a trial that was done is no longer true; None while a new one would read the same."""
    kept = (job.result or {}).get("reads")
    if kept is None:
        return Stale.AROUND
    if job.kind == AREAS:
        return _why_other(kept, _read_by_areas(job, at))
    draft = RuleSet.objects.select_related("community").get(pk=job.parameters["ruleset"])
    if not draft.is_draft:
        return Stale.DISCARDED if draft.discarded_at else Stale.PUBLISHED
    against = set_before(draft)
    on = _day_for(draft, job.parameters, at=at)
    return _why_other(kept, what_it_reads(against=against, draft=draft, on=on) if against else None)


def _why_other(kept: dict[str, Any], now: dict[str, Any] | None) -> Stale | None:
    if now is None or kept["against"] != now["against"]:
        return Stale.OTHER_SET
    if kept["draft"] != now["draft"]:
        return Stale.CHANGED
    return Stale.AROUND if kept != now else None


def _read_by_areas(job: Job, at: datetime) -> dict[str, Any] | None:
    """What the trial of boundaries would read now; None when there is nothing to try any more."""
    checked = Job.objects.filter(pk=job.parameters["checked"]).first()
    on = _day_of(checked, at=at) if checked else job.community.day_of(at)
    in_force = _set_on(job.community, on, at=at)
    return what_it_reads(against=in_force, draft=None, on=on) if in_force else None


def _day_for(draft: RuleSet, parameters: dict[str, Any], *, at: datetime) -> date:
    """The day that was asked for, or the first possible one, when that is later."""
    first = first_day_of(draft, at=at)
    return max(first, date.fromisoformat(parameters["on"])) if "on" in parameters else first


def _day_of(checked: Job, *, at: datetime) -> date:
    """The first day of the boundaries, or today, when they began before."""
    return max(date.fromisoformat(checked.parameters["answers"]["valid_from"]), checked.community.day_of(at))


def _set_on(community: Community, day: date, *, at: datetime) -> RuleSet | None:
    """The set that is in force when that day begins; today, the one in force now."""
    begins = datetime.combine(day, time(), tzinfo=ZoneInfo(community.time_zone))
    return set_in_force(community, at=max(at, begins))


def _result(outcome: Outcome, on: date, reads: dict[str, Any]) -> dict[str, Any]:
    return outcome.as_dict() | {"on": on.isoformat(), "reads": reads}


def _time(running: Running) -> tuple[datetime, datetime]:
    until = datetime.fromisoformat(running.parameters["until"])
    return until - running.parameters["months"] * MONTH, until
