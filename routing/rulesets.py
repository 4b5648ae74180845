"""Sets of rules: made as drafts, published at a moment, kept for good, restored as new drafts."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.models import User
from geodata.models import Community
from routing.models import Decision, Rule, RuleSet


class PublishingError(ValueError):
    """The set cannot be published, changed or discarded.

    `code`: not_draft, too_early, empty, scheduled, changed, in_force or decided.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SetState(StrEnum):
    """How far a set of rules is, at a moment."""

    DRAFT = "draft"
    WAITING = "waiting"
    IN_FORCE = "in_force"
    KEPT = "kept"
    DISCARDED = "discarded"


def state_of(ruleset: RuleSet, *, at: datetime) -> SetState:
    """Draft, waiting for its moment, in force, kept after that, or discarded."""
    if ruleset.discarded_at:
        return SetState.DISCARDED
    if ruleset.in_force_from is None:
        return SetState.DRAFT
    if ruleset.in_force_from > at:
        return SetState.WAITING
    return SetState.IN_FORCE if ruleset.in_force_to is None or ruleset.in_force_to > at else SetState.KEPT


def set_in_force(community: Community, *, at: datetime) -> RuleSet | None:
    """The set whose rules decide at that moment; before the first one, the first."""
    published = _published(community.pk)
    found: RuleSet | None = published.filter(in_force_from__lte=at).order_by("-in_force_from").first()
    return found or published.order_by("in_force_from").first()


def last_published(community: Community) -> RuleSet | None:
    """The set that a draft would follow: the newest of those in force or waiting. None before the first publication."""
    found: RuleSet | None = _published(community.pk).order_by("-in_force_from").first()
    return found


def set_before(ruleset: RuleSet) -> RuleSet | None:
    """The set that this one follows; for a draft, the one that it would follow, though that may still wait itself."""
    if ruleset.in_force_from is None:
        return last_published(ruleset.community)
    earlier = _published(ruleset.community_id).filter(in_force_from__lt=ruleset.in_force_from)
    found: RuleSet | None = earlier.order_by("-in_force_from").first()
    return found


def new_draft(
    *, community: Community, at: datetime, by: User | None = None, based_on: RuleSet | None = None, note: str = ""
) -> RuleSet:
    """A draft with the rules of `based_on`, each under its own lineage; empty without it."""
    with transaction.atomic():
        wait_for_turn(community)  # numbers follow each other
        last = RuleSet.objects.filter(community=community).aggregate(last=Max("number"))["last"] or 0
        draft: RuleSet = RuleSet.objects.create(
            community=community, number=last + 1, note=note, based_on=based_on, created_at=at, created_by=by
        )
        if based_on:
            copies = [_copy(rule, draft) for rule in Rule.objects.filter(ruleset=based_on).order_by("id")]
            Rule.objects.bulk_create(copies, batch_size=500)
    return draft


def wait_for_turn(community: Community) -> None:
    """Nobody else publishes or takes back a set of the community, or imports anything, until the transaction ends.

    An import holds the turn for as long as it runs, so whoever says “now” reads the clock after this.
    """
    Community.objects.select_for_update(no_key=True).only("pk").get(pk=community.pk)


def publish(draft: RuleSet, *, moment: datetime, at: datetime, seen: str | None = None) -> RuleSet:
    """The draft comes into force at `moment`, now or later; the set before it ends there, in one transaction.

    Reports are decided by one set or the other, never by a mixture. `at` was read after `wait_for_turn`: a moment from
    before it would lie under reports that the old set decided meanwhile. `seen`: what `as_seen` gave when a person
    looked at it. Raises PublishingError: not_draft, empty, too_early (the moment has passed), scheduled (another set
    waits for its moment: take that back first), changed (it, or the set that it follows, is no longer what was seen).
    """
    with transaction.atomic():
        row = _locked(draft)
        if not row.is_draft:
            raise PublishingError("not_draft")
        if seen is not None and seen != as_seen(row):
            raise PublishingError("changed")
        if moment < at:
            raise PublishingError("too_early")
        if not Rule.objects.filter(ruleset=row, is_active=True).exists():
            raise PublishingError("empty")
        published = _published(row.community_id)
        if published.filter(in_force_from__gte=moment).exists():
            raise PublishingError("scheduled")
        published.filter(in_force_to=None).update(in_force_to=moment)
        row.in_force_from = moment
        row.save(update_fields=["in_force_from"])
    return row


def take_back(waiting: RuleSet, *, at: datetime) -> RuleSet:
    """A set that waits for its moment becomes a draft again; the one before it goes on until the one after it.

    `at` was read after `wait_for_turn`. Raises PublishingError: in_force (it does not wait), decided (a report was
    decided by it already: as the first set of the community, or by a clock that is ahead).
    """
    with transaction.atomic():
        row = _locked(waiting)
        if row.in_force_from is None or row.in_force_from <= at:
            raise PublishingError("in_force")
        if Decision.objects.filter(ruleset=row).exists():
            raise PublishingError("decided")
        begins, ends = row.in_force_from, row.in_force_to
        row.in_force_from = row.in_force_to = None
        row.save(update_fields=["in_force_from", "in_force_to"])  # first: two sets are never in force at once
        _published(row.community_id).filter(in_force_to=begins).update(in_force_to=ends)
    return row


def discard(draft: RuleSet, *, at: datetime) -> RuleSet:
    """The draft is put away; it is kept, but no longer changed or published. Raises PublishingError."""
    with transaction.atomic():
        row = _locked(draft)
        if not row.is_draft:
            raise PublishingError("not_draft")
        row.discarded_at = at
        row.save(update_fields=["discarded_at"])
    return row


def restore(kept: RuleSet, *, at: datetime, by: User | None = None, note: str = "") -> RuleSet:
    """A draft with the rules of a set that was published before: history is continued, never rewritten."""
    return new_draft(community=kept.community, at=at, by=by, based_on=kept, note=note)


def lock_draft(draft: RuleSet) -> RuleSet:
    """The draft, which nobody publishes or discards until the transaction ends. Raises PublishingError: not_draft."""
    row: RuleSet = RuleSet.objects.select_for_update(no_key=True).get(pk=draft.pk)
    if not row.is_draft:
        raise PublishingError("not_draft")
    return row


def as_seen(draft: RuleSet) -> str:
    """What a person looks at before publishing: the draft's rules, and the set that they would follow."""
    before = set_before(draft)
    return f"{before.pk if before else 0}-{digest_of(draft)}"


def _published(community: int) -> QuerySet[RuleSet]:
    return RuleSet.objects.filter(community=community, in_force_from__isnull=False)


def _copy(rule: Rule, draft: RuleSet) -> Rule:
    kept = [field.attname for field in Rule._meta.concrete_fields if field.attname not in {"id", "ruleset_id"}]
    return Rule(ruleset=draft, **{name: getattr(rule, name) for name in kept})


def _locked(row: RuleSet) -> RuleSet:
    """The set, locked after its community: publications of one community wait for each other."""
    wait_for_turn(row.community)
    found: RuleSet = RuleSet.objects.select_for_update().get(pk=row.pk)
    return found


def digest_of(ruleset: RuleSet) -> str:
    """A fingerprint of the rules of a set: the same as long as none of them changes."""
    columns = [field.attname for field in Rule._meta.concrete_fields if field.attname != "id"]
    rows = Rule.objects.filter(ruleset=ruleset).order_by("id").values_list(*columns)
    return hashlib.sha256(json.dumps(list(rows), default=str).encode()).hexdigest()[:16]
