"""Channels of organisations, and the answers that came by them."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from issues.moves import send_waiting
from openmap.admin_site import AboutAReport, ReadOnly, ScopedAdmin
from routing.actions import leave_address
from routing.models import Answer, Channel
from routing.rule_check import check_soon


@admin.register(Channel)
class ChannelAdmin(ScopedAdmin):
    """Letters that wait for an address that is no longer theirs do not go there."""

    list_display = ("organisation", "address", "is_active", "community")
    list_filter = ("community", "is_active")
    exclude = ("settings", "secret", "former_secret", "trouble", "troubled_at")

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        was = Channel.objects.select_for_update().filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        check_soon(obj.community, at=timezone.now())
        if was is not None:
            leave_address(was=was, at=timezone.now())
        if obj.is_active:
            written = send_waiting(organisation=obj.organisation, community=obj.community, at=timezone.now())
            if written:
                self.message_user(request, _("Letters that waited for an address: %(count)s.") % {"count": written})

    def delete_model(self, request: HttpRequest, obj: Channel) -> None:
        self.delete_queryset(request, Channel.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        with transaction.atomic():
            gone = list(queryset)
            queryset.delete()
            for was in gone:
                leave_address(was=was, at=timezone.now())
                check_soon(was.community, at=timezone.now())


@admin.register(Answer)
class AnswerAdmin(AboutAReport, ReadOnly):
    """What came, and what became of it: an answer that was refused is read here, with its words."""

    list_display = ("received_at", "report", "organisation", "via", "do", "happened_at", "outcome", "why")
    list_filter = ("community", "outcome", "via")
    list_select_related = ("delivery__subject__issue", "delivery__organisation", "community")
    search_fields = ("delivery__subject__issue__number", "delivery__subject__issue__title", "external_id")
    ordering = ("-received_at", "-id")
    exclude = ("became", "code")
    readonly_fields = ("why",)

    @admin.display(description=_("report"))
    def report(self, row: Answer) -> str:
        return super().report(row.delivery)

    @admin.display(description=_("organisation"))
    def organisation(self, row: Answer) -> str:
        return str(row.delivery.organisation)

    @admin.display(description=_("why"))
    def why(self, row: Answer) -> str:
        return why_in_words(row.code)


def why_in_words(code: str) -> str:
    """Why an answer moved nothing, for the staff."""
    words = {
        "older": _("They said something later already."),
        "no_such_move": _("From the state that the report had, this is no move."),
        "too_late": _("The report was with somebody else by then."),
        "needs_text": _("It came without words, which residents would have read."),
        "not_asked": _("They are only informed of the report."),
        "pass_on": _("The duty queue passes on, on its own page, and does not hand back."),
    }
    return str(words.get(code, code or "—"))
