"""Hints: how often organisations said “not ours” to what a rule gave them, and where."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, QuerySet, TextField, Value, Window
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import ngettext

from routing.actions import REDACTED
from routing.models import Delivery, Rule

MOST_REASONS = 3  # of one place, the latest first


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an organisation handed one thing back. `text` is "" when a moderator took the words out."""

    text: str
    subject: int
    at: datetime


@dataclass(slots=True)
class Hint:
    """How often a rule's organisation handed back what it got in one place."""

    area: str  # name; "" where there is none
    times: int
    last_at: datetime
    reasons: list[Reason] = field(default_factory=list)

    @property
    def words(self) -> str:
        """For example: rejected 7 times in Зарічний."""
        told = {"count": self.times, "area": self.area}
        if self.area:
            return (
                ngettext("rejected %(count)s time in %(area)s", "rejected %(count)s times in %(area)s", self.times)
                % told
            )
        return ngettext("rejected %(count)s time", "rejected %(count)s times", self.times) % told


def hints_of(rules: Iterable[Rule], *, community_id: int) -> dict[uuid.UUID, list[Hint]]:
    """Lineage → hints, the most frequent first.

    What earlier versions of a rule gave to the organisation that it names now counts too; a rule that was given to
    somebody else begins anew. A rule that leaves the choice to a register counts for all keepers.
    """
    wanted = {rule.lineage: rule.organisation_id for rule in rules}
    rows: Any = _refusals(community_id, list(wanted))
    found: dict[uuid.UUID, dict[str, Hint]] = defaultdict(dict)
    groups = rows.values("lineage", "area", "organisation").annotate(times=Count("pk"), last_at=Max("refused_at"))
    for row in groups.order_by():
        if wanted[row["lineage"]] not in (None, row["organisation"]):
            continue
        hint = found[row["lineage"]].setdefault(row["area"], Hint(row["area"], 0, row["last_at"]))
        hint.times += row["times"]
        hint.last_at = max(hint.last_at, row["last_at"])
    for lineage, area, reason in _reasons(rows, wanted):
        found[lineage][area].reasons.append(reason)
    return {lineage: sorted(by_area.values(), key=_by_weight) for lineage, by_area in found.items()}


def _refusals(community_id: int, lineages: list[uuid.UUID]) -> "QuerySet[Delivery]":
    """What was handed back by those whom these rules named, with the rule's lineage and the place of the trace.

    The place is the rule's own area; for a rule without one, the first area that the point was in.
    """
    own = KeyTextTransform("area", KeyTransform("matched", "decision__trace"))
    first = KeyTextTransform("name", KeyTransform("0", KeyTransform("areas", "decision__trace")))
    theirs = Delivery.objects.responsible().filter(community=community_id, was_taken_back=False)
    given = theirs.filter(refused_at__isnull=False)
    found: QuerySet[Delivery] = given.filter(
        decision__rule__lineage__in=lineages, decision__organisation=F("organisation")
    ).annotate(lineage=F("decision__rule__lineage"), area=Coalesce(own, first, Value(""), output_field=TextField()))
    return found


def _reasons(rows: "QuerySet[Delivery]", wanted: dict[uuid.UUID, int | None]) -> list[tuple[uuid.UUID, str, Reason]]:
    """The latest reasons of each place, the latest first; words that were taken out are left out."""
    order = [F("refused_at").desc(), F("pk").desc()]
    said = rows.exclude(refusal__in=["", REDACTED])
    place = [F("decision__rule__lineage"), F("area"), F("organisation")]
    numbered = said.annotate(nth=Window(RowNumber(), partition_by=place, order_by=order)).filter(nth__lte=MOST_REASONS)
    found: dict[tuple[uuid.UUID, str], list[Reason]] = defaultdict(list)
    listed: Any = numbered.order_by("-refused_at", "-pk")
    for row in listed.values("lineage", "area", "organisation", "refusal", "subject", "refused_at"):
        if wanted[row["lineage"]] in (None, row["organisation"]):
            reason = Reason(row["refusal"], row["subject"], row["refused_at"])
            found[row["lineage"], row["area"]].append(reason)
    return [(*key, reason) for key, reasons in found.items() for reason in reasons[:MOST_REASONS]]


def _by_weight(hint: Hint) -> tuple[int, float]:
    return -hint.times, -hint.last_at.timestamp()
