"""Answers that are not chosen from a list: numbers, texts, dates and things of a register, as fields of a form."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from issues import assets
from routing.models import Question

WRITTEN = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y"]  # how people and browsers write a day
Kind = Question.Kind


class NumberField(forms.DecimalField):
    """A number, with a decimal point or comma."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".").replace(" ", "") if isinstance(value, str) else value)


class AssetField(forms.CharField):
    """One of a register in force on a day, or “It is not in the list”; the id of the version that was chosen."""

    def __init__(self, *, question: Question, on: date, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.question, self.on = question, on

    def clean(self, value: Any) -> str:
        choice: str = super().clean(value)
        if choice in ("", assets.NONE):
            return choice
        assert self.question.register  # by a constraint of the database
        found = assets.chosen_of(self.question.register, choice, self.on)
        if found is None:
            raise forms.ValidationError(_("What you chose is no longer in the list. Choose again."))
        return str(found.pk)


def field_of(question: Question, *, label: str, unit: str, on: date) -> forms.Field:
    """The field of a question that is no choice."""
    given: dict[str, Any] = {"label": label, "required": question.is_required}
    if question.kind == Kind.NUMBER:
        return _number(question, unit, given)
    if question.kind == Kind.DATE:
        return _date(question, on, given)
    if question.kind == Kind.ASSET:
        required = {"required": _("Choose one, or say that it is not in the list.")}
        return AssetField(question=question, on=on, error_messages=required, **given)
    errors = {"required": _("Write the answer.")}
    return forms.CharField(max_length=question.longest, error_messages=errors, **given)


def bounds_of(question: Question, on: date) -> tuple[date | None, date | None]:
    """The first and the last day that may be answered."""
    latest = min((day for day in (question.latest, on if question.not_future else None) if day), default=None)
    return question.earliest, latest


def _number(question: Question, unit: str, given: dict[str, Any]) -> forms.Field:
    errors = {"required": _("Write a number."), "invalid": _("Write a number, for example 12 or 1,5.")}
    field = NumberField(max_digits=12, decimal_places=3, error_messages=errors, **given)
    if question.least is not None:
        words = _("No less than %(limit_value)s.")
        field.validators.append(MinValueValidator(question.least.normalize(), words))
    if question.most is not None:
        words = _("No more than %(limit_value)s.")
        field.validators.append(MaxValueValidator(question.most.normalize(), words))
    return field


def _date(question: Question, on: date, given: dict[str, Any]) -> forms.Field:
    errors = {"required": _("Choose a day."), "invalid": _("Write a day as 31.12.2026.")}
    field = forms.DateField(input_formats=WRITTEN, error_messages=errors, **given)
    earliest, latest = bounds_of(question, on)
    if latest and latest == on and question.not_future:
        field.validators.append(MaxValueValidator(latest, _("This day has not come yet.")))
    elif latest:
        field.validators.append(MaxValueValidator(latest, _("No later than %s.") % date_format(latest, "d.m.Y")))
    if earliest:
        field.validators.append(MinValueValidator(earliest, _("No earlier than %s.") % date_format(earliest, "d.m.Y")))
    return field
