"""Rules as rows in words, in the language of the moment: for lists, differences and the pages of staff."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from geodata.models import Area, Division, local_name
from routing.explain import Asked, Names, is_any_area, rule_in_words
from routing.models import Category, Question, Register, Rule

RELATED = ("category", "division", "register", "organisation")  # what the words of a rule speak of


class Wording:
    """The words of the rules that it was made for. Asks the database twice, however many they are."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rows = list(rules)
        self._language = get_language() or "uk"
        self._areas = _area_names(rows)
        self._questions = _questions(rows, self._language)

    def words(self, rule: Rule) -> str:
        """For example: Manholes, Old Town → Vodokanal."""
        category, division, register = rule.category, rule.division, rule.register
        names = Names(
            categories={category.code: local_name(category, self._language)} if category else {},
            divisions={division.code: division.name} if division else {},
            registers={register.code: local_name(register, self._language)} if register else {},
            questions=self._questions.get(rule.category_id or 0, {}),
        )
        return rule_in_words(self._summary(rule), names)

    def area(self, rule: Rule) -> str:
        """Name of the rule's area; "" for a rule without one."""
        return self._areas.get((rule.division_id or 0, rule.area_code), rule.area_code)

    def _summary(self, rule: Rule) -> dict[str, Any]:
        return {
            "category": rule.category.code if rule.category else None,
            "area": self.area(rule),
            "area_code": rule.area_code,
            "division": rule.division.code if rule.division else "",
            "register": rule.register.code if rule.register else "",
            "asks": rule.asks,
            "within": rule.within,
            "answers": rule.answers,
            "weekdays": rule.weekdays,
            "hours_from": rule.hours_from.isoformat() if rule.hours_from else "",
            "hours_to": rule.hours_to.isoformat() if rule.hours_to else "",
            "valid_from": rule.valid_from.isoformat() if rule.valid_from else "",
            "valid_to": rule.valid_to.isoformat() if rule.valid_to else "",
            "organisation_name": local_name(rule.organisation, self._language) if rule.organisation else "",
        }


def names_of(trace: Mapping[str, Any], community_id: int, *, category: Category | None = None) -> Names:
    """What the rules in a trace speak of, in the language of the moment. They are about its category, or about any.

    `category`: that of the trace, where it is at hand.
    """
    language, code = get_language() or "uk", trace["category"]
    rules = [*([trace["matched"]] if trace["matched"] else []), *trace["lost"]]
    is_at_hand = category is not None and category.code == code
    about = [category] if category and is_at_hand else Category.objects.filter(community=community_id, code=code)
    divisions, registers, questions = {}, {}, {}
    if named := {rule["division"] for rule in rules if is_any_area(rule)}:
        rows = Division.objects.filter(community=community_id, code__in=named)
        divisions = dict(rows.values_list("code", "name"))
    if named := {rule["register"] for rule in rules if rule.get("register")}:
        lists = Register.objects.filter(community=community_id, code__in=named)
        registers = {row.code: local_name(row, language) for row in lists}
    if any(rule.get("answers") for rule in rules):
        asked = Question.objects.filter(community=community_id, category__code=code)
        questions = {question.code: _asked(question, language) for question in asked}
    return Names({row.code: local_name(row, language) for row in about}, divisions, registers, questions)


def _area_names(rules: list[Rule]) -> dict[tuple[int, str], str]:
    """(division, code) → the name of the latest version."""
    named = {(rule.division_id, rule.area_code) for rule in rules if rule.area_code}
    if not named:
        return {}
    wanted = Q(division__in={division for division, _code in named}, code__in={code for _division, code in named})
    rows = Area.objects.filter(wanted).order_by("valid_from").values_list("division", "code", "name")
    return {(division, code): name for division, code, name in rows}


def _questions(rules: list[Rule], language: str) -> dict[int, dict[str, Asked]]:
    """Category → code → question, for the rules that ask for answers."""
    asking = {rule.category_id for rule in rules if rule.answers and rule.category_id}
    found: dict[int, dict[str, Asked]] = defaultdict(dict)
    for question in Question.objects.filter(category__in=asking) if asking else ():
        found[question.category_id][question.code] = _asked(question, language)
    return found


def _asked(question: Question, language: str) -> Asked:
    """The English texts when English is asked for and given, else the Ukrainian ones."""
    is_english = language.startswith("en")
    return Asked(
        (question.text_en if is_english else "") or question.text,
        {one["code"]: (one.get("text_en") if is_english else "") or one["text"] for one in question.options},
    )
