"""What a rule asks besides its place, and how it ranks: as `routing_decide` has it in the database.

Whatever a report of a category can be like besides its place is cut into cases: days, weekdays, hours, what the
resident chose from a register, and one axis for each question. A box holds, for every axis, the values that fit.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Any

from routing.models import Question, Rule

Box = tuple[int, ...]  # for every axis, a bit for each of its values
MIDNIGHT = time(0)
UNANSWERED = ""  # stands beside the answers of a question that need not be answered


def precision_of(rule: Rule) -> int:
    """Of two rules with one priority the more precise wins: by category, register, area, division, answers, times."""
    conditions = (
        (rule.category_id is not None, 32),
        (rule.register_id is not None, 16),
        (bool(rule.area_code), 8),
        (rule.division_id is not None, 4),
        (bool(rule.answers), 2),
        (has_times(rule), 1),
    )
    return sum(worth for holds, worth in conditions if holds)


def has_times(rule: Rule) -> bool:
    """Whether it asks for days, hours or dates."""
    return bool(rule.weekdays) or not (rule.hours_from is None and rule.valid_from is None and rule.valid_to is None)


def is_over(rule: Rule, on: date) -> bool:
    """Its dates lie before that day."""
    return rule.valid_to is not None and rule.valid_to <= on


class Cases:
    """Every case of a category from a day on.

    `questions`: those of the category, by code. `register`: the one that its residents choose from; `chosen`: whether
    what can be chosen has a keeper (True, False, or both).
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        on: date,
        questions: Mapping[str, Question],
        register: int | None = None,
        chosen: Iterable[bool] = (),
    ) -> None:
        bounds = {day for rule in rules for day in (rule.valid_from, rule.valid_to) if day and day > on}
        self._days = [on, *sorted(bounds)]  # each stands for the days until the next one
        self._hours = sorted({MIDNIGHT, *(hour for rule in rules for hour in (rule.hours_from, rule.hours_to) if hour)})
        self._register, self._chosen = register, [None, *sorted(chosen)]  # None: nothing was chosen
        self._answers = {
            code: [*question.codes, *([UNANSWERED] if question.may_stay_open else [])]
            for code, question in sorted(questions.items())
            if any(code in rule.answers for rule in rules)
        }
        axes: list[Sequence[Any]] = [self._days, range(1, 8), self._hours, self._chosen, *self._answers.values()]
        self.whole: Box = tuple((1 << len(axis)) - 1 for axis in axes)
        self.today: Box = (1, *self.whole[1:])  # the cases of the first day

    def of(self, rule: Rule) -> Box | None:
        """The cases in which the rule holds; None when it never does."""
        if not rule.answers.keys() <= self._answers.keys():
            return None
        box = (
            _bits((rule.valid_from or date.min) <= day < (rule.valid_to or date.max) for day in self._days),
            _bits(not rule.weekdays or day in rule.weekdays for day in range(1, 8)),
            _bits(_is_in_hours(rule, hour) for hour in self._hours),
            _bits(self._fits_chosen(rule, is_kept) for is_kept in self._chosen),
            *(
                _bits(code not in rule.answers or answer in rule.answers[code] for answer in answers)
                for code, answers in self._answers.items()
            ),
        )
        return box if all(box) else None

    def _fits_chosen(self, rule: Rule, is_kept: bool | None) -> bool:
        """Whether the rule holds for what was chosen: something with a keeper, without one, or nothing (None)."""
        if rule.asks != Rule.Asks.THIS:
            return True
        return is_kept is not None and rule.register_id == self._register and (is_kept or bool(rule.organisation_id))


def covers(one: Box, other: Box) -> bool:
    """Whether the first holds in every case of the other."""
    return all(not other_axis & ~axis for axis, other_axis in zip(one, other, strict=True))


def in_both(one: Box, other: Box) -> Box | None:
    """The cases in which both hold; None when there are none."""
    box = tuple(axis & other_axis for axis, other_axis in zip(one, other, strict=True))
    return box if all(box) else None


def cases_left(box: Box, taken: Iterable[Box]) -> list[Box]:
    """What the others leave of the cases: boxes that share none."""
    left = [box]
    for other in taken:
        left = [part for one in left for part in _less(one, other)]
    return left


def _less(box: Box, other: Box) -> list[Box]:
    if in_both(box, other) is None:
        return [box]
    parts, rest = [], list(box)
    for number, axis in enumerate(other):
        if outside := rest[number] & ~axis:
            parts.append((*rest[:number], outside, *rest[number + 1 :]))
        rest[number] &= axis
    return parts


def _bits(holds: Iterable[bool]) -> int:
    return sum(1 << number for number, one in enumerate(holds) if one)


def _is_in_hours(rule: Rule, hour: time) -> bool:
    if rule.hours_from is None or rule.hours_to is None:
        return True
    if rule.hours_from < rule.hours_to:
        return rule.hours_from <= hour < rule.hours_to
    return hour >= rule.hours_from or hour < rule.hours_to
