"""Danger first, in the report form: what its words or its category mean, and whether its writer went on knowingly."""

from dataclasses import dataclass

from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language

from geodata.models import Community
from issues.forms import PlaceForm
from issues.models import MAX_TEXT
from routing.dangers import dangers_in
from routing.models import Category, Danger

Form = MultiValueDict[str, str]  # what a form sent


@dataclass(frozen=True, slots=True)
class Warned:
    """One danger to warn of. Passed: “I have called, or there is no danger” is ticked for it."""

    danger: Danger
    advice: str  # in the reader's language
    is_passed: bool


def warnings_for(form: PlaceForm, data: Form, *, community: Community) -> list[Warned]:
    """What the form means; errors in it do not matter. Must be called inside the community's scope."""
    return warnings_of(data, form.chosen_category, community=community)


def warnings_of(data: Form, category: Category | None, *, community: Community) -> list[Warned]:
    """The same for words, and for what kind of problem they are about if that matters."""
    passed = set(data.getlist("danger"))
    text = data.get("text", "")[:MAX_TEXT]
    found = dangers_in(text, category, community=community)
    return [Warned(danger, _advice(danger), danger.code in passed) for danger in found]


def _advice(danger: Danger) -> str:
    return (danger.advice_en if get_language() == "en" else "") or danger.advice
