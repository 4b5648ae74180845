"""The jobs of “what if”: a draft of rules, or boundaries that were checked, tried on the last months."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.jobs import JobRefusedError, Running, enqueue_job, job_kind
from core.models import Job
from openmap.area_jobs import bring_in
from routing.models import RuleSet
from routing.rulesets import digest_of, set_in_force
from routing.whatif import try_areas, try_rules

RULES, AREAS = "rules.try", "areas.try"
MONTHS = (1, 3, 6, 12, 24)
MONTH = timedelta(days=365.25 / 12)


def ask_for_rules(draft: RuleSet, *, months: int, by: Any, at: datetime) -> Job:
    """Asks a worker to try a draft on what happened in the last months."""
    parameters = {"ruleset": draft.pk, "months": months, "until": at.isoformat(), "digest": digest_of(draft)}
    return enqueue_job(community=draft.community, kind=RULES, parameters=parameters, by=by, at=at)


@job_kind(RULES)
def run_rules(running: Running) -> dict[str, Any]:
    """The draft against the set that was in force when it was asked."""
    draft = RuleSet.objects.filter(pk=running.parameters["ruleset"]).first()
    since, until = _time(running)
    in_force = set_in_force(running.community, at=until)
    if draft is None or in_force is None:
        raise JobRefusedError(_("There are no rules in force to compare with."))
    outcome = try_rules(draft=draft, in_force=in_force, since=since, until=until, progress=running.progress)
    return outcome.as_dict() | {"in_force": in_force.pk}


def ask_for_areas(checked: Job, *, months: int, by: Any, at: datetime) -> Job:
    """Asks a worker to try the boundaries of a checked import on what happened in the last months."""
    parameters = {"checked": checked.pk, "months": months, "until": at.isoformat()}
    return enqueue_job(community=checked.community, kind=AREAS, parameters=parameters, by=by, at=at)


@job_kind(AREAS)
def run_areas(running: Running) -> dict[str, Any]:
    """The boundaries of a checked import against those of the day when it was asked, under the rules of that day."""
    checked = Job.objects.filter(pk=running.parameters["checked"]).first()
    since, until = _time(running)
    community = running.community
    in_force = set_in_force(community, at=until)
    if checked is None or in_force is None:
        raise JobRefusedError(_("There are no rules in force to compare with."))
    today = community.day_of(until)
    first_day = date.fromisoformat(checked.parameters["answers"]["valid_from"])
    outcome = try_areas(
        community=community,
        in_force=in_force,
        bring_in=bring_in(checked, today=today),
        first_day=first_day,
        today=today,
        since=since,
        until=until,
        progress=running.progress,
    )
    return outcome.as_dict() | {"in_force": in_force.pk}


def _time(running: Running) -> tuple[datetime, datetime]:
    until = datetime.fromisoformat(running.parameters["until"])
    return until - running.parameters["months"] * MONTH, until
