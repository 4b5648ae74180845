"""Communities, divisions, areas and shapes of the base map in the administration, each on a map."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Field, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdminMixin

from geodata.events import areas_changed, communities_made
from geodata.models import Area, Community, Division, MapShape
from issues.models import Issue
from openmap.admin_maps import MAP_MEDIA, GeoMap, collection, feature, simplified
from openmap.admin_site import OnlyWhatTheFormShows, ScopedAdmin, without_shapes

MOST_ON_A_MAP = 2000  # areas; a city has some hundred

_more: "list[Callable[[AreaAdmin], list[Any]]]" = []


def more_area_pages(addresses: "Callable[[AreaAdmin], list[Any]]") -> None:
    """Adds pages under the address of areas."""
    _more.append(addresses)


class OnAMap:
    """Shapes of a stored row are shown simplified, and never typed: an import brings them."""

    @property
    def media(self) -> Media:
        found: Media = super().media + MAP_MEDIA  # type: ignore[misc]
        return found


class CutsTheGround:
    """Rows without which the ground of a community is cut otherwise: whoever listens hears of it when they go."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)  # type: ignore[misc]
        areas_changed.send(Community, community=obj.community)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        with transaction.atomic():
            communities = {row.community for row in queryset.select_related("community")}
            queryset.delete()
            for community in communities:
                areas_changed.send(Community, community=community)


@admin.register(Community)
class CommunityAdmin(OnAMap, OnlyWhatTheFormShows, LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    community_path = "pk"
    list_display = ("name", "slug", "katottg")
    search_fields = ("name", "slug", "katottg")

    @admin.display(description=_("boundary"))
    def shape(self, community: Community) -> str:
        found = simplified("geodata_community", "boundary", [community.pk]).get(community.pk)
        shapes = collection([feature(found, label=community.name)])
        return GeoMap("boundary-map", str(_("Map of the boundary")), community, shapes).render()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Only operators change the address on the site: every link that was sent begins with it."""
        fixed = super().get_readonly_fields(request, obj)
        if obj is not None and obj.boundary:
            fixed = [*fixed, "shape"]
        return fixed if self.mine(request) is None else [*fixed, "slug"]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """A boundary of thousands of points is no work for a mouse: once there is one, an import changes it."""
        return ("boundary",) if obj is not None and obj.boundary else super().get_exclude(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            communities_made.send(Community, communities=[obj])
        elif "boundary" in form.changed_data:
            areas_changed.send(Community, community=obj)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "slug":
            kwargs["help_text"] = _("When it changes, the secret links that were sent stop working.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.mine(request) is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.mine(request) is None


@admin.register(Division)
class DivisionAdmin(CutsTheGround, ScopedAdmin):
    list_display = ("name", "code", "community")
    list_filter = ("community",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only operators; the areas in it are asked too."""
        return self.mine(request) is None


@admin.register(Area)
class AreaAdmin(CutsTheGround, OnAMap, OnlyWhatTheFormShows, LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    """An area is named and ended here. Its boundary never changes: a new one is a new row, brought by an import."""

    list_display = ("name", "code", "division", "valid_from", "valid_to")
    list_filter = ("community", "division", ("valid_to", admin.EmptyFieldListFilter))
    list_select_related = ("division", "community")
    search_fields = ("name", "code")
    change_list_template = "admin/geodata/area/change_list.html"

    def get_urls(self) -> list[Any]:
        shapes = self.admin_site.admin_view(self.shapes_view)
        more = [address for addresses in _more for address in addresses(self)]
        return [path("shapes/", shapes, name="geodata_area_shapes"), *more, *super().get_urls()]

    def shapes_view(self, request: HttpRequest) -> HttpResponse:
        """The areas of the list with its filters, in force today, as GeoJSON for the screen.

        `note` says how many of them are there when they are too many for a map.
        """
        if not self.has_view_permission(request):
            return JsonResponse({"detail": "forbidden"}, status=403)
        listed = self.get_changelist_instance(request).queryset
        today = timezone.localdate()
        chosen = listed.filter(pk__in=Area.objects.on(today).values("pk")).order_by("pk")
        rows = {row.pk: row for row in chosen[:MOST_ON_A_MAP]}
        count = chosen.count() if len(rows) == MOST_ON_A_MAP else len(rows)
        words = _("%(shown)s of %(count)s areas are drawn: choose fewer by the filters or the search of their list.")
        note = str(words % {"shown": len(rows), "count": count}) if count > len(rows) else ""
        shapes = simplified("geodata_area", "boundary", rows)
        return JsonResponse(collection(_as_feature(rows[pk], shape) for pk, shape in shapes.items()) | {"note": note})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        mine = self.mine(request)
        known = without_shapes(Community.objects.order_by("pk"))
        here = known if mine is None else known.filter(pk__in=mine)
        community = here.filter(pk=_number(request.GET.get("community__id__exact", ""))).first() or here.first()
        found = None
        if community:
            address = f"{reverse('admin:geodata_area_shapes')}?{request.GET.urlencode()}"
            found = GeoMap("areas-map", str(_("Map of the areas in this list, as of today")), community, url=address)
        return super().changelist_view(request, {**(extra_context or {}), "geo_map": found})

    @admin.display(description=_("boundary"))
    def shape(self, area: Area) -> str:
        found = simplified("geodata_area", "boundary", [area.pk]).get(area.pk)
        drawn = GeoMap(
            "area-map", str(_("Map of the area")), area.community, collection([feature(found, label=area.name)])
        ).render()
        points = _("%(count)s points; simplified here for the screen. A changed boundary is a new row: import it.")
        return format_html("{}<p>{}</p>", drawn, points % {"count": area.boundary.num_coords})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "division", "code", "valid_from", "shape"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        areas_changed.send(Community, community=obj.community)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_exclude(request, obj) if obj is None else ("boundary",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only operators, and only an area in which nothing was ever reported."""
        return self.mine(request) is None and (obj is None or not Issue.objects.filter(areas=obj).exists())


@admin.register(MapShape)
class MapShapeAdmin(LeafletGeoAdminMixin, ScopedAdmin):  # type: ignore[misc]
    list_display = ("__str__", "kind", "community")
    list_filter = ("community", "kind")


def _as_feature(area: Area, shape: Any) -> dict[str, Any]:
    about = f"{area.division} · {area.code}"
    return feature(shape, label=area.name, about=about, url=reverse("admin:geodata_area_change", args=[area.pk]))


def _number(text: str) -> int:
    """The key that an address names; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
