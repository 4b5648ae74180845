"""The administration site and its rule: staff of a community see their community's rows, operators see everything."""

from functools import cache, wraps
from typing import Any, ClassVar

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.gis.db.models.fields import GeometryField
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from accounts.models import Membership, User
from accounts.permissions import communities_of_staff

FILTERS_BY = frozenset({"exact", "gte", "isempty", "isnull", "lt"})  # the lookups of Django's own filters
DATES = ("year", "month", "day")
REACH = 3  # relations that a list follows to its columns
NUL = "\0"  # PostgreSQL keeps no text with it


class GuardedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An address chooses rows only as the page's own filters do: what a page leaves out cannot be guessed by asking."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """True for the filters beside the list and for its dates; Django would let any column of the model be asked."""
        path, _sep, how = lookup.rpartition("__")
        filtered = self._filtered_paths(request)
        known = lookup in filtered or (path in filtered and how in FILTERS_BY)
        if self.date_hierarchy and path == self.date_hierarchy:
            known = known or how in DATES
        return known and NUL not in value and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def _filtered_paths(self, request: HttpRequest | None) -> set[str]:
        """Paths to the fields of the filters; a relation is asked by the key of its row too."""
        paths: set[str] = set()
        for entry in self.list_filter if request is None else self.get_list_filter(request):
            path: Any = entry[0] if isinstance(entry, (list, tuple)) else getattr(entry, "parameter_name", entry)
            paths.add(path)
            field: Any = None if isinstance(entry, type) else get_fields_from_path(self.model, path)[-1]
            if field is not None and field.is_relation:
                paths.add(f"{path}__{field.target_field.name}")
        return paths

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without shapes: a city's boundary has thousands of points, and every row of a list would bring it along."""
        return without_shapes(super().get_queryset(request))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Filters by a relation offer only what stands in the rows that this person sees."""
        return [(path, SeenOnly) if self._is_relation(path) else path for path in super().get_list_filter(request)]

    def _is_relation(self, path: Any) -> bool:
        return isinstance(path, str) and bool(get_fields_from_path(self.model, path)[-1].is_relation)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """An address may fill in a new row, but draws no shapes: the map would read whatever stands there."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        shapes = {field.name for field in self.opts.get_fields() if isinstance(field, GeometryField)}
        return {name: value for name, value in given.items() if name not in shapes}

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Address of the row's own page, for rows that have one."""
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if NUL in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Raises BadRequest when rows are chosen by words that are no keys."""
        try:
            for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
                self.opts.pk.to_python(key)
        except ValidationError as error:
            raise BadRequest("A row is chosen by its key.") from error
        return super().changelist_view(request, extra_context)


class CityAdmin(admin.AdminSite):
    """The pages under /admin/. They span communities, so scopes are off there and ScopedAdmin narrows every query."""

    site_header = _("Open City: administration")
    site_title = _("Open City")
    index_title = _("Administration")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Pages that are not guarded by themselves, such as Django's own, are guarded here."""
        pages = admin_class or admin.ModelAdmin
        if not issubclass(pages, GuardedAdmin):
            pages = type(pages.__name__, (GuardedAdmin, pages), {"__module__": pages.__module__})
        super().register(model_or_iterable, pages, **options)

    def get_urls(self) -> list[Any]:
        """Without Django's redirect to a row's own page, which breaks on a strange key: links lead there themselves."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with scopes_disabled():
                response: HttpResponse = guarded(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                    response.render()
            return response

        return inner


class SeenOnly(admin.RelatedOnlyFieldListFilter):
    """What stands in the rows that this person sees, its shapes left where they are."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        seen = model_admin.get_queryset(request).order_by().values(f"{self.field_path}__pk")
        rows = without_shapes(field.related_model._default_manager.filter(pk__in=seen))
        ordering = self.field_admin_ordering(field, request, model_admin)
        return [(row.pk, str(row)) for row in (rows.order_by(*ordering) if ordering else rows)]


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row whose constraints are checked in full, the fields that cannot be changed any more included."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded = set(super()._get_validation_exclusions())  # type: ignore[misc]  # Django's own, untyped
        return excluded if self.instance._state.adding else excluded & self.fields.keys()


