"""Works and outages in the administration: staff of a community draw its own on a map."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdminMixin

from accounts.models import Organisation
from core.models import ON_THE_MAP, Visibility
from openmap.admin_site import RowForm, ScopedAdmin
from routing.models import Category, Channel
from works.actions import announce, correct
from works.models import Work


class WorkForm(RowForm):
    """Works with the kinds of problems that they explain, all of one community."""

    is_shown = forms.BooleanField(
        required=False, initial=True, label=_("everybody sees it"), help_text=_("Off: a draft for staff only.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        work = self.instance
        if not work._state.adding:
            self.initial["is_shown"] = work.subject.visibility in ON_THE_MAP
            self.fields["is_shown"].disabled = work.subject.visibility == Visibility.HIDDEN

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        community = data.get("community") or (self.instance.community if self.instance.community_id else None)
        chosen = data.get("categories")
        if community and chosen is not None and chosen.exclude(community=community).exists():
            self.add_error("categories", _("This belongs to another community."))
        return data


@admin.register(Work)
class WorkAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    """Administrators announce works; what is over disappears from the map by itself."""

    form = WorkForm
    list_display = ("name", "kind", "organisation", "starts_at", "ends_at", "shown", "community")
    list_filter = ("community", "kind")
    list_select_related = ("subject", "organisation", "community")
    search_fields = ("name", "name_en")
    fields = (
        "community",
        "kind",
        ("name", "name_en"),
        ("text", "text_en"),
        "geometry",
        "categories",
        "organisation",
        ("starts_at", "ends_at"),
        "is_shown",
    )

    @admin.display(description=_("shown"), boolean=True)
    def shown(self, work: Work) -> bool:
        return work.subject.visibility in ON_THE_MAP

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        write = correct if change else announce
        write(obj, is_shown=form.cleaned_data["is_shown"], at=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.subject.delete()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for work in queryset.select_related("subject"):
            work.subject.delete()

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Kinds of problems of the person's own communities only."""
        mine = self.mine(request)
        rows = Category.objects.select_related("community")
        kwargs["queryset"] = rows if mine is None else rows.filter(community__in=mine)
        kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Organisations that the person's communities write to."""
        if db_field.name == "organisation":
            mine = self.mine(request)
            channels = Channel.objects.all() if mine is None else Channel.objects.filter(community__in=mine)
            kwargs["queryset"] = Organisation.objects.filter(pk__in=channels.values("organisation")).order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
