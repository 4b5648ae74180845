"""Categories with their questions, registers on the map, and who answers in a community, for programs."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_shapes import organisation_told
from accounts.models import Organisation
from api.filters import PlainFilters
from api.pages import ByCode, ByKey, FeaturesByKey, whole, word
from api.views import ApiView
from geodata.api_filters import BoxFilter
from geodata.boxes import Box
from geodata.community import community_of
from geodata.layers import shape_of
from geodata.words import words_query
from routing.api_shapes import AnsweringSerializer, AssetSerializer, CategorySerializer, RegisterSerializer
from routing.models import Asset, Category, CommunityRouting, Question, Register, Rule
from routing.models.on_the_map import WORDS


class InOrder(ByKey):
    keys = {"position": whole, "id": whole}
    newest_first = False


class CategoryList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/categories/: what a report may be about, in the order of the form."""

    model = Category
    serializer_class = CategorySerializer
    pagination_class = InOrder

    @extend_schema(operation_id="categories_list", summary=_("Categories with their questions"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Category]:
        questions = Prefetch("questions", Question.objects.select_related("register").order_by("position", "id"))
        rows = Category.objects.filter(community=community_of(self.request._request), is_active=True)
        return rows.select_related("register", "danger").prefetch_related(questions)


class RegisterList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/registers/: those that everybody sees on the map."""

    model = Register
    serializer_class = RegisterSerializer
    pagination_class = ByCode

    @extend_schema(operation_id="registers_list", summary=_("Registers on the map"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Register]:
        return Register.objects.filter(community=community_of(self.request._request), is_on_map=True)


class AssetPages(FeaturesByKey):
    keys = {"id": whole}
    newest_first = False


class AssetFilters(PlainFilters):
    bbox = BoxFilter(method="inside", help_text=_("Within this box or touching it: west,south,east,north."))
    key = django_filters.CharFilter(field_name="key", max_length=100, help_text=_("Key in the register."))
    q = django_filters.CharFilter(method="with_words", max_length=100, help_text=_("Words of the name, in any form."))

    def inside(self, rows: QuerySet[Asset], name: str, box: Box) -> QuerySet[Asset]:
        return rows.filter(geometry__bboverlaps=shape_of(box))

    def with_words(self, rows: QuerySet[Asset], name: str, text: str) -> QuerySet[Asset]:
        return rows.annotate(words=WORDS).filter(words=words_query(text))


class AssetList(ListModelMixin, ApiView):
    """GET /api/v1/<community>/registers/<code>/assets/: things of a register, as the map shows them today."""

    model = Asset
    serializer_class = AssetSerializer
    pagination_class = AssetPages
    filter_backends = (DjangoFilterBackend,)
    filterset_class = AssetFilters

    @extend_schema(operation_id="assets_list", summary=_("Things of a register, as GeoJSON"))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def rows(self) -> QuerySet[Asset]:
        shown = Register.objects.filter(community=community_of(self.request._request), is_on_map=True)
        register = get_object_or_404(shown, code=self.kwargs["code"])
        rows = Asset.objects.filter(register=register, map_group__isnull=False)
        return rows.select_related("keeper").defer("attributes")

    def page_of(self, asset: Asset) -> str:
        """Path of the page of a thing."""
        return reverse("asset", args=[community_of(self.request._request).slug, self.kwargs["code"], asset.pk])


class ByName(ByKey):
    keys = {"name": word, "id": whole}
    newest_first = False


class OrganisationList(ApiView):
    """GET /api/v1/<community>/organisations/: whom the rules in force name, and the duty queue."""

    model = Organisation
    pagination_class = ByName

    @extend_schema(
        operation_id="organisations_list",
        summary=_("Organisations that answer in the community"),
        responses=AnsweringSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        community, at = community_of(request._request), timezone.now()
        rules = Rule.objects.filter(
            Q(ruleset__in_force_to=None) | Q(ruleset__in_force_to__gt=at),
            community=community,
            ruleset__in_force_from__lte=at,
        )
        fallback = CommunityRouting.objects.filter(community=community).values_list("fallback", flat=True).first()
        named = Exists(rules.filter(organisation=OuterRef("pk")))
        page = self.paginate_queryset(Organisation.objects.filter(named | Q(pk=fallback))) or []
        kinds = _kinds(rules.filter(organisation__in=page).values_list("organisation", "category__code"))
        return self.get_paginated_response([_told(one, kinds.get(one.pk, set()), fallback) for one in page])


def _kinds(rows: Iterable[tuple[int, str | None]]) -> dict[int, set[str]]:
    """Organisation → codes of its categories, "" for any."""
    found: dict[int, set[str]] = {}
    for organisation, code in rows:
        found.setdefault(organisation, set()).add(code or "")
    return found


def _told(organisation: Organisation, kinds: set[str], fallback: int | None) -> dict[str, Any]:
    """As AnsweringSerializer says."""
    return {
        **(organisation_told(organisation) or {}),
        "is_fallback": organisation.pk == fallback,
        "categories": sorted(kinds - {""}),
        "answers_any": "" in kinds,
    }
