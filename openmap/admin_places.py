"""The codifier of places in the administration: operators look it up; only import_katottg changes it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from geodata.models import Unit
from openmap.admin_site import GuardedAdmin


@admin.register(Unit)
class UnitAdmin(GuardedAdmin):
    """A unit leads to what it is a part of."""

    list_display = ("name", "code", "category", "above", "ended_on")
    list_filter = ("category", ("ended_on", admin.EmptyFieldListFilter))
    list_select_related: ClassVar[Any] = ("parent",)
    search_fields = ("name", "code")
    fields = ("code", "category", "name", "above", "ended_on")
    readonly_fields = ("above",)
    show_full_result_count = False

    @admin.display(description=_("part of"), ordering="parent")
    def above(self, unit: Unit) -> str:
        if unit.parent is None:
            return "—"
        address = reverse("admin:geodata_unit_change", args=[unit.parent.pk])
        return format_html('<a href="{}">{}</a>', address, unit.parent)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