class ScopedAdmin(GuardedAdmin):
    """Rows of the communities in which the signed-in person has one of `roles`; anything else does not exist.

    A row stays in its community for good.
    """

    form: "type[forms.ModelForm[Any]]" = RowForm
    roles: tuple[str, ...] = (Membership.Role.ADMINISTRATOR,)
    community_path = "community"  # leads from the model to its community's id

    def mine(self, request: HttpRequest) -> frozenset[int] | None:
        """Ids of the communities this person works for here; None: all of them (an operator)."""
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            return frozenset()
        return None if user.is_superuser else _staff_of(request, user, self.roles)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        mine = self.mine(request)
        return rows if mine is None else rows.filter(**{f"{self.community_path}__in": mine})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = [*super().get_readonly_fields(request, obj)]
        if obj is not None and _has_community(self.model) and "community" not in fixed:
            fixed.append("community")
        return fixed

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offers rows of the person's communities only, and says whose they are to who works in several."""
        mine, related = self.mine(request), db_field.related_model
        if _has_community(related):
            rows = without_shapes(related._default_manager.select_related("community"))
            kwargs["queryset"] = rows if mine is None else rows.filter(community__in=mine)
        elif related._meta.label == "geodata.Community":
            rows = without_shapes(related._default_manager.all())
            kwargs["queryset"] = rows if mine is None else rows.filter(pk__in=mine)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and _has_community(related) and (mine is None or len(mine) > 1):
            field.label_from_instance = _with_community  # type: ignore[assignment, method-assign]
        return field

    def _works_here(self, request: HttpRequest, row: Model | None) -> bool:
        mine = self.mine(request)
        if mine is None:
            return True
        return bool(mine) if row is None else self.get_queryset(request).filter(pk=row.pk).exists()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._works_here(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._works_here(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._works_here(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._works_here(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._works_here(request, obj)


def _staff_of(request: HttpRequest, user: User, roles: tuple[str, ...]) -> frozenset[int]:
    """`communities_of_staff`, asked once in a request: every page asks it of every model for its menu."""
    known: dict[tuple[str, ...], frozenset[int]] = request.__dict__.setdefault("staff_of", {})
    if roles not in known:
        known[roles] = communities_of_staff(user, roles=roles)
    return known[roles]


def without_shapes(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows; lines and polygons, their own and those of rows that come with them, are read when asked for."""
    return rows.defer(*_shapes_of(rows.model._meta.label))


@cache
def _shapes_of(label: str, *above: str) -> tuple[str, ...]:
    """Paths from the model of that label to columns with lines or polygons, over at most REACH relations. Points are
    small."""
    paths: list[str] = []
    for field in apps.get_model(label)._meta.concrete_fields:
        related: Any = field.related_model
        if isinstance(field, GeometryField) and field.geom_type != "POINT":
            paths.append(field.name)
        elif related and related._meta.label not in (label, *above) and len(above) < REACH:
            paths += [f"{field.name}__{path}" for path in _shapes_of(related._meta.label, label, *above)]
    return tuple(paths)


def _has_community(model: Any) -> bool:
    return any(field.name == "community" for field in model._meta.fields)


def _with_community(row: Any) -> str:
    return f"{row} · {row.community}"


class OnlyWhatTheFormShows:
    """Saving a row leaves alone what the form does not let people change: the program may be writing it right now."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        columns = {field.name for field in obj._meta.concrete_fields}
        given = {name for name, field in form.fields.items() if not field.disabled}
        obj.save(update_fields=columns & given if change else None)


class ReadOnly(ScopedAdmin):
    """Rows that only the service writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AboutAReport:
    """Rows that belong to a report: people know it by its number and title, and look for it by them."""

    list_select_related: ClassVar[Any] = ("subject__issue", "community")
    search_fields: ClassVar[Any] = ("subject__issue__number", "subject__issue__title")

    @admin.display(description=_("report"))
    def report(self, row: Any) -> str:
        issue = getattr(row.subject, "issue", None)
        if issue is None:
            return "—"
        address = reverse("admin:issues_issue_change", args=[issue.pk])
        return format_html('<a href="{}">№ {} {}</a>', address, issue.number, issue.title)


def say_how_many(page: GuardedAdmin, request: HttpRequest, count: int, words: Any) -> None:
    """After an action: how many rows it changed (`words` with %(count)s), or that there was nothing to change."""
    if count:
        page.message_user(request, str(words) % {"count": count}, messages.SUCCESS)
    else:
        page.message_user(request, _("Nothing was changed."), messages.WARNING)
