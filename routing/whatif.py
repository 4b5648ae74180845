"""What a draft of rules, or of boundaries, would have changed: tried on the decisions of the last months.

Each thing's first decision is asked twice, with what is in force and with the draft, so that only the draft makes the
difference. What staff or the duty queue chose by hand is left out: no rule decided it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Organisation
from geodata.models import Community
from routing.bulk import decide_many
from routing.models import Category, Decision, RuleSet
from routing.responsibility import Asked, Verdict

AT_ONCE = 2000  # cases between two reports of progress
MOST_PLACES = 5000  # changed cases that are kept with their place, the latest first; all are counted

Progress = Callable[[int, int], None]
Decide = Callable[[Sequence[Asked]], list[Verdict | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing of the past, and what was asked about it."""

    subject: int
    asked: Asked


@dataclass(frozen=True, slots=True)
class Changed:
    """A case that the draft decides otherwise. Organisations are ids; None: nobody is named."""

    subject: int
    lon: float
    lat: float
    category: str
    at: str
    before: int | None
    after: int | None
    rule: int | None  # the rule of the draft; None: the duty queue


@dataclass(slots=True)
class Outcome:
    """What the trial found; `as_dict` is kept as the result of its job."""

    cases: int = 0
    outside: int = 0  # outside the community's boundary now
    by_queue_before: int = 0
    by_queue_after: int = 0
    moves: Counter[tuple[int | None, int | None, str]] = field(default_factory=Counter)  # before, after, category
    changed: list[Changed] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(self.moves.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with the names of the organisations that it speaks of."""
        known = {one for before, after, _category in self.moves for one in (before, after) if one}
        names = dict(Organisation.objects.filter(pk__in=known).values_list("pk", "name"))
        rows: dict[tuple[int | None, int | None], dict[str, int]] = {}
        for (before, after, category), count in self.moves.items():
            rows.setdefault((before, after), {})[category] = count
        table = [
            {
                "before": before,
                "before_name": names.get(before or 0, ""),
                "after": after,
                "after_name": names.get(after or 0, ""),
                "count": sum(categories.values()),
                "categories": dict(sorted(categories.items(), key=lambda row: (-row[1], row[0]))),
            }
            for (before, after), categories in rows.items()
        ]
        return {
            "cases": self.cases,
            "outside": self.outside,
            "changes": self.changes,
            "by_queue_before": self.by_queue_before,
            "by_queue_after": self.by_queue_after,
            "table": sorted(table, key=lambda row: (-row["count"], row["before_name"], row["after_name"])),
            "places": [asdict(one) for one in self.changed],
        }


def try_rules(
    *, draft: RuleSet, in_force: RuleSet, since: datetime, until: datetime, progress: Progress | None = None
) -> Outcome:
    """The draft against the set in force, on what happened from `since` to `until`."""
    community = draft.community

    def by(ruleset: RuleSet) -> Decide:
        return lambda asked: decide_many(asked, community=community, ruleset=ruleset.pk)

    return _compare(community, since, until, before=by(in_force), after=by(draft), progress=progress)


def try_areas(
    *,
    community: Community,
    in_force: RuleSet,
    bring_in: Callable[[], None],
    first_day: date,
    today: date,
    since: datetime,
    until: datetime,
    progress: Progress | None = None,
) -> Outcome:
    """Boundaries that are not there yet, against those of `today`, under the rules in force.

    `bring_in` writes the new versions, in force from `first_day`; they are rolled back each time. Nobody else sees
    them, and reports do not wait.
    """

    def before(asked: Sequence[Asked]) -> list[Verdict | None]:
        return decide_many(asked, community=community, ruleset=in_force.pk, on=today)

    def after(asked: Sequence[Asked]) -> list[Verdict | None]:
        with transaction.atomic():
            bring_in()
            found = decide_many(asked, community=community, ruleset=in_force.pk, on=first_day)
            transaction.set_rollback(True)
        return found

    return _compare(community, since, until, before=before, after=after, progress=progress)


def _compare(
    community: Community,
    since: datetime,
    until: datetime,
    *,
    before: Decide,
    after: Decide,
    progress: Progress | None,
) -> Outcome:
    outcome = Outcome()
    chosen = _first_decisions(community, since, until)
    for cases in _in_batches(community, chosen):
        asked = [case.asked for case in cases]
        for case, was, now in zip(cases, before(asked), after(asked), strict=True):
            _count(outcome, case, was, now)
        if progress:
            progress(outcome.cases + outcome.outside, len(chosen))
    return outcome


def _count(outcome: Outcome, case: Case, was: Verdict | None, now: Verdict | None) -> None:
    if was is None or now is None:
        outcome.outside += 1
        return
    outcome.cases += 1
    outcome.by_queue_before += was.is_fallback
    outcome.by_queue_after += now.is_fallback
    if was.organisation == now.organisation:
        return
    asked = case.asked
    outcome.moves[was.organisation, now.organisation, asked.category_code] += 1
    if len(outcome.changed) < MOST_PLACES:
        place = round(asked.lon, 6), round(asked.lat, 6)
        moment = asked.at.isoformat()
        outcome.changed.append(
            Changed(case.subject, *place, asked.category_code, moment, was.organisation, now.organisation, now.rule)
        )


def _first_decisions(community: Community, since: datetime, until: datetime) -> list[int]:
    """Ids of what was decided first about each thing of that time, the latest thing first."""
    first = Decision.objects.filter(community=community).order_by("subject", "decided_at", "id").distinct("subject")
    chosen = Decision.objects.filter(pk__in=first.values("pk"), as_of__gte=since, as_of__lt=until)
    return list(chosen.exclude(trace__has_key="chosen_by").order_by("-as_of", "-id").values_list("pk", flat=True))


def _in_batches(community: Community, chosen: Sequence[int]) -> Iterator[list[Case]]:
    categories = dict(Category.objects.filter(community=community).values_list("code", "pk"))
    for start in range(0, len(chosen), AT_ONCE):
        rows = Decision.objects.filter(pk__in=chosen[start : start + AT_ONCE]).order_by("-as_of", "-id")
        yield [_case(row, categories) for row in rows]


def _case(decision: Decision, categories: dict[str, int]) -> Case:
    trace = decision.trace
    (lon, lat), code = trace["point"], trace["category"]
    asked = Asked(
        lon, lat, categories.get(code), code, decision.as_of, trace.get("answers") or {}, asset=trace.get("asset")
    )
    return Case(decision.subject_id, asked)
