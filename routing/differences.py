"""What one set of rules says otherwise than another: rules are matched by their lineage."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from routing.models import Rule, RuleSet
from routing.wording import RELATED, Wording

MOST_SHOWN = 200  # of each kind in words; all are counted
NOT_COMPARED = {"id", "ruleset_id", "lineage", "community_id"}


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs. `before` and `after` are its words; "" where it is not there."""

    before: str
    after: str
    also: list[str] = field(default_factory=list)  # what the words do not tell: “priority: 0 → 5”
    rule: int | None = None  # id of the rule in the new set


@dataclass(frozen=True, slots=True)
class Differences:
    """Rules that were added, removed and changed: some of them in words, and how many there are."""

    added: list[Change]
    removed: list[Change]
    changed: list[Change]
    counts: dict[str, int]  # of each of the three

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def not_shown(self) -> int:
        return self.total - len(self.added) - len(self.removed) - len(self.changed)


def differences(before: RuleSet | None, after: RuleSet) -> Differences:
    """What `after` changes; everything is added when there was nothing before."""
    old, new = _columns(before), _columns(after)
    added = [row["id"] for lineage, row in new.items() if lineage not in old]
    removed = [row["id"] for lineage, row in old.items() if lineage not in new]
    changed = [(old[one]["id"], row["id"]) for one, row in new.items() if one in old and not _same(old[one], row)]
    counts = {"added": len(added), "removed": len(removed), "changed": len(changed)}
    added, removed, changed = added[:MOST_SHOWN], removed[:MOST_SHOWN], changed[:MOST_SHOWN]
    rules = Rule.objects.select_related(*RELATED).in_bulk([*added, *removed, *(pk for pair in changed for pk in pair)])
    wording = Wording(rules.values())
    return Differences(
        added=[Change("", wording.words(rules[pk]), rule=pk) for pk in added],
        removed=[Change(wording.words(rules[pk]), "") for pk in removed],
        changed=[_change(rules[was], rules[now], wording) for was, now in changed],
        counts=counts,
    )


def _columns(ruleset: RuleSet | None) -> dict[Any, dict[str, Any]]:
    """Lineage → the rule's columns."""
    names = [column.attname for column in Rule._meta.concrete_fields]
    rows = Rule.objects.filter(ruleset=ruleset).order_by("-priority", "id").values(*names) if ruleset else ()
    return {row["lineage"]: row for row in rows}


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return all(old[name] == new[name] for name in old.keys() - NOT_COMPARED)


def _change(was: Rule, now: Rule, wording: Wording) -> Change:
    also = []
    if was.priority != now.priority:
        also.append(_("priority: %(before)s → %(after)s") % {"before": was.priority, "after": now.priority})
    if was.role != now.role:
        roles = {"before": was.get_role_display(), "after": now.get_role_display()}
        also.append(_("role: %(before)s → %(after)s") % roles)
    if was.is_active != now.is_active:
        also.append(_("switched on") if now.is_active else _("switched off"))
    return Change(wording.words(was), wording.words(now), also, now.pk)
