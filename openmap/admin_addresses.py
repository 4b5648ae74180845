"""Streets and addresses in the administration: an import brings them, administrators look them up and correct them."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdminMixin

from geodata.address_correction import correct_address, correct_street
from geodata.models import Address, Street
from geodata.street_words import number_key, words_of
from openmap.admin_areas import OnAMap
from openmap.admin_maps import GeoMap, collection, feature, simplified
from openmap.admin_site import NUL, RowForm, ScopedAdmin

NAMES = ("name", "locality", "former_names", "other_names")
IMPORTED = _("An import brings these. The next one writes what its file says, so have the file corrected too.")


ONE_IN_A_LINE = _("One in a line. The street is found by each of them.")


class NamesField(SimpleArrayField):
    """Names, one in a line, each once."""

    def __init__(self, **facts: Any) -> None:
        name = forms.CharField(max_length=200, required=False)
        rows = forms.Textarea(attrs={"rows": 4})
        super().__init__(name, delimiter="\n", required=False, widget=rows, help_text=ONE_IN_A_LINE, **facts)

    def clean(self, value: Any) -> list[str]:
        return list(dict.fromkeys(name for name in super().clean(value) if name))


class StreetForm(RowForm):
    """The names of a street beside the one that it has now stand in a line each."""

    former_names = NamesField(label=_("former names"))
    other_names = NamesField(label=_("names beside, also in other languages"))


class AddressForm(RowForm):
    """A number that can be compared with what people type."""

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if not number_key(number):
            raise forms.ValidationError(_("A house number has digits or letters."))
        return number


class Imported(OnAMap, ScopedAdmin):
    """Rows that an import makes and people correct."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Street)
class StreetAdmin(Imported):
    """A street goes only with an import: its houses would go with it."""

    form = StreetForm
    list_display = ("name", "locality", "former", "houses", "community")
    list_filter = ("community",)
    list_select_related = ("community",)
    search_fields = ("name", "locality")
    fieldsets: ClassVar[Any] = ((None, {"fields": ("community", *NAMES, "shape"), "description": IMPORTED}),)
    readonly_fields = ("shape",)

    @admin.display(description=_("former names"))
    def former(self, street: Street) -> str:
        return ", ".join(street.former_names)

    @admin.display(description=_("addresses"))
    def houses(self, street: Street) -> str:
        address = f"{reverse('admin:geodata_address_changelist')}?street__id__exact={street.pk}"
        return format_html('<a href="{}">{}</a>', address, _("addresses"))

    @admin.display(description=_("map"))
    def shape(self, street: Street) -> str:
        """Its line, or else a point on it."""
        found = simplified("geodata_street", "COALESCE(path, middle)::geometry", [street.pk]).get(street.pk)
        shapes = collection([feature(found, label=str(street))])
        return GeoMap("street-map", str(_("Map of the street")), street.community, shapes).render()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By former names too, and however the name is written."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        words = [] if NUL in search_term else words_of(search_term)
        alike = queryset
        for word in words:
            alike = alike.filter(search__contains=word)
        return (found | alike if words else found), may_repeat

    def save_model(self, request: HttpRequest, obj: Street, form: Any, change: bool) -> None:
        correct_street(obj, NAMES)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Address)
class AddressAdmin(LeafletGeoAdminMixin, Imported):  # type: ignore[misc]
    """A house number, with the place where it stands; one that is no more may be deleted."""

    form = AddressForm
    list_display = ("number", "street", "community")
    list_filter = ("community", "street")
    list_select_related = ("street", "community")
    search_fields = ("number", "street__name", "street__locality")
    autocomplete_fields = ("street",)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("community", "street", "number", "location"), "description": IMPORTED}),
    )

    def save_model(self, request: HttpRequest, obj: Address, form: Any, change: bool) -> None:
        correct_address(obj, ("street", "number", "location"))
