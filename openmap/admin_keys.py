"""Keys of the API in the administration: made by an administrator of the community, shown once, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.api_keys import make_key, revoke_key
from accounts.models import ApiClient, ApiKey, User
from openmap.admin_site import RowForm, ScopedAdmin, say_how_many


@admin.register(ApiClient)
class ApiClientAdmin(ScopedAdmin):
    """An organisation that asks by programs, and how often it may."""

    list_display = ("organisation", "per_minute", "per_day", "is_active", "community")
    list_filter = ("community", "is_active")
    list_select_related = ("organisation", "community")
    fields = ("community", "organisation", "contact", ("per_minute", "per_day"), "is_active")


class KeyForm(RowForm):
    """A new key: what for, what it may do, until when."""

    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices, widget=forms.CheckboxSelectMultiple, label=_("may")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        until = data.get("expires_at")
        if until is not None and until <= timezone.now():
            self.add_error("expires_at", _("This moment has passed."))
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(ScopedAdmin):
    """Its secret is shown once, when it was made: only a digest is kept. A key never changes; it is revoked."""

    form = KeyForm
    list_display = ("name", "prefix", "client", "may", "created_at", "expires_at", "revoked_at", "last_used_on")
    list_filter = ("community",)
    list_select_related = ("client__organisation", "client__community")
    actions = ("revoke",)
    fields = ("client", "name", "scopes", "expires_at")
    kept = ("client", "name", "prefix", "may", "created_by", "created_at", "expires_at", "revoked_at", "last_used_on")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.kept if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.kept] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a key that was used stays in the list, revoked."""
        return False

    @admin.display(description=_("may"))
    def may(self, key: ApiKey) -> str:
        return ", ".join(str(ApiKey.Scope(scope).label) for scope in key.scopes)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Makes the key by its one door, and tells its secret."""
        if change:
            return
        by = request.user if isinstance(request.user, User) else None
        given = form.cleaned_data
        made, secret = make_key(
            client=given["client"],
            name=given["name"],
            scopes=given["scopes"],
            by=by,
            at=timezone.now(),
            expires_at=given["expires_at"],
        )
        obj.pk, obj.community_id, obj.prefix, obj._state.adding = made.pk, made.community_id, made.prefix, False
        words = _("The key, shown now and never again: {}. Whoever has it may do what it may.")
        messages.warning(request, format_html(str(words), format_html("<code>{}</code>", secret)))

    @admin.action(description=_("Revoke the chosen keys"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        for key in chosen:
            revoke_key(key, at=timezone.now())
        say_how_many(self, request, len(chosen), _("Keys revoked: %(count)s"))
