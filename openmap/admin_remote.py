"""Reports at other Open311 servers: their numbers there, how they stand, and what went wrong when they were asked."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openmap.admin_site import AboutAReport, ReadOnly, say_how_many
from routing.models import RemoteRequest
from routing.open311_pulling import ask_again


class Stands(admin.SimpleListFilter):
    """How a report stands there, as far as it was read."""

    title = _("how it stands there")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("number", _("waits for its number")),
            ("open", _("open")),
            ("closed", _("closed")),
            ("over", _("is asked no more")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RemoteRequest]) -> QuerySet[RemoteRequest]:
        numbered = queryset.exclude(remote_id="")
        found = {
            "number": queryset.filter(remote_id="", due_at__isnull=False),
            "open": numbered.exclude(status="closed"),
            "closed": numbered.filter(status="closed"),
            "over": queryset.filter(due_at__isnull=True),
        }
        return found.get(self.value() or "", queryset)


class WithTrouble(admin.EmptyFieldListFilter):
    """Whether something went wrong when it was asked last."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = _("what went wrong")


@admin.register(RemoteRequest)
class RemoteRequestAdmin(AboutAReport, ReadOnly):
    """Written by the worker; the staff read it, and have a report asked about at once."""

    list_display = ("sent_at", "report", "organisation", "there", "stands", "read_at", "due_at", "trouble")
    list_filter = ("community", Stands, "read_at", ("trouble", WithTrouble), "channel")
    list_select_related = ("subject__issue", "channel__organisation", "community")
    search_fields = (*AboutAReport.search_fields, "remote_id")
    ordering = ("-sent_at", "-id")
    fields = (
        "report", "channel_link", "there", "token", "stands", "sent_at", "read_at", "tries", "due_at", "trouble",
        "community",
    )  # fmt: skip
    readonly_fields = ("report", "channel_link", "there", "stands")
    actions = ("ask_again",)

    @admin.display(description=_("organisation"))
    def organisation(self, row: RemoteRequest) -> str:
        return str(row.channel.organisation)

    @admin.display(description=_("channel"))
    def channel_link(self, row: RemoteRequest) -> str:
        address = reverse("admin:routing_channel_change", args=[row.channel_id])
        return format_html('<a href="{}">{}</a>', address, row.channel)

    @admin.display(description=_("number there"), ordering="remote_id")
    def there(self, row: RemoteRequest) -> str:
        return row.remote_id or "—"

    @admin.display(description=_("how it stands there"))
    def stands(self, row: RemoteRequest) -> str:
        """In words; “closed” is what our side made of the last status that was read."""
        if not row.remote_id:
            return gettext("waits for its number") if row.due_at else gettext("no number came")
        words = gettext("closed") if row.status == "closed" else gettext("open")
        return words if row.due_at else gettext("%(state)s; is asked no more") % {"state": words}

    @admin.action(description=_("Ask about it at once"))
    def ask_again(self, request: HttpRequest, chosen: QuerySet[RemoteRequest]) -> None:
        words = _("Reports that are asked about within a minute: %(count)s.")
        say_how_many(self, request, ask_again(chosen, at=timezone.now()), words)
