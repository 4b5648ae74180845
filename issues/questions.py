"""The questions of a category: as fields of the report form, and answered, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from issues.models import Issue
from routing.models import Category, Question

PREFIX = "answer-"  # of the names of fields: answer-<code of the question>


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    code: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the form shows it."""

    name: str  # of the field
    text: str
    is_required: bool
    options: tuple[Option, ...]
    errors: tuple[str, ...]


def fields_of(category: Category) -> dict[str, forms.ChoiceField]:
    """A field for each question of the category, in their order."""
    language = get_language() or "uk"
    return {
        PREFIX + question.code: forms.ChoiceField(
            label=in_language(question.text, question.text_en, language),
            choices=_options(question, language),
            required=question.is_required,
            error_messages={
                "required": _("Choose one of the answers."),
                "invalid_choice": _("This answer can no longer be chosen. Choose another."),
            },
        )
        for question in Question.objects.filter(category=category)
    }


def asked_in(form: forms.Form) -> list[Asked]:
    """The questions of a form, with what was chosen and what is wrong."""
    asked = []
    for name, field in form.fields.items():
        if name.startswith(PREFIX) and isinstance(field, forms.ChoiceField):
            chosen = form[name].value()
            options = tuple(Option(code, text, code == chosen) for code, text in _pairs(field))
            errors = tuple(str(error) for error in form[name].errors)
            asked.append(Asked(name, str(field.label), field.required, options, errors))
    return asked


def answers_from(given: Mapping[str, object]) -> dict[str, str]:
    """Code of a question → code of its answer, from checked fields of a form; unanswered ones are left out."""
    return {name.removeprefix(PREFIX): str(code) for name, code in given.items() if name.startswith(PREFIX) and code}


def in_words(issue: Issue, language: str) -> list[tuple[str, str]]:
    """(question, answer) of a report in a language; what was asked then and is no longer known, by its code."""
    if not issue.answers:
        return []
    known = {question.code: question for question in Question.objects.filter(category=issue.category_id)}
    order = [*known, *(code for code in issue.answers if code not in known)]
    return [_in_words(known.get(code), code, issue.answers[code], language) for code in order if code in issue.answers]


def in_language(text: str, text_en: str, language: str) -> str:
    """The English text when English is asked for and given, else the Ukrainian one."""
    return (text_en if language.startswith("en") else "") or text


def _pairs(field: forms.ChoiceField) -> list[tuple[str, str]]:
    """The choices that `fields_of` gave to the field."""
    pairs: list[tuple[str, str]] = list(field.choices)  # type: ignore[arg-type]
    return pairs


def _options(question: Question, language: str) -> list[tuple[str, str]]:
    return [
        (option["code"], in_language(option["text"], option.get("text_en", ""), language))
        for option in question.options
    ]


def _in_words(question: Question | None, code: str, answer: str, language: str) -> tuple[str, str]:
    if question is None:
        return code, answer
    text = in_language(question.text, question.text_en, language)
    return text, dict(_options(question, language)).get(answer, answer)
