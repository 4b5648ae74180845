"""Registers and their things in the administration, on maps. Things are imported, never typed."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.gis.geos import Polygon
from django.db import OperationalError, connection, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from core.jobs import enqueue_job
from core.models import Job
from geodata.boxes import BadBoxError, parse_box
from openmap.admin_areas import OnAMap
from openmap.admin_jobs import show_jobs
from openmap.admin_maps import GeoMap, collection, feature, simplified
from openmap.admin_site import OnlyWhatTheFormShows, ReadOnly, RowForm, ScopedAdmin
from openmap.register_jobs import ON_MAP
from routing.channels import organisations_reached_in
from routing.models import Asset, Register
from routing.register_map import show_on_map

MOST_ON_A_MAP = 2000  # things; in a box with more these are shown, and the page says so
MOST_KEEPERS = 30
MOST_AT_ONCE = 2000  # things that are put on the map while the page is saved
PATIENCE = 2  # seconds that saving waits for others who write things of registers

_more: "list[Callable[[RegisterAdmin], list[Any]]]" = []


def more_register_pages(addresses: "Callable[[RegisterAdmin], list[Any]]") -> None:
    """Adds pages under the address of registers."""
    _more.append(addresses)


class WithCounts(ChangeList):
    """The list says how many things each register holds; no other page counts a whole register to find its row."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        held = Asset.objects.on(timezone.localdate()).filter(register=OuterRef("pk")).order_by()
        counted = held.values("register").annotate(count=Count("pk")).values("count")
        self.root_queryset = self.root_queryset.annotate(in_force=Coalesce(Subquery(counted), 0))
        return super().get_queryset(request, exclude_parameters)


class RegisterForm(RowForm):
    """The day as of which the map shows the register is no matter of the form: it is today (`save_model`).

    A job may put the register on the map while the page is open: what somebody changed is what differs from the page.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        if "is_on_map" in self.fields:
            self.fields["is_on_map"].show_hidden_initial = True

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() | {"map_day"}


def _shown_at_once(register: Register, is_on_map: bool) -> bool:
    """Puts it on the map or takes it away, unless that had to wait for somebody who writes things of registers."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", [f"{PATIENCE}s"])
            show_on_map(register, is_on_map, at=timezone.now())
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        register.refresh_from_db(fields=["is_on_map", "map_day"])
        return False
    return True


