"""Dangers in the administration: whom residents are asked to call first, and the words that bring that up."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import BooleanField, F, Func, OuterRef, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from issues.models import Issue
from openmap.admin_site import ScopedAdmin
from routing.models import Danger
from routing.usual_dangers import WORDS_OF


@admin.register(Danger)
class DangerAdmin(ScopedAdmin):
    list_display = ("name", "phones", "code", "is_active", "position", "community")
    list_filter = ("community", "is_active")
    list_select_related = ("community",)
    search_fields = ("name", "code")
    fields = (
        "community", "code", ("name", "name_en"), "phones", "advice", "advice_en", "with_usual_words", "usual", "words",
        ("position", "is_active"),
    )  # fmt: skip
    readonly_fields: ClassVar[tuple[str, ...]] = ("usual",)

    @admin.display(description=_("usual words"))
    def usual(self, danger: Danger) -> str:
        words = WORDS_OF.get(danger.code, "").strip()
        return format_html("<details><summary>{}</summary><pre>{}</pre></details>", _("Show"), words) if words else "—"


class DangerFilter(admin.SimpleListFilter):
    """Reports whose reporters were warned, to be looked at first."""

    title = _("danger")
    parameter_name = "danger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Its words or its kind mean danger."))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> QuerySet[Issue]:
        return queryset.exclude(dangers=[]) if self.value() == "yes" else queryset


def names_of_dangers() -> Subquery:
    """Expression for a queryset of reports: names of the dangers that their reporters were warned of, or null."""
    was_shown = Func(OuterRef("dangers"), F("code"), function="jsonb_exists", output_field=BooleanField())
    rows = Danger.objects.filter(community=OuterRef("community")).filter(was_shown).order_by().values("community")
    return Subquery(rows.annotate(names=StringAgg("name", Value(", "))).values("names"))
