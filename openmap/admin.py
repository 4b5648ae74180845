"""What the administration pages show. Rows change by the same doors as everywhere: issues.moves, core.outbox."""

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdminMixin

from accounts.models import Membership, Organisation, User
from core.models import CalendarDay, OutboxMessage, Token
from core.tokens import revoke_token
from geodata.models import Area, Community, Division, MapShape
from issues.models import Issue, IssueSettings
from media.models import Photo
from openmap import admin_reports  # noqa: F401  registers reports and their events
from openmap.admin_site import ReadOnly, ScopedAdmin
from routing.actions import send_again
from routing.models import Category, Channel, CommunityRouting, Decision, Delivery, Rule

EMAIL = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@:;,\"'()]+")

admin.site.unregister(Group)  # rights come from memberships


@admin.register(Community)
class CommunityAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    community_path = "pk"
    list_display = ("name", "slug", "katottg")
    search_fields = ("name", "slug", "katottg")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.mine(request) is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.mine(request) is None


@admin.register(Division)
class DivisionAdmin(ScopedAdmin):
    list_display = ("name", "code", "community")
    list_filter = ("community",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only operators; the areas in it are asked too."""
        return self.mine(request) is None


@admin.register(Area)
class AreaAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    """An area is named and ended here. Its boundary never changes: a new one is a new row, brought by an import."""

    list_display = ("name", "code", "division", "valid_from", "valid_to")
    list_filter = ("community", "division")
    search_fields = ("name", "code")

    @admin.display(description=_("boundary"))
    def shape(self, area: Area) -> str:
        points = _("%(count)s points. A changed boundary is a new row: import it.")
        return points % {"count": area.boundary.num_coords}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "division", "code", "valid_from", "shape"]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_exclude(request, obj) if obj is None else ("boundary",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only operators, and only an area in which nothing was ever reported."""
        return self.mine(request) is None and (obj is None or not Issue.objects.filter(areas=obj).exists())


@admin.register(MapShape)
class MapShapeAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    list_display = ("__str__", "kind", "community")
    list_filter = ("community", "kind")


@admin.register(Category)
class CategoryAdmin(ScopedAdmin):
    list_display = ("name", "code", "working_days", "hold_new", "is_active", "community")
    list_filter = ("community", "is_active")


@admin.register(Rule)
class RuleAdmin(ScopedAdmin):
    list_display = ("__str__", "priority", "is_active", "community")
    list_filter = ("community", "category", "organisation", "is_active")


@admin.register(CommunityRouting)
class CommunityRoutingAdmin(ScopedAdmin):
    list_display = ("community", "fallback", "office_closes_at")


@admin.register(Channel)
class ChannelAdmin(ScopedAdmin):
    list_display = ("organisation", "address", "is_active", "community")
    list_filter = ("community", "is_active")


@admin.register(CalendarDay)
class CalendarDayAdmin(ScopedAdmin):
    list_display = ("day", "is_working", "reason", "community")
    list_filter = ("community",)


@admin.register(IssueSettings)
class IssueSettingsAdmin(ScopedAdmin):
    list_display = ("community", "hold_new")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("subject", "organisation", "is_fallback", "decided_at")
    list_filter = ("community", "is_fallback")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ("subject", "organisation", "how_far", "created_at", "answered_at", "refused_at")
    list_filter = ("community", "organisation")
    list_select_related = ("subject", "organisation", "message")
    exclude = ("token",)

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
class TokenAdmin(ReadOnly):
    list_display = ("purpose", "subject", "community", "created_at", "expires_at", "revoked_at")
    list_filter = ("community", "purpose", ("revoked_at", admin.EmptyFieldListFilter))
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description=_("Revoke the selected links"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        for token in chosen:
            revoke_token(token, at=timezone.now())


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnly):
    """Nobody reads a reporter's address here; only operators read the letters."""

    list_display = ("to_whom", "lane", "due_at", "attempts", "sent_at", "dead_at", "went_wrong")
    list_filter = ("community", "lane", ("dead_at", admin.EmptyFieldListFilter))
    readonly_fields = ("to_whom", "went_wrong")
    actions = ("send_again",)

    @admin.display(description=_("recipient"))
    def to_whom(self, message: OutboxMessage) -> str:
        is_author = message.audience == OutboxMessage.Audience.AUTHOR
        return str(_("the author (address not shown)")) if is_author else message.recipient

    @admin.display(description=_("last error"))
    def went_wrong(self, message: OutboxMessage) -> str:
        """What the mail server said often names the recipient."""
        return EMAIL.sub("…@…", message.last_error)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = ("recipient", "last_error")
        return hidden if self.mine(request) is None else (*hidden, "payload")

    @admin.action(description=_("Send the selected dead letters again"))
    def send_again(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        """To the address that the organisation has now."""
        dead = chosen.filter(dead_at__isnull=False)
        for message in dead:
            send_again(message=message, at=timezone.now())
        self.message_user(request, _("These letters are on their way again."), messages.SUCCESS)


@admin.register(Photo)
class PhotoAdmin(ReadOnly):
    list_display = ("name", "state", "role", "uploaded_at", "failure")
    list_filter = ("community", "state")
    exclude = ("original", "taken_at")


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "edrpou", "is_active")
    search_fields = ("name", "edrpou")


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
class PeopleAdmin(UserAdmin):  # type: ignore[type-arg]
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
