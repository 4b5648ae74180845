"""Sets of rules are checked when something changes: findings and coverage maps are kept, with what they were made of.

Outsiders call `check_soon` from every door that changes rules, areas, registers, categories or channels, and read
`stored_check`. A check that was overtaken says so and is never shown as fresh.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django_scopes import scope, scopes_disabled

from accounts.models import Organisation
from core.jobs import JobStoppedError, Running, enqueue_job, job_kind
from core.models import Job
from geodata.convert import as_boundary
from geodata.models import Community
from routing.coverage import Coverage, coverage_by, rules_for
from routing.findings import Finding, findings_of, from_dict
from routing.models import Asset, Category, CoveragePiece, Rule, RuleCheck, RuleSet
from routing.rule_places import Places

log = logging.getLogger(__name__)

KIND = "rules.check"
AT_ONCE = 100  # pieces in one INSERT: shapes are large

Progress = Callable[[int, int], None]

# What a check reads besides the rules, as fingerprints of the rows: where a row lies in its table changes with it.
STATE = """
SELECT
    (SELECT sum(hashtextextended(concat_ws(':', id, xmin, ctid,
            valid_from IS NULL OR valid_from <= %(on)s, valid_to IS NOT NULL AND valid_to <= %(on)s), 0))
     FROM routing_rule WHERE ruleset_id = %(ruleset)s),
    (SELECT md5(coalesce(ST_AsBinary(boundary), '')) FROM geodata_community WHERE id = %(community)s),
    (SELECT sum(hashtextextended(concat_ws(':', id, xmin, ctid), 0)) FROM geodata_area
     WHERE community_id = %(community)s AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)),
    (SELECT sum(hashtextextended(concat_ws(':', id, xmin, ctid), 0)) FROM routing_asset
     WHERE register_id IN (SELECT register_id FROM routing_rule WHERE ruleset_id = %(ruleset)s AND is_active)
       AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)),
    (SELECT array_agg(o.id ORDER BY o.id) FROM accounts_organisation o WHERE NOT o.is_active AND (
        EXISTS (SELECT FROM routing_rule WHERE organisation_id = o.id AND ruleset_id = %(ruleset)s)
        OR EXISTS (SELECT FROM routing_asset WHERE keeper_id = o.id AND community_id = %(community)s))),
    (SELECT array_agg(DISTINCT organisation_id) FROM routing_channel
     WHERE community_id = %(community)s AND is_active),
    (SELECT json_agg(json_build_array(id, is_active, register_id) ORDER BY id) FROM routing_category
     WHERE community_id = %(community)s),
    (SELECT json_agg(json_build_array(category_id, code, options, is_required) ORDER BY id) FROM routing_question
     WHERE community_id = %(community)s)
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """The last check of a set."""

    row: RuleCheck
    findings: list[Finding]
    is_stale: bool  # rules, areas, registers… changed since, or another day began

    @property
    def checked_at(self) -> datetime:
        return self.row.checked_at


def check_soon(community: Community, *, at: datetime) -> Job | None:
    """Asks for a check of the sets that matter, in the caller's transaction; None when one already waits for a worker,
    or when there is nothing to check.

    No worker takes the one that waits before the caller's transaction ends: it is locked, so that it will read what
    the caller wrote.
    """
    with transaction.atomic():
        waiting = Job.objects.filter(community=community, kind=KIND, state=Job.State.QUEUED)
        if waiting.select_for_update(skip_locked=True).first() or not _sets_that_matter(community, at).exists():
            return None
        return enqueue_job(community=community, kind=KIND, at=at)


def check_soon_about(organisation: Organisation, *, at: datetime) -> None:
    """Asks for a check in every community whose rules or registers name the organisation."""
    with scopes_disabled():
        named = Q(pk__in=Rule.objects.filter(organisation=organisation).order_by().values("community"))
        keeps = Q(pk__in=Asset.objects.filter(keeper=organisation).order_by().values("community"))
        for community in Community.objects.filter(named | keeps).order_by("pk"):
            check_soon(community, at=at)


def check_what_is_stale(*, at: datetime) -> int:
    """Asks for a check wherever a day began on which the last one is no longer true; returns how many were asked for.
    Dates of areas, things and rules begin at midnight, without anybody's doing."""
    asked = 0
    with scopes_disabled():
        known = RuleSet.objects.order_by().values_list("community", flat=True).distinct()
        communities = list(Community.objects.filter(pk__in=known).order_by("pk"))
    for community in communities:
        with scope(community=community):
            stale = any(not is_fresh(one, at=at) for one in _sets_that_matter(community, at))
            asked += bool(stale and check_soon(community, at=at))
    return asked


def is_being_checked(community: Community) -> bool:
    """Whether a check waits or runs."""
    return Job.objects.filter(community=community, kind=KIND, finished_at=None).exists()


def last_failure(community: Community, *, since: datetime | None) -> Job | None:
    """The last check that was asked for, when it broke off after that moment."""
    last: Job | None = (
        Job.objects.filter(community=community, kind=KIND).exclude(finished_at=None).order_by("-pk").first()
    )
    if last is None or last.state != Job.State.FAILED or (since and last.created_at < since):
        return None
    return last


