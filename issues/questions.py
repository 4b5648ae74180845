"""The questions of a category: as fields of the report form, and answered, in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from issues import assets
from issues.answer_fields import bounds_of, field_of
from issues.models import Issue
from routing.models import Asset, Category, Question
from routing.offered import questions_of

PREFIX = "answer-"  # of the names of fields: answer-<code of the question>
FIND = "find-"  # find-<code of the question>: what a thing of its register is searched by
MOST_SOUGHT = 100  # characters of that
Kind = Question.Kind


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose."""

    code: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the form shows it, or would show it after other answers (`is_shown`)."""

    name: str  # of the field
    kind: str
    text: str
    is_required: bool
    is_shown: bool
    shown_if: str  # JSON: name of a field → answers with which this one is asked; "" for always
    value: str
    hint: str
    least: str
    most: str
    longest: int
    unit: str
    options: tuple[Option, ...] = ()
    things: tuple[assets.Offered, ...] = ()
    is_none: bool = False  # “It is not in the list” was chosen
    find: str = ""  # name of the field by which its register is searched
    sought: str = ""  # what that holds
    search_label: str = ""
    said: str = ""  # what the list holds
    errors: tuple[str, ...] = field(default=())


class Questions:
    """The questions of a category, and which of them a form asks. `given`: name of a field → what it holds."""

    def __init__(self, category: Category | None, given: Mapping[str, Any], *, on: date) -> None:
        self.on, self._given = on, given
        self.rows = questions_of(category) if category else []

    @cached_property
    def shown(self) -> list[Question]:
        """Those that are asked: an answer to a question that is not shown counts for nothing."""
        answers: dict[str, str] = {}
        shown = []
        for question in self.rows:
            if question.is_shown(answers):
                shown.append(question)
                answers[question.code] = str(self._given.get(PREFIX + question.code) or "")
        return shown

    def fields(self) -> dict[str, forms.Field]:
        """A field for each question that is shown, in their order."""
        return {PREFIX + question.code: _field(question, self.on) for question in self.shown}

    def asked(self, form: forms.Form, point: Point | None) -> list[Asked]:
        """All of them, with what was answered and what is wrong. `point`: where the pin stands, SRID 4326."""
        return [self._asked(question, form, point) for question in self.rows]

    def _asked(self, question: Question, form: forms.Form, point: Point | None) -> Asked:
        name, language = PREFIX + question.code, get_language() or "uk"
        value = str(self._given.get(name) or "")
        least, most = _range(question, self.on)
        unit = in_language(question.unit, question.unit_en, language)
        options = tuple(Option(code, text, code == value) for code, text in _options(question, language))
        return Asked(
            name=name,
            kind=question.kind,
            text=in_language(question.text, question.text_en, language),
            is_required=question.is_required,
            is_shown=question in self.shown,
            shown_if=json.dumps({PREFIX + code: fits for code, fits in question.shown_if.items()})
            if question.shown_if
            else "",
            value=value,
            hint=_hint(question, least, most),
            least=least,
            most=most,
            longest=question.longest,
            unit=unit,
            options=options,
            **self._things(question, value, point),
            errors=tuple(str(error) for error in form[name].errors) if name in form.fields else (),
        )

    def _things(self, question: Question, value: str, point: Point | None) -> dict[str, Any]:
        """What of its register a question offers: what was searched for, or else the nearest to the pin."""
        if question.kind != Kind.ASSET or question.register is None:
            return {}
        find = FIND + question.code
        sought = sought_in(self._given.get(find))
        offer = assets.offer(question.register, choice=value, point=point, text=sought, day=self.on)
        return {
            "things": offer.options,
            "is_none": offer.is_none,
            "find": find,
            "sought": sought,
            "search_label": offer.search_label,
            "said": offer.said,
        }

    @property
    def deciding(self) -> set[str]:
        """Names of the shown fields on which a decision may depend."""
        return {PREFIX + question.code for question in self.shown if question.kind == Kind.CHOICE}

    @property
    def names_shown(self) -> list[str]:
        return [PREFIX + question.code for question in self.shown]


def sought_in(value: object) -> str:
    """What a register is searched by, as a search takes it."""
    return str(value or "").replace("\0", "")[:MOST_SOUGHT]


def answers_from(given: Mapping[str, object]) -> dict[str, str]:
    """Code of a question → its answer, from checked fields of a form; unanswered ones are left out.

    An answer to choose from is its code, a number has a decimal point, a date is ISO 8601, a thing is its id.
    """
    found = {name.removeprefix(PREFIX): answer for name, answer in given.items() if name.startswith(PREFIX)}
    return {code: _kept(answer) for code, answer in found.items() if answer not in (None, "")}


def in_words(issue: Issue, language: str) -> list[tuple[str, str]]:
    """(question, answer) of a report in a language; what was asked then and is no longer known, by its code.

    A thing of a register that a sensitive report names tells its place: who must not know that does not get it.
    """
    if not issue.answers:
        return []
    known = {question.code: question for question in Question.objects.filter(category=issue.category_id)}
    order = [*known, *(code for code in issue.answers if code not in known)]
    return [_in_words(known.get(code), code, issue.answers[code], language) for code in order if code in issue.answers]


def names_no_place(issue: Issue, language: str) -> list[tuple[str, str]]:
    """The same without things of registers, by which the place could be found."""
    placed = Question.objects.filter(category=issue.category_id, kind=Kind.ASSET).values_list("code", flat=True)
    hidden = set(placed)
    kept = {code: answer for code, answer in issue.answers.items() if code not in hidden}
    known = {question.code: question for question in Question.objects.filter(category=issue.category_id)}
    return [_in_words(known.get(code), code, answer, language) for code, answer in kept.items()]


def in_language(text: str, text_en: str, language: str) -> str:
    """The English text when English is asked for and given, else the Ukrainian one."""
    return (text_en if language.startswith("en") else "") or text


def _field(question: Question, on: date) -> forms.Field:
    language = get_language() or "uk"
    label = in_language(question.text, question.text_en, language)
    if question.kind != Kind.CHOICE:
        return field_of(question, label=label, unit=question.unit, on=on)
    return forms.ChoiceField(
        label=label,
        choices=_options(question, language),
        required=question.is_required,
        error_messages={
            "required": gettext_lazy("Choose one of the answers."),
            "invalid_choice": gettext_lazy("This answer can no longer be chosen. Choose another."),
        },
    )


def _condition(question: Question) -> str:
    """Names of fields with the answers after which the question is asked, as JSON; "" for always."""
    names = {PREFIX + code: fits for code, fits in question.shown_if.items()}
    return json.dumps(names) if names else ""


def _kept(answer: object) -> str:
    if isinstance(answer, Decimal):
        return f"{answer.normalize():f}"
    return answer.isoformat() if isinstance(answer, date) else str(answer)


def _range(question: Question, on: date) -> tuple[str, str]:
    """The least and the greatest answer as a browser takes them; "" for no limit."""
    if question.kind == Kind.DATE:
        earliest, latest = bounds_of(question, on)
        return (earliest.isoformat() if earliest else ""), (latest.isoformat() if latest else "")
    ends = (question.least, question.most) if question.kind == Kind.NUMBER else (None, None)
    least, most = (f"{end.normalize():f}" if end is not None else "" for end in ends)
    return least, most


def _hint(question: Question, least: str, most: str) -> str:
    """What may be answered, and who sees it."""
    if question.kind == Kind.NUMBER and least and most:
        return _("From %(least)s to %(most)s.") % {"least": least, "most": most}
    if question.kind == Kind.TEXT:
        return _("Everybody will see it. No more than %(most)s characters.") % {"most": question.longest}
    return _("Choose it here or tap it on the map.") if question.kind == Kind.ASSET else ""


def _options(question: Question, language: str) -> list[tuple[str, str]]:
    return [
        (option["code"], in_language(option["text"], option.get("text_en", ""), language))
        for option in question.options
    ]


def _in_words(question: Question | None, code: str, answer: str, language: str) -> tuple[str, str]:
    if question is None:
        return code, answer
    text = in_language(question.text, question.text_en, language)
    if question.kind == Kind.NUMBER:
        unit = in_language(question.unit, question.unit_en, language)
        said = answer.replace(".", ",") if language.startswith("uk") else answer
        return text, f"{said} {unit}".strip()
    if question.kind == Kind.DATE:
        return text, _day(answer)
    if question.kind == Kind.ASSET:
        return text, _thing(question, answer)
    return text, dict(_options(question, language)).get(answer, answer)


def _day(answer: str) -> str:
    try:
        return date_format(date.fromisoformat(answer), "j E Y")
    except ValueError:  # the question was of another kind then
        return answer


def _thing(question: Question, answer: str) -> str:
    if answer == assets.NONE:
        return _("It is not in the list")
    found = Asset.objects.filter(register=question.register_id, pk=int(answer)).first() if answer.isdecimal() else None
    return found.label if found else answer
