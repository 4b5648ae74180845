"""The form of “Who would answer here?”: a place, a category, a moment, answers and a thing of a register."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from geodata.models import WGS84
from issues.assets import WITHIN, chosen_of
from routing.models import Asset, Category, Question, RuleSet
from routing.registers import nearest_assets

ANSWER = "answer_"  # names of the fields for answers begin so; the question's code follows
MOST_ASSETS = 20  # the nearest of the category's register


class AskForm(forms.Form):
    """Asked by GET: the address of the answer can be sent on. SRID 4326; the moment is by the clock that is set."""

    lat = forms.FloatField(label=_("Latitude"), min_value=-90, max_value=90, widget=forms.TextInput)
    lon = forms.FloatField(label=_("Longitude"), min_value=-180, max_value=180, widget=forms.TextInput)
    category = forms.ModelChoiceField(Category.objects.none(), label=_("Category"))
    at = forms.DateTimeField(
        label=_("Date and time"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"],
    )

    def __init__(self, ruleset: RuleSet, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = ruleset.community
        for name in ("lat", "lon"):
            self.fields[name].widget.attrs["inputmode"] = "decimal"
        categories = Category.objects.filter(community=here)
        self.fields["category"].queryset = categories  # type: ignore[attr-defined]
        self.fields["at"].initial = timezone.localtime().replace(second=0, microsecond=0)
        self.questions = self._questions(categories)
        for question in self.questions:
            self.fields[ANSWER + question.code] = _answer_field(question)
        if assets := self._assets(categories):
            self.fields["asset"] = forms.ChoiceField(
                required=False, label=_("Chosen from the register"), choices=[("", _("not chosen")), *assets]
            )

    def _given(self, name: str) -> str:
        return str(self.data.get(name, "")) if self.is_bound else ""

    def _category(self, categories: Any) -> Category | None:
        key = self._given("category")
        if not key.isascii() or not key.isdigit() or len(key) > 17:
            return None
        found: Category | None = categories.filter(pk=int(key)).select_related("register").first()
        return found

    def _questions(self, categories: Any) -> list[Question]:
        category = self._category(categories)
        return list(Question.objects.filter(category=category, kind=Question.Kind.CHOICE)) if category else []

    def _assets(self, categories: Any) -> list[tuple[str, str]]:
        """Things of the category's register around the point, the nearest first; what was chosen stays among them."""
        category, point = self._category(categories), _point(self._given("lon"), self._given("lat"))
        if category is None or category.register is None or point is None:
            return []
        register, today = category.register, timezone.localdate()
        found = nearest_assets(register=register, point=point, day=today, limit=MOST_ASSETS, within=WITHIN)
        chosen = chosen_of(register, self._given("asset"), today)
        rows = found if chosen is None or chosen in found else [chosen, *found]
        return [(str(asset.pk), asset.label) for asset in rows]

    @property
    def point(self) -> Point:
        """The place, lon and lat."""
        return Point(self.cleaned_data["lon"], self.cleaned_data["lat"], srid=WGS84)

    @property
    def answers(self) -> dict[str, str]:
        """Question → answer, those that were given."""
        given = {question.code: self.cleaned_data.get(ANSWER + question.code) for question in self.questions}
        return {code: answer for code, answer in given.items() if answer}

    @property
    def asset(self) -> Asset | None:
        """The thing that was chosen."""
        key = self.cleaned_data.get("asset")
        found: Asset | None = Asset.objects.filter(pk=key).first() if key else None
        return found


def _answer_field(question: Question) -> forms.ChoiceField:
    is_english = (get_language() or "").startswith("en")

    def text(row: Mapping[str, str]) -> str:
        return (row.get("text_en") if is_english else "") or row["text"]

    choices = [("", _("not answered")), *((option["code"], text(option)) for option in question.options)]
    label = (question.text_en if is_english else "") or question.text
    return forms.ChoiceField(required=False, label=label, choices=choices)


def _point(lon: str, lat: str) -> Point | None:
    try:
        x, y = float(lon.replace(",", ".")), float(lat.replace(",", "."))
    except ValueError:
        return None
    return Point(x, y, srid=WGS84) if abs(x) <= 180 and abs(y) <= 90 else None
