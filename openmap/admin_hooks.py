"""Webhooks in the administration: who is told what, and whether it answers. A secret is shown once."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from notifications import hooks
from notifications.forms import WebhookForm, WordsField
from notifications.models import Webhook
from openmap.admin_site import ScopedAdmin, say_how_many

SHOWN = 20  # deliveries
GIVEN = ("url", "events", "categories", "areas", "language")


class WebhookRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of WebhookForm, which checks them."""

    events = WordsField(required=False, label=_("events (none: all)"))
    categories = WordsField(required=False, label=_("kinds of problems (none: all)"))
    areas = WordsField(required=False, label=_("areas (none: all)"))
    language = WebhookForm.base_fields["language"]

    class Meta:
        model = Webhook
        fields = GIVEN

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        client = data.get("client") or (self.instance.client if self.instance.client_id else None)
        if client is None:
            return data
        self.checked = WebhookForm({name: data.get(name) for name in GIVEN}, community=client.community)
        for name, errors in self.checked.errors.as_data().items():
            if name not in self.errors:
                self.add_error(name, errors)
        return data

    def _post_clean(self) -> None:
        """The row is written by notifications.hooks; constraints are asked there."""


@admin.register(Webhook)
class WebhookAdmin(ScopedAdmin):
    form = WebhookRowForm
    list_display = ("url", "client", "state", "failing_since", "last_delivered_at", "community")
    list_filter = ("community", "state")
    list_select_related = ("client__organisation", "client__community", "community")
    readonly_fields = ("state", "created_at", "confirmed_at", "failing_since", "last_delivered_at", "recent")
    fields = ("client", *GIVEN, *readonly_fields)
    actions = ("pause", "resume", "ask", "new_secret")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = [*self.readonly_fields]
        return [*fixed, "client"] if obj else fixed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("client", *GIVEN)

    @admin.display(description=_("what was sent last"))
    def recent(self, hook: Webhook) -> str:
        rows = hooks.deliveries(hook)[:SHOWN]
        lines = ((row.created_at, row.payload["name"], hooks.status_of(row), row.last_error) for row in rows)
        return format_html_join("", "<div>{:%Y-%m-%d %H:%M} {} — {} {}</div>", lines)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        wanted, at = form.checked.wanted(), timezone.now()
        if change:
            hooks.change(obj, wanted, at=at)
            return
        made, secret = hooks.create(client=form.cleaned_data["client"], wanted=wanted, at=at)
        obj.pk = made.pk
        obj.refresh_from_db()
        self._show(request, obj, secret)

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        hooks.remove(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for hook in queryset.select_related("subject"):
            hooks.remove(hook)

    @admin.action(description=_("Pause the selected webhooks"))
    def pause(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for hook in chosen:
            hooks.pause(hook)
        say_how_many(self, request, len(chosen), _("Webhooks paused: %(count)s."))

    @admin.action(description=_("Resume the selected webhooks: they answer first"))
    def resume(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for hook in chosen.select_related("subject"):
            hooks.resume(hook, at=timezone.now())
        say_how_many(self, request, len(chosen), _("Webhooks that were asked to answer: %(count)s."))

    @admin.action(description=_("Send a test message"))
    def ask(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for hook in chosen.select_related("subject"):
            hooks.ping(hook, at=timezone.now())
        say_how_many(self, request, len(chosen), _("Webhooks that were asked to answer: %(count)s."))

    @admin.action(description=_("Give the selected webhooks a new secret"))
    def new_secret(self, request: HttpRequest, chosen: QuerySet[Webhook]) -> None:
        for hook in chosen:
            self._show(request, hook, hooks.rotate(hook, at=timezone.now()))

    def _show(self, request: HttpRequest, hook: Webhook, secret: str) -> None:
        words = _("The secret of %(address)s, shown this once:")
        told = format_html("{} <code>{}</code>", words % {"address": hook.url}, secret)
        self.message_user(request, told, messages.SUCCESS)

    search_fields: ClassVar[tuple[str, ...]] = ("url",)
