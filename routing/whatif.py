"""What a draft of rules, or of boundaries, would have changed: tried on the decisions of the last months.

Each thing's first decision is asked twice, without the draft and with it, so that only the draft makes the difference.
Both are asked as of one day, the one on which the draft would come into force: its areas, its registers and the rules
that hold on its date; a register that was imported this week decides about a report of the last year. Weekday, hour and
answers are those of each report. What staff or the duty queue chose by hand is left out: no rule decided it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from geodata.models import Community
from routing.bulk import decide_many
from routing.models import Asset, Category, CommunityRouting, Decision, RuleSet
from routing.responsibility import Asked, Verdict
from routing.rule_check import fingerprint
from routing.rulesets import digest_of

AT_ONCE = 2000  # cases between two reports of progress
MOST_PLACES = 5000  # changed cases that are kept with their place, the latest first; all are counted
OUTSIDE: Literal["outside"] = "outside"  # in place of an organisation: the community's boundary leaves the place out

Side = int | Literal["outside"] | None  # id of an organisation; None: nobody is named
Progress = Callable[[int, int], None]
Decide = Callable[[Sequence[Asked]], list[Verdict | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing of the past, and what was asked about it."""

    subject: int
    asked: Asked


@dataclass(frozen=True, slots=True)
class Changed:
    """A case that the draft decides otherwise."""

    subject: int
    lon: float
    lat: float
    category: str
    at: str
    before: Side
    after: Side
    rule: int | None  # the rule of the draft; None: the duty queue, or outside


