"""Channels of organisations, and the answers that came by them."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.mail import SendingFailedError
from core.models import OutboxMessage
from issues.moves import send_waiting
from openmap.admin_site import AboutAReport, ReadOnly, ScopedAdmin, say_how_many
from openmap.channel_forms import ChannelForm
from openmap.open311_form import NAMES
from routing.actions import leave_address
from routing.channel_secrets import RotationRefusedError, end_former, give_secret, rotate
from routing.models import Answer, Channel
from routing.rule_check import check_soon
from routing.trials import try_channel

APART = (  # kinds, their words, their fields
    ((Channel.Kind.SFTP, Channel.Kind.OPEN311), gettext_lazy("Key: for Open311 and SFTP"), ("new_secret",)),
    ((Channel.Kind.SFTP,), gettext_lazy("For SFTP"), ("host_key",)),
    ((Channel.Kind.OPEN311,), gettext_lazy("For Open311"), NAMES),
)
LOOKED_AT = 20_000  # last messages among which the last failure of a channel is sought


@admin.register(Channel)
class ChannelAdmin(ScopedAdmin):
    """Letters that wait for an address that is no longer theirs do not go there. Secrets are shown once."""

    form = ChannelForm
    list_display = (
        "organisation",
        "kind",
        "address",
        "role",
        "is_copy",
        "position",
        "is_active",
        "trouble",
        "community",
    )
    list_filter = ("community", "kind", "is_active")
    list_select_related = ("organisation", "community")
    readonly_fields = ("number", "secret_state", "last_failure")
    actions = ("try_it", "replace_secret", "end_former_secret")

    change_form_template = "admin/routing/channel/change_form.html"

    def get_fieldsets(self, request: HttpRequest, obj: Channel | None = None) -> list[Any]:
        """What every channel has, and what its kind asks for; of a new one the others stay folded."""
        kind = obj.kind if obj else request.POST.get("kind")
        given = [*ChannelForm.Meta.fields, *(self.readonly_fields if obj else ())]
        apart = [(kinds, words, fields) for kinds, words, fields in APART if obj is None or kind in kinds]
        sets = [
            (words, {"fields": fields, "classes": [] if kind in kinds else ["collapse"]})
            for kinds, words, fields in apart
        ]
        return [(None, {"fields": given}), *sets]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        shown = {name for _words, options in context["adminform"].fieldsets for name in options["fields"]}
        return super().render_change_form(request, context | {"reads_services": "services" in shown}, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The kind of a channel stays: its address, its secret and what waits for it are of that kind."""
        fixed = super().get_readonly_fields(request, obj)
        return [*fixed, "kind"] if obj else [field for field in fixed if field not in self.readonly_fields]

    @admin.display(description=gettext_lazy("number of the channel"))
    def number(self, channel: Channel) -> str:
        return str(channel.pk)

    @admin.display(description=gettext_lazy("secret"))
    def secret_state(self, channel: Channel) -> str:
        if not channel.secret:
            return "—"
        if channel.former_secret:
            return _("Is being replaced: the former one works too, until you end it.")
        return _("Kept sealed; it can be replaced, and is never shown.")

    @admin.display(description=gettext_lazy("what failed last"))
    def last_failure(self, channel: Channel) -> str:
        """Of what was read or tried, or else of what was sent."""
        if channel.trouble and channel.troubled_at:
            return _failed(channel.trouble, channel.troubled_at)
        latest = OutboxMessage.objects.order_by("-id").values("pk")[:LOOKED_AT]
        to_it = OutboxMessage.objects.filter(pk__in=latest, community=channel.community_id, channel=channel.kind)
        failed = to_it.filter(recipient=channel.address).exclude(last_error="").order_by("-id").first()
        return _failed(failed.last_error, failed.dead_at or failed.due_at) if failed else "—"

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        was = Channel.objects.select_for_update().filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if obj.kind == Channel.Kind.WEBHOOK and not obj.secret:
            self._show(request, give_secret(obj))
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

    @admin.action(description=gettext_lazy("Send a test message (Open311: read their services)"))
    def try_it(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        for channel in chosen:
            try:
                how = try_channel(channel, at=timezone.now())
            except SendingFailedError as failed:
                told = _("%(channel)s: the trial failed. %(why)s")
                self.message_user(request, told % {"channel": channel, "why": failed}, messages.ERROR)
            else:
                self.message_user(request, f"{channel}: {how}", messages.SUCCESS)

    @admin.action(description=gettext_lazy("Make a new secret; the former one works until it is ended"))
    def replace_secret(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        for channel in chosen.filter(kind=Channel.Kind.WEBHOOK):
            try:
                self._show(request, rotate(channel))
            except RotationRefusedError:
                told = _("%(channel)s: the secret is being replaced already. End the former one first.")
                self.message_user(request, told % {"channel": channel}, messages.ERROR)

    @admin.action(description=gettext_lazy("End the former secret"))
    def end_former_secret(self, request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        ended = [end_former(channel) for channel in chosen]
        say_how_many(self, request, sum(ended), _("Former secrets ended: %(count)s."))

    def _show(self, request: HttpRequest, secret: str) -> None:
        """This once."""
        told = _("The secret of the channel, shown this once: copy it now.")
        self.message_user(request, format_html("{} <code>{}</code>", told, secret), messages.WARNING)


def _failed(words: str, at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}: {words}"


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

    @admin.display(description=gettext_lazy("report"))
    def report(self, row: Answer) -> str:
        return super().report(row.delivery)

    @admin.display(description=gettext_lazy("organisation"))
    def organisation(self, row: Answer) -> str:
        return str(row.delivery.organisation)

    @admin.display(description=gettext_lazy("why"))
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
