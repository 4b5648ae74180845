"""Rules as rows in words, in the language of the moment: for lists, differences and the pages of staff."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from geodata.models import Area, local_name
from routing.explain import rule_in_words
from routing.models import Category, Question, Rule

RELATED = ("category", "division", "register", "organisation")  # what the words of a rule speak of


class Wording:
    """The words of the rules that it was made for. Asks the database twice, however many they are."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rows = list(rules)
        self._language = get_language() or "uk"
        self._areas = _area_names(rows)
        self._questions = _questions(rows)

    def words(self, rule: Rule) -> str:
        """For example: Manholes, Old Town → Vodokanal."""
        category = rule.category
        names = {category.code: local_name(category, self._language)} if category else {}
        return rule_in_words(self._summary(rule), names, answers=self.answers(rule))

    def answers(self, rule: Rule) -> list[str]:
        """What residents must have answered: “Where is it? — in the yard / on the roof”."""
        known = self._questions.get(rule.category_id or 0, {})
        found = []
        for code, fits in (rule.answers or {}).items():
            question = known.get(code)
            texts = {option["code"]: self._text(option) for option in question.options} if question else {}
            asked = (question.text_en if self._language == "en" else "") or question.text if question else code
            found.append(f"{asked} — {' / '.join(texts.get(fit, str(fit)) for fit in fits)}")
        return found

    def area(self, rule: Rule) -> str:
        """Name of the rule's area; "" for a rule without one."""
        return self._areas.get((rule.division_id or 0, rule.area_code), rule.area_code)

    def _text(self, option: dict[str, str]) -> str:
        return (option.get("text_en") if self._language == "en" else "") or option["text"]

    def _summary(self, rule: Rule) -> dict[str, Any]:
        return {
            "category": rule.category.code if rule.category else None,
            "area": self.area(rule),
            "division": rule.division.name if rule.division else "",
            "register": rule.register.name if rule.register else "",
            "asks": rule.asks,
            "within": rule.within,
            "weekdays": rule.weekdays,
            "hours_from": rule.hours_from.isoformat() if rule.hours_from else "",
            "hours_to": rule.hours_to.isoformat() if rule.hours_to else "",
            "valid_from": rule.valid_from,
            "valid_to": rule.valid_to,
            "organisation_name": local_name(rule.organisation, self._language) if rule.organisation else "",
        }


def category_names(community_id: int) -> dict[str, str]:
    """Code → name of the community's categories, in the language of the moment."""
    language = get_language() or "uk"
    return {row.code: local_name(row, language) for row in Category.objects.filter(community=community_id)}


def _area_names(rules: list[Rule]) -> dict[tuple[int, str], str]:
    """(division, code) → the name of the latest version."""
    named = {(rule.division_id, rule.area_code) for rule in rules if rule.area_code}
    if not named:
        return {}
    wanted = Q(division__in={division for division, _code in named}, code__in={code for _division, code in named})
    rows = Area.objects.filter(wanted).order_by("valid_from").values_list("division", "code", "name")
    return {(division, code): name for division, code, name in rows}


def _questions(rules: list[Rule]) -> dict[int, dict[str, Question]]:
    """Category → code → question, for the rules that ask for answers."""
    asking = {rule.category_id for rule in rules if rule.answers and rule.category_id}
    found: dict[int, dict[str, Question]] = defaultdict(dict)
    for question in Question.objects.filter(category__in=asking) if asking else ():
        found[question.category_id][question.code] = question
    return found
