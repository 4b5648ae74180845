"""What a rule asks besides its place, and how it ranks: as `routing_decide` has it in the database."""

from datetime import date, time

from routing.models import Rule

EVERY_DAY = frozenset(range(1, 8))
MIDNIGHT, LAST = time(0), time.max


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


def always_holds(rule: Rule, on: date) -> bool:
    """From that day on it decides for everybody in its place: it asks for no answers, hours or chosen asset, and its
    dates have begun and do not end."""
    begun = rule.valid_from is None or rule.valid_from <= on
    asks = rule.answers or rule.weekdays or rule.hours_from is not None or rule.asks == Rule.Asks.THIS
    return begun and rule.valid_to is None and not asks


def can_hold_together(one: Rule, other: Rule) -> bool:
    """Whether one report can fulfil the conditions of both rules, wherever it is."""
    both_this = one.asks == other.asks == Rule.Asks.THIS
    if both_this and one.register_id != other.register_id:
        return False
    asked = one.answers.keys() & other.answers.keys()
    if not all(set(one.answers[code]) & set(other.answers[code]) for code in asked):
        return False
    if not (set(one.weekdays) or EVERY_DAY) & (set(other.weekdays) or EVERY_DAY):
        return False
    hours = any(max(a, c) < min(b, d) for a, b in _hours(one) for c, d in _hours(other))
    begins = max(rule.valid_from or date.min for rule in (one, other))
    ends = min(rule.valid_to or date.max for rule in (one, other))
    return hours and begins < ends


def _hours(rule: Rule) -> list[tuple[time, time]]:
    """The hours of a day, two stretches when they go over midnight."""
    if rule.hours_from is None or rule.hours_to is None:
        return [(MIDNIGHT, LAST)]
    if rule.hours_from < rule.hours_to:
        return [(rule.hours_from, rule.hours_to)]
    after_midnight = [(MIDNIGHT, rule.hours_to)] if rule.hours_to > MIDNIGHT else []
    return [(rule.hours_from, LAST), *after_midnight]
