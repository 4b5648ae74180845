"""Kinds of filters of lists, with what the schema says of them."""

from typing import Any

import django_filters
from django import forms
from drf_spectacular.utils import extend_schema_field


class _Words(forms.Field):
    """Several texts of one name; NUL, which the database cannot hold, becomes a sign that no code has."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> list[str]:
        return [text.replace("\0", "\N{REPLACEMENT CHARACTER}") for text in value or ()]


@extend_schema_field({"type": "array", "items": {"type": "string"}, "maxItems": 100})
class Several(django_filters.Filter):  # type: ignore[misc]
    """A parameter that may repeat: any of its values fits. Its method gets the list, empty ones are not asked."""

    field_class = _Words


class PlainFilters(django_filters.FilterSet):  # type: ignore[misc]
    """Filters by methods only, so that every one says what it asks of the rows."""

    class Meta:
        fields: tuple[str, ...] = ()