@admin.register(Register)
class RegisterAdmin(OnAMap, OnlyWhatTheFormShows, ScopedAdmin):
    """A register is named here; `import_register` brings what it holds."""

    form = RegisterForm
    list_display = ("name", "code", "kind", "things", "is_on_map", "community")
    list_filter = ("community", "kind", "is_on_map")
    search_fields = ("name", "code")
    change_list_template = "admin/routing/register/change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WithCounts

    def get_urls(self) -> list[Any]:
        shapes = self.admin_site.admin_view(self.shapes_view)
        more = [address for addresses in _more for address in addresses(self)]
        return [path("<int:pk>/shapes/", shapes, name="routing_register_shapes"), *more, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "code", "kind", "map_day", "things_of_one", "keepers", "shape"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A register comes onto the map as of today. A job writes the rows of a long one, and whatever has to wait for
        somebody who is writing things of registers now."""
        wanted = obj.is_on_map
        obj.is_on_map = form.initial.get("is_on_map", change and wanted)
        super().save_model(request, obj, form, change)
        if "is_on_map" not in form.changed_data or wanted == obj.is_on_map:
            return
        if obj.assets.order_by()[MOST_AT_ONCE:].exists() or not _shown_at_once(obj, wanted):
            asked = {"register": obj.pk, "is_on_map": wanted}
            job = enqueue_job(
                community=obj.community, kind=ON_MAP, parameters=asked, by=request.user, at=timezone.now()
            )
            words = _("It takes a while: a job changes what is on the map. {job}")
            link = format_html('<a href="{}">{}</a>', reverse("admin:core_job_change", args=[job.pk]), _("Job"))
            self.message_user(request, format_html(str(words), job=link), messages.INFO)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, once it holds things: reports and decisions speak of them."""
        return super().has_delete_permission(request, obj) and (obj is None or not obj.assets.exists())

    def shapes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Things in force as GeoJSON, simplified for the screen; `box` (west,south,east,north) narrows them.

        `note` says how many of them are there when they are too many for a map.
        """
        if not self.has_view_permission(request):
            return JsonResponse({"detail": "forbidden"}, status=403)
        register = get_object_or_404(self.get_queryset(request), pk=pk)
        chosen = Asset.objects.on(timezone.localdate()).filter(register=register)
        try:
            if "box" in request.GET:
                chosen = chosen.filter(geometry__bboverlaps=Polygon.from_bbox(parse_box(request.GET["box"])))
        except BadBoxError as mistake:
            return JsonResponse({"detail": str(mistake)}, status=400)
        found = chosen.select_related("keeper").defer("geometry", "attributes").order_by("pk")
        rows = {row.pk: row for row in found[:MOST_ON_A_MAP]}
        count = chosen.count() if len(rows) == MOST_ON_A_MAP else len(rows)
        words = _("%(shown)s of %(count)s are drawn: zoom in to see the others.")
        note = str(words % {"shown": len(rows), "count": count}) if count > len(rows) else ""
        shapes = simplified("routing_asset", "geometry", rows)
        return JsonResponse(collection(_as_feature(rows[pk], shape) for pk, shape in shapes.items()) | {"note": note})

    @admin.display(description=_("things in force"), ordering="in_force")
    def things(self, register: Any) -> str:
        return _link_to_things(register, register.in_force)

    @admin.display(description=_("things in force"))
    def things_of_one(self, register: Register) -> str:
        return _link_to_things(register, Asset.objects.on(timezone.localdate()).filter(register=register).count())

    @admin.display(description=_("keepers"))
    def keepers(self, register: Register) -> str:
        """Who keeps how many, and whom no letter reaches."""
        counted = Asset.objects.on(timezone.localdate()).filter(register=register).order_by()
        rows = counted.values("keeper", "keeper__name").annotate(count=Count("pk")).order_by("-count", "keeper__name")
        reached = set(organisations_reached_in(register.community_id).values_list("pk", flat=True))
        lines = [
            (row["keeper__name"] or _("without a keeper"), row["count"], _trouble(row["keeper"], reached))
            for row in rows
        ]
        lines.sort(key=lambda line: not line[2])  # those with trouble stand first
        rest = len(lines) - MOST_KEEPERS
        more = format_html("<p>{}</p>", _("And %(count)s more.") % {"count": rest}) if rest > 0 else ""
        listed = format_html_join("", "<li>{}: {}{}</li>", lines[:MOST_KEEPERS])
        return format_html("<ul>{}</ul>{}", listed, more)

    @admin.display(description=_("map"))
    def shape(self, register: Any) -> str:
        name, address = str(_("Map of the register, as of today")), "admin:routing_register_shapes"
        url = reverse(address, args=[register.pk])
        return GeoMap("register-map", name, register.community, url=url, boxed=True).render()


@admin.register(Asset)
class AssetAdmin(OnAMap, ReadOnly):
    """Every version of a thing, each on a map."""

    list_display = ("label", "key", "register", "keeper", "valid_from", "valid_to")
    list_filter = ("community", "register", "keeper", ("valid_to", admin.EmptyFieldListFilter))
    list_select_related = ("register", "keeper")
    search_fields = ("key", "name", "number", "search")
    show_full_result_count = False
    exclude = ("geometry",)
    readonly_fields = ("shape", "history", "is_shown", "changed_at")

    @admin.display(description=_("map"))
    def shape(self, asset: Asset) -> str:
        found = simplified("routing_asset", "geometry", [asset.pk]).get(asset.pk)
        shapes = collection([_as_feature(asset, found)])
        return GeoMap("asset-map", str(_("Map of the thing")), asset.community, shapes).render()

    @admin.display(description=_("versions"))
    def history(self, asset: Asset) -> str:
        rows = Asset.objects.filter(register=asset.register_id, key=asset.key).select_related("keeper")
        lines = [
            (
                reverse("admin:routing_asset_change", args=[row.pk]),
                date_format(row.valid_from, "j E Y"),
                date_format(row.valid_to, "j E Y") if row.valid_to else "…",
                row.keeper or _("without a keeper"),
            )
            for row in rows.order_by("-valid_from")
        ]
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{} – {}</a>: {}</li>', lines))


def _link_to_things(register: Register, count: int) -> str:
    address = f"{reverse('admin:routing_asset_changelist')}?register__id__exact={register.pk}"
    return format_html('<a href="{}">{}</a>', address, count)


def _as_feature(asset: Asset, shape: Any) -> dict[str, Any]:
    about = str(asset.keeper or _("without a keeper"))
    look = "area" if asset.keeper_id else "nobody"
    address = reverse("admin:routing_asset_change", args=[asset.pk])
    return feature(shape, look=look, label=asset.label, about=about, url=address)


def _trouble(keeper: int | None, reached: set[int]) -> str:
    if keeper is None or keeper in reached:
        return ""
    return str(_(" – has no channel here: no letter reaches it"))


def _page_of(job: Job) -> str:
    return reverse("admin:routing_register_change", args=[job.parameters["register"]])


show_jobs(ON_MAP, name=_("A register on the map"), page=_page_of)
