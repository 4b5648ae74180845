"""Outgoing messages: what became of them, and what staff do with dead letters: send again, elsewhere, or never."""

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import OutboxMessage
from core.outbox_dead import write_off
from notifications.hooks import CHANNEL
from openmap.admin_lanes import LanesPages
from openmap.admin_site import AboutAReport, ReadOnly, say_how_many
from routing.actions import send_again
from routing.channels import organisations_of, reroute
from routing.models import Channel

EMAIL = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@:;,\"'()]+")


class WithReason(ActionForm):
    """Beside the choice of what to do: why."""

    reason = forms.CharField(label=_("Why"), max_length=300, required=False)


class WrittenOff(admin.EmptyFieldListFilter):
    """Whether staff gave it up for good; the relation has no name of its own that people could read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = _("written off")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(LanesPages, AboutAReport, ReadOnly):
    """Nobody reads a resident's address here; only operators read the letters."""

    list_display = ("to_whom", "report", "lane", "channel", "due_at", "attempts", "sent_at", "dead_at", "went_wrong")
    ordering = ("-created_at", "-id")
    list_filter = (
        "community",
        "lane",
        "channel",
        "failure",
        ("dead_at", admin.EmptyFieldListFilter),
        ("written_off", WrittenOff),
    )
    readonly_fields = ("to_whom", "went_wrong", "written_off_because")
    actions = ("send_again", "send_elsewhere", "write_off")
    action_form = WithReason

    @admin.display(description=_("recipient"))
    def to_whom(self, message: OutboxMessage) -> str:
        if message.channel == CHANNEL:
            return f"{_('webhook')} {message.recipient}"
        if message.audience == OutboxMessage.Audience.ORGANISATION:
            return message.recipient
        is_author = message.audience == OutboxMessage.Audience.AUTHOR
        return str(_("the author (address not shown)") if is_author else _("a supporter (address not shown)"))

    @admin.display(description=_("last error"))
    def went_wrong(self, message: OutboxMessage) -> str:
        """What the mail server said often names the recipient."""
        return EMAIL.sub("…@…", message.last_error)

    @admin.display(description=_("written off, because"))
    def written_off_because(self, message: OutboxMessage) -> str:
        row = getattr(message, "written_off", None)
        return f"{row.at:%Y-%m-%d %H:%M}, {row.by or '—'}: {row.reason}" if row else "—"

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = ("recipient", "last_error")
        return hidden if self.mine(request) is None else (*hidden, "payload")

    @admin.action(description=_("Send the selected dead letters again"))
    def send_again(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        """To the address that the organisation has now; without one the letter stays, and staff hear of it."""
        dead = chosen.filter(dead_at__isnull=False, written_off=None)
        left = [send_again(message=message, at=timezone.now()) for message in dead]
        if all(left):
            say_how_many(self, request, len(left), _("Letters that are on their way again: %(count)s."))
        else:
            told = _("Not sent: %(count)s. The organisation has no active channel here: add one first.")
            self.message_user(request, told % {"count": left.count(False)}, messages.ERROR)

    @admin.action(description=_("Send the selected messages by another channel of the organisation"))
    def send_elsewhere(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> HttpResponse | None:
        """Asks by which, and sends what waits or was given up there. What goes to a resident has no other way."""
        rows = list(chosen.filter(written_off=None, audience=OutboxMessage.Audience.ORGANISATION))
        whose = {organisation for row in rows for organisation in organisations_of(row)}
        if len(whose) != 1 or len({row.community_id for row in rows}) != 1:
            told = _("Choose messages to one organisation of one community.")
            self.message_user(request, told, messages.ERROR)
            return None
        here = Channel.objects.filter(community=rows[0].community_id, organisation=whose.pop(), is_active=True)
        to = here.filter(pk=given).first() if (given := request.POST.get("to", "")).isdecimal() else None
        if to is None:
            return self._ask_where(request, rows, here)
        moved = [reroute(message=row, to=to, at=timezone.now()) for row in rows]
        say_how_many(self, request, moved.count(True), _("Messages that go another way now: %(count)s."))
        return None

    @admin.action(description=_("Give up the selected messages for good (say why)"))
    def write_off(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        reason = request.POST.get("reason", "").strip()[:300]
        if not reason:
            self.message_user(request, _("Say why in the field beside the action."), messages.ERROR)
            return
        count = write_off(chosen, by=request.user, reason=reason, at=timezone.now())
        say_how_many(self, request, count, _("Messages given up for good: %(count)s."))

    def _ask_where(
        self, request: HttpRequest, rows: list[OutboxMessage], channels: QuerySet[Channel]
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("By which channel?"),
            "opts": self.opts,
            "rows": rows,
            "channels": channels,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/core/outboxmessage/elsewhere.html", context)