@dataclass(slots=True)
class Outcome:
    """What the trial found; `as_dict` is kept as the result of its job."""

    cases: int = 0
    outside: int = 0  # outside the community's boundary, with the draft and without it
    by_queue_before: int = 0
    by_queue_after: int = 0
    moves: Counter[tuple[Side, Side, str]] = field(default_factory=Counter)  # before, after, category
    changed: list[Changed] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(self.moves.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with the names of the organisations that it speaks of."""
        known = {one for before, after, _category in self.moves for one in (before, after) if isinstance(one, int)}
        names: dict[Side, str] = dict(Organisation.objects.filter(pk__in=known).values_list("pk", "name"))
        rows: dict[tuple[Side, Side], dict[str, int]] = {}
        for (before, after, category), count in self.moves.items():
            rows.setdefault((before, after), {})[category] = count
        table = [
            {
                "before": before,
                "before_name": names.get(before, ""),
                "after": after,
                "after_name": names.get(after, ""),
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
    *,
    draft: RuleSet,
    against: RuleSet,
    on: date,
    since: datetime,
    until: datetime,
    progress: Progress | None = None,
) -> Outcome:
    """The draft against another set, both as of the day `on`, on what happened from `since` to `until`."""
    community = draft.community

    def by(ruleset: RuleSet) -> Decide:
        return lambda asked: decide_many(asked, community=community, ruleset=ruleset.pk, on=on)

    before, after = by(against), by(draft)
    return _compare(community, on=on, since=since, until=until, before=before, after=after, progress=progress)


def try_areas(
    *,
    in_force: RuleSet,
    bring_in: Callable[[], None],
    on: date,
    since: datetime,
    until: datetime,
    progress: Progress | None = None,
) -> Outcome:
    """Boundaries that are not there yet, against those without them, both as of the day `on` and under one set.

    `bring_in` writes the new versions, in force on that day; they are rolled back each time. Nobody else sees them, and
    reports do not wait.
    """
    community = in_force.community

    def before(asked: Sequence[Asked]) -> list[Verdict | None]:
        return decide_many(asked, community=community, ruleset=in_force.pk, on=on)

    def after(asked: Sequence[Asked]) -> list[Verdict | None]:
        with transaction.atomic():
            bring_in()
            found = before(asked)
            transaction.set_rollback(True)
        return found

    return _compare(community, on=on, since=since, until=until, before=before, after=after, progress=progress)


def what_it_reads(*, against: RuleSet, draft: RuleSet | None, on: date) -> dict[str, Any]:
    """Fingerprints of what a trial as of that day reads, to be kept with its result: other ones say that it is stale.

    `against`: the set; `draft`: its rules; `around`: both sets with areas, registers, questions and organisations.
    """
    queue = CommunityRouting.objects.filter(community=against.community).values_list("fallback", flat=True).first()
    around = [fingerprint(one, on) for one in (against, draft) if one]
    return {"against": against.pk, "draft": digest_of(draft) if draft else "", "around": [queue, *around]}


def _compare(
    community: Community,
    *,
    on: date,
    since: datetime,
    until: datetime,
    before: Decide,
    after: Decide,
    progress: Progress | None,
) -> Outcome:
    outcome = Outcome()
    chosen = _first_decisions(community, since, until)
    for cases in _in_batches(community, chosen, on=on):
        asked = [case.asked for case in cases]
        for case, was, now in zip(cases, before(asked), after(asked), strict=True):
            _count(outcome, case, was, now)
        if progress:
            progress(outcome.cases + outcome.outside, len(chosen))
    return outcome


def _count(outcome: Outcome, case: Case, was: Verdict | None, now: Verdict | None) -> None:
    if was is None and now is None:
        outcome.outside += 1
        return
    outcome.cases += 1
    outcome.by_queue_before += was is not None and was.is_fallback
    outcome.by_queue_after += now is not None and now.is_fallback
    before, after = _side(was), _side(now)
    if before == after:
        return
    asked = case.asked
    outcome.moves[before, after, asked.category_code] += 1
    if len(outcome.changed) < MOST_PLACES:
        place = round(asked.lon, 6), round(asked.lat, 6)
        moment, rule = asked.at.isoformat(), now.rule if now else None
        outcome.changed.append(Changed(case.subject, *place, asked.category_code, moment, before, after, rule))


def _side(verdict: Verdict | None) -> Side:
    return verdict.organisation if verdict else OUTSIDE


def _first_decisions(community: Community, since: datetime, until: datetime) -> list[int]:
    """Ids of what was decided first about each thing of that time, the latest thing first."""
    first = Decision.objects.filter(community=community).order_by("subject", "decided_at", "id").distinct("subject")
    chosen = Decision.objects.filter(pk__in=first.values("pk"), as_of__gte=since, as_of__lt=until)
    return list(chosen.exclude(trace__has_key="chosen_by").order_by("-as_of", "-id").values_list("pk", flat=True))


def _in_batches(community: Community, chosen: Sequence[int], *, on: date) -> Iterator[list[Case]]:
    categories = dict(Category.objects.filter(community=community).values_list("code", "pk"))
    for start in range(0, len(chosen), AT_ONCE):
        rows = list(Decision.objects.filter(pk__in=chosen[start : start + AT_ONCE]).order_by("-as_of", "-id"))
        assets = _versions({row.trace.get("asset") for row in rows} - {None}, on=on)
        yield [_case(row, categories, assets) for row in rows]


def _versions(chosen: set[int], *, on: date) -> dict[int, int]:
    """Id of a version of a thing that a resident chose → id of the version in force on that day, if there is one."""
    things = {pk: (register, key) for pk, register, key in _keys(Asset.objects.filter(pk__in=chosen))}
    registers, keys = {register for register, _key in things.values()}, {key for _register, key in things.values()}
    in_force = _keys(Asset.objects.on(on).filter(register__in=registers, key__in=keys))
    current = {(register, key): pk for pk, register, key in in_force}
    return {pk: current[thing] for pk, thing in things.items() if thing in current}


def _keys(assets: QuerySet[Asset]) -> Iterable[tuple[int, int, str]]:
    return assets.values_list("pk", "register", "key")


def _case(decision: Decision, categories: dict[str, int], assets: dict[int, int]) -> Case:
    trace = decision.trace
    (lon, lat), code = trace["point"], trace["category"]
    asset, answers = assets.get(trace.get("asset")), trace.get("answers") or {}
    asked = Asked(lon, lat, categories.get(code), code, decision.as_of, answers, asset=asset)
    return Case(decision.subject_id, asked)