@job_kind(KIND)
def run_checks(running: Running) -> dict[str, Any]:
    """Checks every set that matters and is not fresh, the one in force first. A set that cannot be checked does not
    stop the others; its error is raised when all were tried."""
    at = running.job.started_at or running.job.created_at
    stale = [one for one in _sets_that_matter(running.community, at) if not is_fresh(one, at=at)]
    errors: list[Exception] = []
    for number, ruleset in enumerate(stale):

        def tell(done: int, total: int, number: int = number) -> None:
            running.progress(number * 100 + 100 * done // max(total, 1), 100 * len(stale))

        try:
            check_rules(ruleset, at=at, progress=tell)
        except JobStoppedError:
            raise
        except Exception as error:  # noqa: BLE001  the other sets are checked all the same
            log.error("The check of set %s broke: %s", ruleset.pk, type(error).__name__)
            errors.append(error)
    if errors:
        raise errors[0]
    if any(not is_fresh(one, at=at) for one in stale):
        check_soon(running.community, at=at)  # something changed meanwhile
    return {"sets": [one.pk for one in stale]}


def check_rules(ruleset: RuleSet, *, at: datetime, progress: Progress | None = None) -> RuleCheck:
    """Computes and keeps the findings and the maps of all active categories, as of its day.

    What changes while it computes makes the result stale, not wrong.
    """
    on = day_of(ruleset, at=at)
    state = fingerprint(ruleset, on)
    places = Places(ruleset, on=on)
    layers: dict[tuple[object, ...], int] = {}
    maps: list[Coverage] = []
    of_category: dict[int, int] = {}
    categories = list(Category.objects.filter(community=ruleset.community, is_active=True).order_by("position", "pk"))
    for number, category in enumerate(categories):
        rules = rules_for(places, category)
        key = _alike(rules, category)
        if key not in layers:
            layers[key] = len(maps)
            maps.append(coverage_by(rules, places, places.cases(rules, category)))
        of_category[category.pk] = layers[key]
        if progress:
            progress(number + 1, len(categories) + 1)
    findings = findings_of(places, {pk: maps[layer] for pk, layer in of_category.items()})
    with transaction.atomic():
        RuleSet.objects.select_for_update(no_key=True).get(pk=ruleset.pk)  # one check of a set at a time
        RuleCheck.objects.filter(ruleset=ruleset).delete()
        row: RuleCheck = RuleCheck.objects.create(
            community=ruleset.community,
            ruleset=ruleset,
            checked_at=at,
            state=state,
            findings=[finding.as_dict() for finding in findings],
            layers=of_category,
            square_metres=maps[0].ground if maps else 0,
        )
        for layer, coverage in enumerate(maps):
            CoveragePiece.objects.bulk_create(_rows(row, layer, coverage), batch_size=AT_ONCE)
    return row


def day_of(ruleset: RuleSet, *, at: datetime) -> date:
    """The day that a check of the set is about: today, or the first one of a set that waits for its moment."""
    return ruleset.community.day_of(max(at, ruleset.in_force_from or at))


def stored_check(ruleset: RuleSet, *, at: datetime) -> Checked | None:
    """The last check of the set; None when there was none. Those of its findings that are shown get their words from
    routing.findings.with_words."""
    row = RuleCheck.objects.filter(ruleset=ruleset).first()
    if row is None:
        return None
    return Checked(
        row,
        [from_dict(kept) for kept in row.findings],
        is_stale=row.state != fingerprint(ruleset, day_of(ruleset, at=at)),
    )


def stored_maps(ruleset: RuleSet) -> RuleCheck | None:
    """The last check of the set without its findings, fresh or not: for whoever only wants its maps."""
    found: RuleCheck | None = RuleCheck.objects.filter(ruleset=ruleset).defer("findings").first()
    return found


def is_fresh(ruleset: RuleSet, *, at: datetime) -> bool:
    """Whether the last check still tells the truth."""
    return RuleCheck.objects.filter(ruleset=ruleset, state=fingerprint(ruleset, day_of(ruleset, at=at))).exists()


def _sets_that_matter(community: Community, at: datetime) -> Any:
    """The set in force, the one that waits for its moment, then drafts."""
    current = Q(in_force_from__isnull=False) & (Q(in_force_to=None) | Q(in_force_to__gt=at))
    draft = Q(in_force_from=None, discarded_at=None)
    found = RuleSet.objects.filter(current | draft, community=community).select_related("community")
    return found.order_by(F("in_force_from").asc(nulls_last=True), "-number")


def _alike(rules: Sequence[Rule], category: Category) -> tuple[object, ...]:
    """Categories of which this is the same have the same map."""
    chosen = category.register_id if any(rule.asks == Rule.Asks.THIS for rule in rules) else None
    asked = category.pk if any(rule.answers for rule in rules) else None
    return (*(rule.pk for rule in rules), chosen, asked)


def _rows(check: RuleCheck, layer: int, coverage: Coverage) -> list[CoveragePiece]:
    return [
        CoveragePiece(
            community=check.community,
            of_check=check,
            layer=layer,
            kind=piece.kind,
            organisations=list(piece.organisations),
            rules=list(piece.rules),
            square_metres=piece.square_metres,
            geometry=as_boundary(piece.shape),
        )
        for piece in coverage.pieces
    ]


def fingerprint(ruleset: RuleSet, on: date) -> str:
    """A fingerprint of everything that a check reads of a set and around it, as of that day.

    A restored backup counts as changed.
    """
    asked: dict[str, int | date] = {"community": ruleset.community_id, "ruleset": ruleset.pk, "on": on}
    with connection.cursor() as cursor:
        cursor.execute(STATE, asked)
        return hashlib.sha256(json.dumps(cursor.fetchone(), default=str).encode()).hexdigest()
