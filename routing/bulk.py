"""The decision for many questions at once, as routing.responsibility makes it for one: for imports and for what-if."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from geodata.models import Community
from routing.alike import Alike, Key, is_for_all, is_timeless
from routing.judging import Found
from routing.responsibility import Asked, Verdict, parameters_of, verdict_like, verdict_of

AT_ONCE = 500  # questions in one query
FEW = 200  # questions for which nobody reads all borders of the community

# The question's own columns come from the arrays, the rest is the same for all.
DECIDE_MANY = """
SELECT routing_decide(
    %(community)s::bigint, q.category, q.lon, q.lat, q.day, q.rules_at, %(ruleset)s::bigint, q.asset,
    %(near)s::float8, %(doubt)s::float8)
FROM unnest(%(lons)s::float8[], %(lats)s::float8[], %(categories)s::bigint[], %(days)s::date[],
            %(moments)s::timestamptz[], %(assets)s::bigint[])
    WITH ORDINALITY AS q (lon, lat, category, day, rules_at, asset, n)
ORDER BY q.n
"""


def decide_many(
    questions: Sequence[Asked], *, community: Community, ruleset: int | None = None, on: date | None = None
) -> list[Verdict | None]:
    """A verdict for each question, in their order; None for a place outside the community.

    `ruleset`: the id of a set that is asked instead of the one in force at each moment. `on`: a day whose areas,
    registers and dates hold instead of those of each moment; the weekday and the hour stay those of the moment.
    """
    return Deciding(community, ruleset=ruleset, on=on).decide(questions)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found for a key, and the verdict where it is the same for every question."""

    found: Found
    verdict: Verdict | None


class Deciding:
    """`decide_many` for one batch after another: what was found deep inside an area is asked once.

    Keeps what it read: let it live for minutes, not days. Must be used inside the community's scope.
    """

    def __init__(self, community: Community, *, ruleset: int | None = None, on: date | None = None) -> None:
        self._community, self._ruleset, self._on = community, ruleset, on
        self._alike: Alike | None = None
        self._known: dict[Key, _Known | None] = {}  # None: every question of that key has to be asked

    def decide(self, questions: Sequence[Asked]) -> list[Verdict | None]:
        """A verdict for each question, in their order; None for a place outside the community."""
        verdicts: list[Verdict | None] = [None] * len(questions)
        keys = self._keys(questions)
        first: dict[Key, int] = {}
        for index, key in enumerate(keys):
            if key is not None and key not in self._known:
                first.setdefault(key, index)
        self._ask([index for index, key in enumerate(keys) if key is None or first.get(key) == index],
                  questions, keys, verdicts)  # fmt: skip
        unlike = []
        for index, key in enumerate(keys):
            if key is None or first.get(key) == index:
                continue
            known = self._known[key]
            if known is None:
                unlike.append(index)
            elif known.verdict:
                verdicts[index] = verdict_like(known.verdict, questions[index], community=self._community)
            else:
                verdicts[index] = self._verdict(questions[index], known.found)
        self._ask(unlike, questions, keys, verdicts)
        return verdicts

    def _ask(
        self,
        chosen: Sequence[int],
        questions: Sequence[Asked],
        keys: Sequence[Key | None],
        verdicts: list[Verdict | None],
    ) -> None:
        """Asks the database about the chosen questions, and remembers what holds for others."""
        for index, found in zip(chosen, self._found([questions[index] for index in chosen]), strict=True):
            verdict = self._verdict(questions[index], found) if found.inside else None
            verdicts[index], key = verdict, keys[index]
            if key is not None and key not in self._known:
                same = verdict if is_timeless(found) else None
                self._known[key] = _Known(found, same) if is_for_all(found) else None

    def _keys(self, questions: Sequence[Asked]) -> Sequence[Key | None]:
        if self._alike is None:
            if len(questions) < FEW:
                return [None] * len(questions)
            self._alike = Alike(self._community, ruleset=self._ruleset, on=self._on)
        return self._alike.keys(questions) if questions else []

    def _verdict(self, question: Asked, found: Found) -> Verdict:
        return verdict_of(question, community=self._community, found=found, on=self._on)

    def _found(self, questions: Sequence[Asked]) -> list[Found]:
        found: list[Found] = []
        for start in range(0, len(questions), AT_ONCE):
            with connection.cursor() as cursor:
                cursor.execute(DECIDE_MANY, self._parameters(questions[start : start + AT_ONCE]))
                found += [Found.of(document) for (document,) in cursor.fetchall()]
        return found

    def _parameters(self, questions: Sequence[Asked]) -> dict[str, Any]:
        same = parameters_of(questions[0], community=self._community, ruleset=self._ruleset)
        return same | {
            "lons": [question.lon for question in questions],
            "lats": [question.lat for question in questions],
            "categories": [question.category for question in questions],
            "days": [self._on or self._community.day_of(question.at) for question in questions],
            "moments": [question.at for question in questions],
            "assets": [question.asset for question in questions],
        }
