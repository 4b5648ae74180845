"""Filters of lists by place and period."""

from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions

from geodata.boxes import BadBoxError, Box, parse_box
from geodata.forms import area_called
from geodata.models import Area, Community
from geodata.periods import first_day, moments


class _BoxField(forms.CharField):
    def clean(self, value: Any) -> Box | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_box(text)
        except BadBoxError:
            words = _("A box is four numbers in degrees with commas between them: west,south,east,north.")
            raise ValidationError(words, "box") from None


@extend_schema_field({"type": "string", "example": "28.45,49.22,28.49,49.25"})
class BoxFilter(django_filters.Filter):  # type: ignore[misc]
    """“west,south,east,north”, degrees. Its method gets a Box."""

    field_class = _BoxField


class _DayField(forms.CharField):
    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and not first_day(text):
            raise ValidationError(_("A day is written as 2026-11-19, a month as 2026-11."), "day")
        return text


@extend_schema_field({"type": "string", "example": "2026-11-19"})
class DayFilter(django_filters.Filter):  # type: ignore[misc]
    """A day or a month. Its method gets the text."""

    field_class = _DayField


def since_of(text: str, community: Community) -> Any:
    """The first moment of the day or month, by the community's clock."""
    return moments(text, "", ZoneInfo(community.time_zone))[0]


def until_of(text: str, community: Community) -> Any:
    """The moment after the day or month, by the community's clock."""
    return moments("", text, ZoneInfo(community.time_zone))[1]


def area_named(text: str, community: Community, at: Any) -> Area:
    """The area in force, with its boundary, that “division.code” names. Raises DRF's ValidationError for none."""
    found = area_called(text, community.day_of(at))
    if found is None:
        raise exceptions.ValidationError({"area": [_("There is no area of this code now.")]}, "area")
    return found
