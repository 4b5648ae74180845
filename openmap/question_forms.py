"""A question of a category in the administration: what is asked, how it is answered, and after which answers."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openmap.admin_site import RowForm
from routing.models import Question, Register

CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
Kind = Question.Kind


class QuestionForm(RowForm):
    """A question of a category; its answers are written one on a line, and its condition is ticked."""

    options = forms.CharField(
        required=False,
        label=_("answers to choose from"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Only of a choice. One on a line: code = text = text in English, as yard = У дворі = In the yard."),
    )
    asked_after = forms.MultipleChoiceField(
        required=False,
        label=_("asked only after these answers"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of an earlier question. None ticked: always asked."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.initial.get("options"), list):
            self.initial["options"] = lines_of(self.initial["options"])
        condition = self.instance.shown_if or {}
        self.initial["asked_after"] = [f"{code}:{answer}" for code, fits in condition.items() for answer in fits]

    def offer(self, community: int | None, questions: list[Question]) -> None:
        """What may be chosen: registers of the community, and answers of the category's other choices."""
        self.fields["register"].queryset = Register.objects.filter(community=community)  # type: ignore[attr-defined]
        others = [one for one in questions if one.kind == Kind.CHOICE and one.pk != self.instance.pk]
        self.fields["asked_after"].choices = [  # type: ignore[attr-defined]
            (f"{one.code}:{option['code']}", f"{one.text} — {option['text']}")
            for one in others
            for option in one.options
        ]

    def clean_options(self) -> list[dict[str, str]]:
        """Raises ValidationError that names the line."""
        found, known = [], set()
        lines = [line.strip() for line in self.cleaned_data["options"].splitlines()]
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            code, text, english = ([part.strip() for part in line.split("=", 2)] + ["", ""])[:3]
            told = {"number": number, "line": line[:60]}
            if not code or not text:
                raise ValidationError(_("Line %(number)s needs a code and a text: %(line)s"), params=told)
            if not CODE.fullmatch(code):
                raise ValidationError(
                    _("Line %(number)s: a code has only Latin letters, digits, - and _: %(line)s"), params=told
                )
            if code in known:
                raise ValidationError(_("Line %(number)s: this code stands above already: %(line)s"), params=told)
            known.add(code)
            found.append({"code": code, "text": text, "text_en": english})
        return found

    def clean(self) -> dict[str, Any]:
        """What belongs to another kind of answer is told beside it; the condition becomes that of the model."""
        data = super().clean() or self.cleaned_data
        kind, options = data.get("kind"), data.get("options")
        if kind == Kind.CHOICE and options is not None and len(options) < 2:
            self.add_error("options", _("A question needs at least two answers, each on its line."))
        if kind != Kind.CHOICE and options:
            self.add_error("options", _("Answers to choose from belong to a choice: change the kind, or empty this."))
        if kind != Kind.ASSET and data.get("register"):
            self.add_error("register", _("A register belongs to a thing that is picked on the map."))
        condition: dict[str, list[str]] = {}
        for ticked in data.get("asked_after", ()):
            code, _colon, answer = ticked.partition(":")
            condition.setdefault(code, []).append(answer)
        self.instance.shown_if = condition
        return data

    def _update_errors(self, errors: ValidationError) -> None:
        """The condition of the model is ticked under another name."""
        if hasattr(errors, "error_dict") and "shown_if" in errors.error_dict:
            errors.error_dict["asked_after"] = errors.error_dict.pop("shown_if")
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own, untyped


def lines_of(options: list[dict[str, str]]) -> str:
    """Answers as the form takes them: code = text = text in English."""
    parts = ([one["code"], one["text"], one.get("text_en", "")] for one in options)
    return "\n".join(" = ".join(part for part in line if part) for line in parts)
