"""What the administration pages show. Rows change by the same doors as everywhere: issues.moves, core.outbox."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Organisation, User
from core.models import CalendarDay, Token
from core.tokens import revoke_token
from issues.actions import AUTHOR_PURPOSE
from issues.models import IssueSettings
from issues.moves import write_once_more
from media.models import Photo
from openmap import (  # noqa: F401  register what they are about
    admin_addresses,
    admin_area_import,
    admin_areas,
    admin_categories,
    admin_cells,
    admin_channels,
    admin_dangers,
    admin_decisions,
    admin_history,
    admin_hooks,
    admin_jobs,
    admin_keys,
    admin_lanes,
    admin_letters,
    admin_mail,
    admin_places,
    admin_populations,
    admin_register_import,
    admin_registers,
    admin_remote,
    admin_reports,
    admin_rules,
    admin_rulesets,
    admin_whatif,
    admin_works,
)
from openmap.admin_site import AboutAReport, OnlyWhatTheFormShows, ReadOnly, ScopedAdmin, say_how_many
from routing.models import Delivery
from routing.rule_check import check_soon_about

admin.site.unregister(Group)  # rights come from memberships


@admin.register(CalendarDay)
class CalendarDayAdmin(ScopedAdmin):
    list_display = ("day", "is_working", "reason", "community")
    list_filter = ("community",)


@admin.register(IssueSettings)
class IssueSettingsAdmin(OnlyWhatTheFormShows, ScopedAdmin):
    list_display = ("community", "hold_new")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: it keeps the last number that was given."""
        return False


@admin.register(Delivery)
class DeliveryAdmin(AboutAReport, ReadOnly):
    list_display = ("created_at", "report", "organisation", "how_far", "answered_at", "refused_at")
    list_filter = ("community", "organisation")
    list_select_related = ("subject__issue", "organisation", "message")
    ordering = ("-created_at", "-id")
    exclude = ("token",)
    actions = ("write_once_more",)

    @admin.action(description=_("Write to the organisation once more, with a link that works"))
    def write_once_more(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        written = [write_once_more(delivery=delivery, at=timezone.now()) for delivery in chosen]
        count = sum(message is not None for message in written)
        if count:
            self.message_user(request, _("Letters written: %(count)s.") % {"count": count}, messages.SUCCESS)
        if count < len(written):
            none = _("Not written: %(count)s. The report is closed or given back, or there is no active channel.")
            self.message_user(request, none % {"count": len(written) - count}, messages.ERROR)

    @admin.display(description=_("state"))
    def how_far(self, delivery: Delivery) -> str:
        words = {
            "queued": _("queued"),
            "delivered": _("delivered"),
            "failed": _("could not be delivered"),
            "unreachable": _("has no address here"),
            "answered": _("answered"),
            "refused": _("handed back"),
        }
        return str(words[delivery.state])


@admin.register(Token)
class TokenAdmin(AboutAReport, ReadOnly):
    list_display = ("created_at", "whose", "report", "expires_at", "revoked_at", "community")
    list_filter = ("community", "purpose", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("subject__issue", "community", "delivery__organisation")
    ordering = ("-created_at", "id")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.display(description=_("whose"))
    def whose(self, token: Token) -> str:
        delivery = getattr(token, "delivery", None)
        if delivery is not None:
            return str(delivery.organisation)
        return str(_("the author")) if token.purpose == AUTHOR_PURPOSE else str(_("an organisation, replaced"))

    @admin.action(description=_("Revoke the selected links"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        working = list(chosen.filter(revoked_at=None))
        for token in working:
            revoke_token(token, at=timezone.now())
        say_how_many(self, request, len(working), _("Links revoked: %(count)s."))


@admin.register(Photo)
class PhotoAdmin(ReadOnly):
    list_display = ("name", "state", "role", "uploaded_at", "failure")
    list_filter = ("community", "state")
    exclude = ("original", "taken_at")


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "edrpou", "is_active")
    search_fields = ("name", "edrpou")

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        """Rules name nobody where the organisation works no longer: they are checked anew."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data:
            check_soon_about(obj, at=timezone.now())


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "role", "organisation", "community")
    list_filter = ("community", "role")


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("email", "name")


class ChangedUserForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta(UserChangeForm.Meta):
        model = User


@admin.register(User)
class PeopleAdmin(OnlyWhatTheFormShows, UserAdmin):  # type: ignore[type-arg]
    form = ChangedUserForm
    add_form = NewUserForm
    ordering = ("email",)
    list_display = ("email", "name", "is_staff", "is_superuser", "is_active")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    filter_horizontal = ()
