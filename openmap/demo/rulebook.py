"""Rules of Яворин: one set that is kept, one in force, one draft to try and to publish."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any

from accounts.models import Organisation
from geodata.models import Community, Division
from openmap.demo.city import (
    DISTRICTS_CODE,
    DRAFT_DUTY,
    DRAFT_WASTE,
    DUTIES,
    FULL_DUTIES,
    KINDS,
    NEIGHBOUR_KINDS,
    Duty,
    Kind,
)
from openmap.demo.questions import ASKS, Ask
from routing.models import Category, Question, Register, Rule, RuleSet
from routing.rulesets import new_draft, publish

FOUNDED = timedelta(days=1200)  # before the demo is loaded: earlier than its first report
REGISTERS_CAME = timedelta(days=35)
DRAFTED = timedelta(days=1)
FIRST_NOTE = "Перші правила громади"
FULL_NOTE = "Дороги, будинки й ліхтарі за реєстрами, нічна аварійна служба"
DRAFT_NOTE = "Дороги Заріччя — Яворинавтодору, сміття Слобідки й Гончарів — Екосервісу"

Bodies = Mapping[str, Organisation]
Winter = tuple[date, date]


def write_rules_of_yavoryn(community: Community, bodies: Bodies, *, at: datetime) -> None:
    """Categories with their questions; then the sets of rules, each from the one before it."""
    categories = _found_categories(community, KINDS)
    for position, ask in enumerate(ASKS, start=1):
        _ask(community, categories[ask.category], ask, position)
    founded, registers_came = at - FOUNDED, at - REGISTERS_CAME
    first = new_draft(community=community, at=founded, note=FIRST_NOTE)
    writer = _Writer(community, categories, bodies, winters_until(community.day_of(at)))
    writer.write(first, [*_duties_of(KINDS), *DUTIES])
    publish(first, moment=founded, at=founded)
    full = new_draft(community=community, at=registers_came, based_on=first, note=FULL_NOTE)
    writer.write(full, FULL_DUTIES[len(DUTIES) :])
    publish(full, moment=registers_came, at=registers_came)
    draft = new_draft(community=community, at=at - DRAFTED, based_on=full, note=DRAFT_NOTE)
    writer.write(draft, [DRAFT_DUTY])
    body, districts = DRAFT_WASTE
    waste = Rule.objects.filter(ruleset=draft, category=categories["waste"], area_code__in=districts)
    waste.update(organisation=bodies[body])


def _ask(community: Community, category: Category, ask: Ask, position: int) -> None:
    code, fits = ask.after
    least, most = ask.range or (None, None)
    Question.objects.create(
        community=community,
        category=category,
        code=ask.code,
        kind=ask.kind,
        text=ask.text,
        text_en=ask.text_en,
        options=[{"code": one, "text": text, "text_en": text_en} for one, text, text_en in ask.answers],
        least=least,
        most=most,
        unit=ask.unit[0],
        unit_en=ask.unit[1],
        register=Register.objects.get(community=community, code=ask.register) if ask.register else None,
        shown_if={code: list(fits)} if code else {},
        is_required=ask.is_required,
        position=position,
    )


def write_rules_of_neighbour(community: Community, bodies: Bodies, *, at: datetime) -> None:
    """One set, in force as long as that of Яворин."""
    categories = _found_categories(community, NEIGHBOUR_KINDS)
    founded = at - FOUNDED
    rules = new_draft(community=community, at=founded, note=FIRST_NOTE)
    winters = winters_until(community.day_of(at))
    _Writer(community, categories, bodies, winters).write(rules, _duties_of(NEIGHBOUR_KINDS))
    publish(rules, moment=founded, at=founded)


def winters_until(day: date) -> list[Winter]:
    """The winter of that day, or the next one, and those since the first rules."""
    first, _end = winter_of(day)
    return [winter_of(date(year, 11, 1)) for year in range((day - FOUNDED).year - 1, first.year + 1)]


def winter_of(day: date) -> Winter:
    """The winter of that day or, after it, the next one: from 1 November to 1 April, which it does not include."""
    year = day.year - 1 if day.month < 4 else day.year
    return date(year, 11, 1), date(year + 1, 4, 1)


def _found_categories(community: Community, kinds: Sequence[Kind]) -> dict[str, Category]:
    registers = {register.code: register for register in Register.objects.filter(community=community)}
    return {
        kind.code: Category.objects.create(
            community=community,
            code=kind.code,
            name=kind.name,
            name_en=kind.name_en,
            icon=kind.icon,
            working_days=kind.days,
            near_metres=kind.near,
            hold_new=kind.hold_new,
            is_sensitive=kind.is_sensitive,
            register=registers.get(kind.register),
            position=position * 10,
        )
        for position, kind in enumerate(kinds, start=1)
    }


def _duties_of(kinds: Sequence[Kind]) -> list[Duty]:
    """The rules of the whole community that the kinds of problems name."""
    return [Duty(kind.duty, category=kind.code) for kind in kinds if kind.duty]


class _Writer:
    """Writes rules of one community into its drafts."""

    def __init__(
        self, community: Community, categories: Mapping[str, Category], bodies: Bodies, winters: Sequence[Winter]
    ) -> None:
        self._community, self._categories, self._bodies, self._winters = community, categories, bodies, winters
        self._division = Division.objects.filter(community=community, code=DISTRICTS_CODE).first()
        self._registers = {register.code: register for register in Register.objects.filter(community=community)}

    def write(self, draft: RuleSet, duties: Iterable[Duty]) -> None:
        """One row for each district of a duty, or one for the whole community; one for each winter of one of winter."""
        for duty in duties:
            dates = self._winters if duty.is_of_winter else [(None, None)]
            for district, (valid_from, valid_to) in product(duty.districts or ("",), dates):
                place: dict[str, Any] = {"division": self._division, "area_code": district} if district else {}
                place |= {"valid_from": valid_from, "valid_to": valid_to}
                rule = Rule(community=self._community, ruleset=draft, **self._columns(duty), **place)
                rule.full_clean()
                rule.save()

    def _columns(self, duty: Duty) -> dict[str, Any]:
        hours_from, hours_to = (time.fromisoformat(hour) for hour in duty.hours) if duty.hours else (None, None)
        return {
            "role": duty.role,
            "category": self._categories.get(duty.category),
            "organisation": self._bodies.get(duty.body),
            "priority": duty.priority,
            "register": self._registers.get(duty.register),
            "asks": duty.asks,
            "within": duty.within,
            "answers": {question: list(fits) for question, fits in duty.answers},
            "hours_from": hours_from,
            "hours_to": hours_to,
        }
