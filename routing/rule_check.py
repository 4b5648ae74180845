"""Sets of rules are checked when something changes: findings and coverage maps are kept, with what they were made of.

Outsiders call `check_soon` from every door that changes rules, areas, registers, categories or channels, and read
`stored_check`. A check that was overtaken says so and is never shown as fresh.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from core.jobs import Running, enqueue_job, job_kind
from core.models import Job
from geodata.convert import as_boundary
from geodata.models import Community
from routing.coverage import Coverage, coverage_by, rules_for
from routing.findings import Finding, findings_of, from_dict
from routing.models import Category, CoveragePiece, Rule, RuleCheck, RuleSet
from routing.rule_places import Places
from routing.rulesets import digest_of
from routing.wording import RELATED, Wording

KIND = "rules.check"
AT_ONCE = 100  # pieces in one INSERT: shapes are large

Progress = Callable[[int, int], None]

# What a check reads besides the rules, as fingerprints of the rows: where a row lies in its table changes with it.
STATE = """
SELECT
    (SELECT md5(coalesce(ST_AsBinary(boundary), '')) FROM geodata_community WHERE id = %(community)s),
    (SELECT sum(hashtextextended(concat_ws(':', id, xmin, ctid), 0)) FROM geodata_area
     WHERE community_id = %(community)s AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)),
    (SELECT sum(hashtextextended(concat_ws(':', id, xmin, ctid), 0)) FROM routing_asset
     WHERE register_id = ANY(%(registers)s) AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to > %(on)s)),
    (SELECT array_agg(id ORDER BY id) FROM accounts_organisation WHERE NOT is_active),
    (SELECT array_agg(DISTINCT organisation_id) FROM routing_channel
     WHERE community_id = %(community)s AND is_active),
    (SELECT json_agg(json_build_array(id, is_active, register_id) ORDER BY id) FROM routing_category
     WHERE community_id = %(community)s),
    (SELECT json_agg(json_build_array(category_id, code, options) ORDER BY id) FROM routing_question
     WHERE community_id = %(community)s)
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """The last check of a set."""

    row: RuleCheck
    findings: list[Finding]
    is_stale: bool  # rules, areas, registers… changed since

    @property
    def checked_at(self) -> datetime:
        return self.row.checked_at


def check_soon(community: Community, *, at: datetime) -> Job | None:
    """Asks for a check of the sets that matter, in the caller's transaction; None when one already waits for a worker,
    or when there is nothing to check."""
    waiting = Job.objects.filter(community=community, kind=KIND, state=Job.State.QUEUED)
    if waiting.exists() or not _sets_that_matter(community, at).exists():
        return None
    return enqueue_job(community=community, kind=KIND, at=at)


def is_being_checked(community: Community) -> bool:
    """Whether a check waits or runs."""
    return Job.objects.filter(community=community, kind=KIND, finished_at=None).exists()


@job_kind(KIND)
def run_checks(running: Running) -> dict[str, Any]:
    """Checks every set that matters and is not fresh."""
    at = running.job.started_at or running.job.created_at
    sets = list(_sets_that_matter(running.community, at))
    stale = [one for one in sets if not is_fresh(one, at=at)]
    for number, ruleset in enumerate(stale):

        def tell(done: int, total: int, number: int = number) -> None:
            running.progress(number * 100 + 100 * done // max(total, 1), 100 * len(stale))

        check_rules(ruleset, at=at, progress=tell)
    return {"sets": [one.pk for one in stale]}


def check_rules(ruleset: RuleSet, *, at: datetime, progress: Progress | None = None) -> RuleCheck:
    """Computes and keeps the findings and the maps of all active categories, as of the day of `at`.

    What changes while it computes makes the result stale, not wrong.
    """
    on = ruleset.community.day_of(at)
    state = fingerprint(ruleset, on)
    places = Places(ruleset, on=on)
    layers: dict[tuple[int, ...], int] = {}
    maps: list[Coverage] = []
    of_category: dict[int, int] = {}
    categories = list(Category.objects.filter(community=ruleset.community, is_active=True).order_by("position", "pk"))
    for number, category in enumerate(categories):
        rules = rules_for(places, category)
        key = tuple(rule.pk for rule in rules)
        if key not in layers:
            layers[key] = len(maps)
            maps.append(coverage_by(rules, places))
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


def stored_check(ruleset: RuleSet, *, at: datetime) -> Checked | None:
    """The last check of the set, its words in the language of the moment; None when there was none."""
    row = RuleCheck.objects.filter(ruleset=ruleset).first()
    if row is None:
        return None
    rules = list(Rule.objects.filter(ruleset=ruleset).select_related(*RELATED))
    wording = Wording(rules)
    known = {rule.pk: wording.words(rule) for rule in rules}
    findings = [from_dict(kept, known) for kept in row.findings]
    return Checked(row, findings, is_stale=row.state != fingerprint(ruleset, ruleset.community.day_of(at)))


def is_fresh(ruleset: RuleSet, *, at: datetime) -> bool:
    """Whether the last check still tells the truth."""
    return RuleCheck.objects.filter(ruleset=ruleset, state=fingerprint(ruleset, ruleset.community.day_of(at))).exists()


def _sets_that_matter(community: Community, at: datetime) -> Any:
    """Drafts, the set in force, and the one that waits for its moment."""
    current = Q(in_force_from__isnull=False) & (Q(in_force_to=None) | Q(in_force_to__gt=at))
    draft = Q(in_force_from=None, discarded_at=None)
    return RuleSet.objects.filter(current | draft, community=community).select_related("community")


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
    rules = Rule.objects.filter(ruleset=ruleset, is_active=True)
    asked = list(rules.filter(register__isnull=False).order_by().values_list("register", flat=True).distinct())
    dated = rules.exclude(valid_from=None, valid_to=None).order_by("pk").values_list("pk", "valid_from", "valid_to")
    dates = [(pk, first is None or first <= on, last is not None and last <= on) for pk, first, last in dated]
    with connection.cursor() as cursor:
        cursor.execute(STATE, {"community": ruleset.community_id, "on": on, "registers": asked})
        read = cursor.fetchone()
    told = json.dumps([digest_of(ruleset), dates, read], default=str)
    return hashlib.sha256(told.encode()).hexdigest()
