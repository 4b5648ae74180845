"""Dangers in the administration: whom residents are asked to call first, and the words that bring that up."""

from typing import ClassVar

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

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
