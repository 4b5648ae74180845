"""Forms of the administration about rules: one rule, publishing a set."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from geodata.models import Area, Community, Division
from openmap.admin_site import RowForm
from routing.models import Asset, Category, Channel, Question, Register, Rule, RuleSet
from routing.rulesets import PublishingError, lock_draft

ANSWER = "answer_"  # names of the fields for answers begin so; the question's code follows
SHOWN = "shown_"  # a field named so, with the key of a category, says that its questions were shown
# Where a model's error belongs, when the form asks otherwise than the model keeps.
SHOWN_AT = {"division": "place", "area_code": "place", "ruleset": None, "community": None, "answers": None}
PUBLISHED_MEANWHILE = _(
    "This set of rules was published or discarded meanwhile, and its rules no longer change. What you wrote is still "
    "here: write it into a new draft."
)

FIND = "_find"  # the button that looks for an organisation, and does not save
MOST_FOUND = 20  # organisations of one search

Choice = tuple[str, Any]


class FindInput(forms.TextInput):
    """A line to write in, with a button that looks for it."""

    template_name = "admin/routing/rule/find_input.html"


class RuleForm(RowForm):
    """A rule of the draft `ruleset`: places by their names, answers and days as boxes to tick.

    The organisations offered are those that this community knows; any other is looked for by its name.
    """

    ruleset: RuleSet
    questions: ClassVar[Sequence[Question]] = ()

    place = forms.ChoiceField(required=False, label=_("where"), help_text=_("The place itself is asked, not its name."))
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=[(str(number + 1), name) for number, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        label=_("days of the week"),
        help_text=_("None ticked: every day."),
    )

    find = forms.CharField(
        required=False,
        max_length=100,
        label=_("another organisation"),
        help_text=_("Part of the name of one that is not in the list yet: what is found is offered in the list."),
        widget=FindInput,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule, here = self.instance, self.ruleset.community
        if rule._state.adding:
            rule.ruleset, rule.community = self.ruleset, here
        offered = {
            "category": Category.objects.filter(community=here),
            "register": Register.objects.filter(community=here),
            "organisation": self._organisations(),
        }
        for name, rows in offered.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        self.fields["category"].empty_label = _("any category")  # type: ignore[attr-defined]
        self.fields["register"].empty_label = _("no register is asked")  # type: ignore[attr-defined]
        self.fields["organisation"].empty_label = _("its keeper, as the register says")  # type: ignore[attr-defined]
        self.fields["place"].choices = places_of(here, rule)  # type: ignore[attr-defined]
        self.initial.setdefault("place", place_of(rule))
        self.initial_answers = rule.answers or {}
        for question in self.questions:
            self.initial[ANSWER + question.code] = self.initial_answers.get(question.code, [])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        try:
            lock_draft(self.ruleset)
        except PublishingError:
            raise ValidationError(PUBLISHED_MEANWHILE) from None
        rule = self.instance
        rule.division_id, rule.area_code = _division_and_code(data.get("place", ""))
        rule.answers = self._answers(data)
        self._check_register(data)
        self._check_times(data)
        self._check_search(data)
        return data

    def _organisations(self) -> QuerySet[Organisation]:
        """Those that the community writes to, that keep something here or that its rules name; what was looked for,
        and what was chosen."""
        here = {"community": self.ruleset.community_id}
        known = Q(pk__in=Channel.objects.filter(**here).values("organisation"))
        known |= Q(pk__in=Asset.objects.filter(**here).values("keeper"))
        known |= Q(pk__in=Rule.objects.filter(**here).values("organisation"))
        known |= Q(pk__in=[row.pk for row in self._found()])
        chosen = self.data.get("organisation", "")
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 18:
            known |= Q(pk=int(chosen))
        own = Q(pk=self.instance.organisation_id or 0)
        return Organisation.objects.filter((known & Q(is_active=True)) | own).order_by("name")

    def _found(self) -> list[Organisation]:
        """The active organisations that the name that was written fits."""
        name = self.data.get("find", "").strip()
        if not name or "\0" in name:
            return []
        fits = Q(name__icontains=name) | Q(name_en__icontains=name) | Q(edrpou=name)
        return list(Organisation.objects.filter(fits, is_active=True).order_by("name")[:MOST_FOUND])

    def _check_search(self, data: dict[str, Any]) -> None:
        """Who looks for an organisation has not chosen it yet: the form is shown again with what was found."""
        if not data.get("find") or (data.get("organisation") and FIND not in self.data):
            return
        names = ", ".join(row.name for row in self._found())
        said = _("Found: %(names)s. Choose in the list above, then save.") if names else _("Nobody is called so.")
        self.add_error("find", said % {"names": names})

    def _answers(self, data: dict[str, Any]) -> dict[str, list[str]]:
        """The answers that were ticked, when the questions shown were those of the category; else what it had."""
        category = data.get("category")
        if not category or f"{SHOWN}{category.pk}" not in self.data:
            return self.initial_answers if category and category.pk == self.initial.get("category") else {}
        given = {question.code: data.get(ANSWER + question.code) for question in self.questions}
        return {code: answers for code, answers in given.items() if answers}

    def _check_register(self, data: dict[str, Any]) -> None:
        """What belongs together is told next to what is missing."""
        register, asks, within = data.get("register"), data.get("asks"), data.get("within")
        if register and not asks:
            self.add_error("asks", _("Say what is asked of the register."))
        if asks and not register and "register" not in self.errors:
            self.add_error("register", _("Choose the register that is asked."))
        if asks == Rule.Asks.NEAREST and not within and "within" not in self.errors:
            self.add_error("within", _("Say within how many metres: from 1 to 1000."))
        if asks != Rule.Asks.NEAREST and within:
            self.add_error("within", _("Metres belong to “the nearest one” only."))
        if not register and not data.get("organisation") and not {"organisation", "register"} & self.errors.keys():
            self.add_error("organisation", _("Name an organisation, or a register whose keeper answers."))

    def _check_times(self, data: dict[str, Any]) -> None:
        begins, ends = data.get("hours_from"), data.get("hours_to")
        if begins and not ends:
            self.add_error("hours_to", _("Hours need an end too."))
        elif ends and not begins:
            self.add_error("hours_from", _("Hours need a beginning too."))
        elif begins and begins == ends:
            self.add_error("hours_to", _("The end is the same as the beginning: leave both empty for the whole day."))
        first, last = data.get("valid_from"), data.get("valid_to")
        if first and last and last <= first:
            self.add_error("valid_to", _("The last date lies before the first."))

    def _update_errors(self, errors: ValidationError) -> None:
        """Errors of columns that the form asks otherwise stand next to what it asks."""
        if hasattr(errors, "error_dict"):
            moved: dict[str, list[ValidationError]] = {}
            for name, found in errors.error_dict.items():
                moved.setdefault(SHOWN_AT.get(name, name) or NON_FIELD_ERRORS, []).extend(found)
            errors = ValidationError(moved)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own, untyped

    def save(self, commit: bool = True) -> Any:
        self.instance.ruleset, self.instance.community = self.ruleset, self.ruleset.community
        return super().save(commit)


def rule_form(ruleset: RuleSet, category_id: int | None) -> type[RuleForm]:
    """The form of a rule of that set, with the questions of that category."""
    here = {"category": category_id, "community": ruleset.community_id, "kind": Question.Kind.CHOICE}
    found = Question.objects.filter(**here) if category_id else ()
    questions = list(found)
    fields: dict[str, Any] = {ANSWER + question.code: _answer_field(question) for question in questions}
    if questions:
        fields[f"{SHOWN}{category_id}"] = forms.CharField(required=False, widget=forms.HiddenInput, initial="1")
    return type("RuleForm", (RuleForm,), {"ruleset": ruleset, "questions": questions, **fields})


def _answer_field(question: Question) -> forms.Field:
    is_english = (get_language() or "").startswith("en")
    return forms.MultipleChoiceField(
        required=False,
        label=(question.text_en if is_english else "") or question.text,
        choices=[
            (option["code"], (option.get("text_en") if is_english else "") or option["text"])
            for option in question.options
        ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: whatever was answered."),
    )


def place_of(rule: Rule) -> str:
    """The choice of `places_of` that the rule has made."""
    if not rule.division_id:
        return ""
    return f"{rule.division_id}:{rule.area_code}"


def places_of(community: Community, rule: Rule | None = None) -> list[Choice]:
    """The community, its divisions and their areas, also those that begin later; the rule's own area also when it has
    ended."""
    today = community.day_of(timezone.now())
    rows = Area.objects.filter(Q(valid_to=None) | Q(valid_to__gt=today), community=community).order_by("name", "code")
    versions = list(rows.values_list("division", "code", "name", "valid_from"))
    first: dict[tuple[int, str], date] = {}
    for number, code, _name, begins in versions:
        first[number, code] = min(begins, first.get((number, code), begins))
    areas: dict[int, list[Choice]] = {}
    for number, code, name, begins in versions:
        if begins == first[number, code]:
            areas.setdefault(number, []).append((f"{number}:{code}", _begins(name, begins, today)))
    divisions = Division.objects.filter(community=community).order_by("name")
    groups: list[Choice] = [("", _("the whole community"))]
    for division in divisions:
        any_area = (f"{division.pk}:", _("any area of “%(division)s”") % {"division": division.name})
        groups.append((division.name, [any_area, *areas.get(division.pk, [])]))
    ended = _ended(rule, today) if rule else None
    return [*groups, ended] if ended else groups


def _begins(name: str, begins: date, today: date) -> Any:
    """The name of an area, with its first day when that is yet to come."""
    if begins <= today:
        return name
    return _("%(name)s (from %(day)s)") % {"name": name, "day": date_format(begins, "j E Y")}


def _ended(rule: Rule, today: date) -> Choice | None:
    """The rule's own area, when all of its versions have ended."""
    if not rule.area_code:
        return None
    versions = Area.objects.filter(division=rule.division_id, code=rule.area_code)
    if versions.filter(Q(valid_to=None) | Q(valid_to__gt=today)).exists():
        return None
    last = versions.order_by("-valid_from").first()
    name = last.name if last else rule.area_code
    return place_of(rule), _("%(name)s (not in force today)") % {"name": name}


def _division_and_code(place: str) -> tuple[int | None, str]:
    division, _colon, code = place.partition(":")
    return (int(division), code) if division else (None, "")


class PublishForm(forms.Form):
    """When a draft comes into force, by the community's clock."""

    NOW, LATER = "now", "later"
    when = forms.ChoiceField(
        choices=[(NOW, _("now")), (LATER, _("later, at this moment"))],
        initial=NOW,
        widget=forms.RadioSelect,
        label=_("When"),
    )
    moment = forms.DateTimeField(
        required=False,
        label=_("Moment"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"],
        help_text=_("By the community's clock."),
    )
    seen = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("when") == self.LATER and not data.get("moment") and "moment" not in self.errors:
            self.add_error("moment", _("Say when the rules come into force."))
        return data
